// Reads each pom.xml named on standard input with Maven's own model builder; one line of tab-separated fields a dependency.
//
// Parents and imported projects are taken from the files named, as Maven does in a project of several modules; what
// would have to be fetched stands in as an empty project.
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.maven.model.Dependency;
import org.apache.maven.model.Model;
import org.apache.maven.model.Parent;
import org.apache.maven.model.Profile;
import org.apache.maven.model.Repository;
import org.apache.maven.model.building.DefaultModelBuilder;
import org.apache.maven.model.building.DefaultModelBuilderFactory;
import org.apache.maven.model.building.DefaultModelBuildingRequest;
import org.apache.maven.model.building.FileModelSource;
import org.apache.maven.model.building.ModelBuildingRequest;
import org.apache.maven.model.building.ModelProblemCollector;
import org.apache.maven.model.building.ModelSource2;
import org.apache.maven.model.io.xpp3.MavenXpp3Reader;
import org.apache.maven.model.resolution.ModelResolver;
import org.apache.maven.model.validation.ModelValidator;

public class Effective {
    static class Empty implements ModelSource2 {
        private final String text;

        Empty(String group, String artifact, String version) {
            text = "<project><modelVersion>4.0.0</modelVersion><groupId>" + group + "</groupId><artifactId>" + artifact
                + "</artifactId><version>" + version + "</version><packaging>pom</packaging></project>";
        }

        public InputStream getInputStream() {
            return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
        }

        public String getLocation() {
            return "nowhere";
        }

        public ModelSource2 getRelatedSource(String path) {
            return null;
        }

        public java.net.URI getLocationURI() {
            return null;
        }
    }

    static class Beside implements ModelResolver {
        private final Map<String, List<String>> known;
        private final String asking;

        Beside(Map<String, List<String>> known, String asking) {
            this.known = known;
            this.asking = asking;
        }

        /** The file of those coordinates that lies nearest, within the same project; an empty project otherwise. */
        public ModelSource2 resolveModel(String group, String artifact, String version) {
            String best = null;
            int most = project(asking).length();
            for (String path : known.getOrDefault(group + ":" + artifact, List.of())) {
                int shared = 0;
                while (shared < Math.min(path.length(), asking.length()) && path.charAt(shared) == asking.charAt(shared)) {
                    shared++;
                }
                if (shared >= most) {
                    most = shared;
                    best = path;
                }
            }
            return best == null ? new Empty(group, artifact, version) : new FileModelSource(new File(best));
        }

        /** The topmost folder, from the asking file up, that holds a pom.xml all the way. */
        private static String project(String path) {
            File folder = new File(path).getParentFile();
            while (new File(folder.getParentFile(), "pom.xml").isFile()) {
                folder = folder.getParentFile();
            }
            return folder.getPath() + "/";
        }

        public ModelSource2 resolveModel(Parent parent) {
            return resolveModel(parent.getGroupId(), parent.getArtifactId(), parent.getVersion());
        }

        public ModelSource2 resolveModel(Dependency one) {
            return resolveModel(one.getGroupId(), one.getArtifactId(), one.getVersion());
        }

        public void addRepository(Repository repository) {}

        public void addRepository(Repository repository, boolean replace) {}

        public ModelResolver newCopy() {
            return this;
        }
    }

    static class Anything implements ModelValidator {
        public void validateRawModel(Model model, ModelBuildingRequest request, ModelProblemCollector problems) {}

        public void validateEffectiveModel(Model model, ModelBuildingRequest request, ModelProblemCollector problems) {}
    }

    /** The project as it is built with some of its profiles; what is active by default is so when none is named. */
    private static Model effective(String path, List<String> active, Map<String, List<String>> known) throws Exception {
        DefaultModelBuildingRequest request = new DefaultModelBuildingRequest();
        request.setPomFile(new File(path));
        request.setModelResolver(new Beside(known, path));
        request.setValidationLevel(ModelBuildingRequest.VALIDATION_LEVEL_MINIMAL);
        request.setSystemProperties(System.getProperties());
        request.setActiveProfileIds(active);
        DefaultModelBuilder builder = new DefaultModelBuilderFactory().newInstance();
        builder.setModelValidator(new Anything());
        return builder.build(request).getEffectiveModel();
    }

    public static void main(String[] arguments) throws Exception {
        List<String> paths = new ArrayList<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            lines.lines().forEach(paths::add);
        }
        Map<String, List<String>> known = new HashMap<>();
        for (String path : paths) {
            try (InputStream raw = new FileInputStream(path)) {
                Model model = new MavenXpp3Reader().read(raw, false);
                String group = model.getGroupId();
                if (group == null && model.getParent() != null) {
                    group = model.getParent().getGroupId();
                }
                known.computeIfAbsent(group + ":" + model.getArtifactId(), key -> new ArrayList<>()).add(path);
            } catch (Exception error) {
                continue; // told below
            }
        }
        StringBuilder out = new StringBuilder();
        for (String path : paths) {
            try {
                List<String> profiles = new ArrayList<>();
                try (InputStream raw = new FileInputStream(path)) {
                    for (Profile profile : new MavenXpp3Reader().read(raw, false).getProfiles()) {
                        profiles.add(profile.getId());
                    }
                }
                List<List<String>> choices = new ArrayList<>(List.of(List.of()));
                profiles.forEach(one -> choices.add(List.of(one)));
                Set<String> said = new LinkedHashSet<>();
                for (List<String> active : choices) {
                    for (Dependency one : effective(path, active, known).getDependencies()) {
                        String version = one.getVersion() == null ? "" : one.getVersion();
                        said.add(path + "\t" + one.getGroupId() + ":" + one.getArtifactId() + "\t" + version + "\n");
                    }
                }
                out.append(path).append("\tok\n");
                said.forEach(out::append);
            } catch (Exception error) {
                String why = String.valueOf(error.getMessage()).replaceAll("\\s+", " ");
                out.append(path).append("\trefused\t").append(why, 0, Math.min(150, why.length())).append('\n');
            }
        }
        System.out.print(out);
    }
}
