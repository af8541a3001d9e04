# Reads each Gemfile.lock named on standard input with Bundler's own parser; one JSON object a line.
require "json"
require "tmpdir"
require "bundler"

paths = $stdin.read.split("\n")
Dir.mktmpdir do |empty|
  File.write(File.join(empty, "Gemfile"), "")
  ENV["BUNDLE_GEMFILE"] = File.join(empty, "Gemfile")
  Dir.chdir(empty)
  paths.each do |path|
    said = { "path" => path }
    begin
      parsed = Bundler::LockfileParser.new(File.read(path, encoding: "bom|utf-8").gsub("\r\n", "\n"))
      said["packages"] = parsed.specs.map { |one| [one.name, one.version.to_s] }
      named = parsed.dependencies.respond_to?(:keys) ? parsed.dependencies.keys : parsed.dependencies.map(&:name)
      said["direct"] = named
    rescue StandardError, SystemExit, Bundler::BundlerError => error
      said["refused"] = error.class.name + ": " + error.message.to_s[0, 100]
    end
    puts JSON.generate(said)
  end
end
