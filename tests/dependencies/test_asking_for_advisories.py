"""Whatever the source of advisories does: nothing vulnerable is called clean, nothing unanswered either."""

from __future__ import annotations

import json
import zipfile

import pytest

from dependencies.osv_service import FAULTS, Osv, record, serving
from manyeyes import settings as operator
from manyeyes.desk import Desk
from manyeyes.errors import BadCall

pytestmark = pytest.mark.anyio

VULNERABLE = {f"weak{number}": f"GHSA-{number}" for number in range(12)}
RECORDS = {name: record(name, "PyPI", package, fixed="2.0") for package, name in VULNERABLE.items()}
IDS = {("PyPI", package, "1.0"): (name,) for package, name in VULNERABLE.items()}


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    sound = [f"sound{number}==1.0" for number in range(40)]
    (root / "requirements.txt").write_text("\n".join([*(f"{name}==1.0" for name in VULNERABLE), *sound]) + "\n")
    return root


async def scan(root, osv_url="", calls=1, **environ):
    environ = {
        "HOME": str(root.parent),
        "MANYEYES_ROOTS": str(root),
        "MANYEYES_STATE_URL": "sqlite://",
        "MANYEYES_OSV_URL": osv_url or "http://127.0.0.1:9",
        "MANYEYES_OSV_TIMEOUT_S": "0.2",
        "MANYEYES_RETRY_BACKOFF_S": "0.01",
        **environ,
    }
    async with Desk.open(operator.load(environ, cwd=root), environ) as desk:
        for _ in range(calls):
            try:
                result = await desk.call("security_scan", {"paths": ["."], "scan_type": "sca"})
            except BadCall as error:  # raised through the desk's task group it would be wrapped
                result = error
    if isinstance(result, BadCall):
        raise result
    return result


def status_of(result):
    return {one.purl.partition("/")[2].partition("@")[0]: one.status for one in result.packages}


async def test_a_service_that_answers(project):
    with serving(Osv(IDS, RECORDS)) as osv:
        result = await scan(project, osv.url)
    assert result.checked == {"vulnerable": 12, "clean": 40, "unchecked": 0}
    assert len(result.findings) == 12
    first = result.findings[0]
    assert (first.severity, first.path, first.quote) == (
        "critical",
        "requirements.txt",
        f"weak{first.start_line - 1}==1.0",
    )
    assert "2.0" in first.suggestion.explanation
    assert osv.most_at_once <= 6


@pytest.mark.parametrize("only", ["/v1/querybatch", "/v1/vulns"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_at_every_place(project, fault, only):
    with serving(Osv(IDS, RECORDS, fault=fault, only=only, slow_s=0.4)) as osv:
        result = await scan(project, osv.url, MANYEYES_OSV_PATIENCE_S="1")
    status = status_of(result)
    assert not [name for name in VULNERABLE if status[name] == "clean"]
    if only == "/v1/querybatch":
        assert result.checked == {"vulnerable": 0, "clean": 0, "unchecked": 52}
        assert "None of the 52" in result.summary
        assert any("Not checked" in problem for problem in result.problems)
    elif fault in {"fewer", "null"}:
        assert result.checked["clean"] == 40
    else:
        assert {status[name] for name in VULNERABLE} == {"vulnerable"}, "what the service named is known"
        assert any("did not answer" in problem for problem in result.problems)


async def test_faults_now_and_then(project):
    for fault in ("500", "429", "cut"):
        with serving(Osv(IDS, RECORDS, fault=fault, share=0.3)) as osv:
            status = status_of(await scan(project, osv.url))
        assert not [name for name in VULNERABLE if status[name] == "clean"], fault


async def test_nobody_there(project):
    result = await scan(project)
    assert result.checked == {"vulnerable": 0, "clean": 0, "unchecked": 52}
    assert result.status == "evidence_only"
    assert result.problems


async def test_answers_on_several_pages(project):
    ids = {("PyPI", "weak0", "1.0"): tuple(f"GHSA-p{number}" for number in range(7))}
    records = {
        f"GHSA-p{number}": record(f"GHSA-p{number}", "PyPI", "weak0", fixed=f"1.{number + 1}") for number in range(7)
    }
    with serving(Osv(ids, records, page=2)) as osv:
        result = await scan(project, osv.url)
    assert len(result.findings) == 7
    assert all(
        "1.7 mends all" in one.suggestion.explanation
        for one in result.findings
        if "to weak0 1.7" not in one.suggestion.explanation
    )


async def test_one_odd_name_spoils_only_itself(project):
    with serving(Osv(IDS, RECORDS, refuse="sound7")) as osv:
        result = await scan(project, osv.url)
    assert result.checked == {"vulnerable": 12, "clean": 39, "unchecked": 1}
    assert status_of(result)["sound7"] == "unchecked"


async def test_the_same_is_not_asked_twice(project):
    with serving(Osv(IDS, RECORDS)) as osv:
        result = await scan(project, osv.url, calls=2)
        assert len(osv.requests) == 1 + 12
    assert result.checked["vulnerable"] == 12
    with serving(Osv(IDS, RECORDS)) as osv:
        await scan(project, osv.url, calls=2, MANYEYES_OSV_KEEP_S="0")
        assert osv.requests.count("/v1/querybatch") == 2


async def test_what_was_not_whole_is_not_kept(project):
    with serving(Osv(IDS, RECORDS, fault="500")) as osv:
        environ = {"HOME": str(project.parent), "MANYEYES_ROOTS": str(project), "MANYEYES_STATE_URL": "sqlite://",
                   "MANYEYES_OSV_URL": osv.url, "MANYEYES_RETRY_BACKOFF_S": "0.01"}  # fmt: skip
        async with Desk.open(operator.load(environ, cwd=project), environ) as desk:
            failed = await desk.call("security_scan", {"paths": ["."], "scan_type": "sca"})
            osv.fault = ""
            after = await desk.call("security_scan", {"paths": ["."], "scan_type": "sca"})
    assert failed.checked["unchecked"] == 52
    assert after.checked == {"vulnerable": 12, "clean": 40, "unchecked": 0}


async def test_local_only_asks_nobody(project):
    with serving(Osv(IDS, RECORDS)) as osv:
        local = await scan(project, osv.url, MANYEYES_PRIVACY="local-only")
        assert osv.requests, "this machine itself may be asked"
    assert local.checked["vulnerable"] == 12
    result = await scan(project, "https://osv.example", MANYEYES_PRIVACY="local-only")
    assert result.checked["unchecked"] == 52
    assert "local-only" in result.packages[0].why


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
async def test_on_the_way_to_loopback_there_is_no_proxy(project, monkeypatch, name):
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving(Osv(IDS, RECORDS)) as osv:
        result = await scan(project, osv.url)
    assert result.checked == {"vulnerable": 12, "clean": 40, "unchecked": 0}


async def test_what_no_public_registry_has_is_not_told_to_anybody(project):
    (project / "requirements.txt").write_text("secretpkg @ git+https://git.example/secretpkg.git\n./lib\nweak0==1.0\n")
    with serving(Osv(IDS, RECORDS)) as osv:
        seen = []
        osv.batch = lambda body, ask=osv.batch: (seen.append(json.dumps(body)), ask(body))[1]
        result = await scan(project, osv.url)
    assert "secretpkg" not in "".join(seen)
    assert status_of(result)["secretpkg"] == "unchecked"
    assert result.checked == {"vulnerable": 1, "clean": 0, "unchecked": 2}


async def test_an_open_version_is_never_clean(project):
    (project / "requirements.txt").write_text("weak0>=1\nevil\n")
    ids = {**IDS, ("PyPI", "evil", "9.9"): ("MAL-2026-1",)}
    records = {**RECORDS, "MAL-2026-1": record("MAL-2026-1", "PyPI", "evil")}
    with serving(Osv(ids, records)) as osv:
        result = await scan(project, osv.url)
    assert status_of(result) == {"weak0": "unchecked", "evil": "vulnerable"}
    evil = next(one for one in result.findings if one.category == "malicious-package")
    assert evil.severity == "critical"
    assert "Remove evil" in evil.suggestion.explanation


async def test_withdrawn_and_aliases(project):
    records = {
        "GHSA-0": {**RECORDS["GHSA-0"], "aliases": ["CVE-2026-1"]},
        "PYSEC-0": {**record("PYSEC-0", "PyPI", "weak0", fixed="2.0"), "aliases": ["CVE-2026-1"], "severity": []},
        "GHSA-1": {**RECORDS["GHSA-1"], "withdrawn": "2026-02-02T00:00:00Z"},
    }
    ids = {("PyPI", "weak0", "1.0"): ("GHSA-0", "PYSEC-0"), ("PyPI", "weak1", "1.0"): ("GHSA-1",)}
    with serving(Osv(ids, records)) as osv:
        result = await scan(project, osv.url)
    assert len(result.findings) == 1
    assert "(CVE-2026-1)" in result.findings[0].title
    assert status_of(result)["weak1"] == "clean"


def database(path, records):
    path.mkdir()
    for name, told in records.items():
        (path / f"{name}.json").write_text(json.dumps(told))
    return path


async def test_a_copy_of_the_database(project, tmp_path):
    folder = database(tmp_path / "db", RECORDS)
    result = await scan(project, "https://osv.example", MANYEYES_OSV_DB=str(folder))
    assert result.checked == {"vulnerable": 12, "clean": 40, "unchecked": 0}
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, told in RECORDS.items():
            archive.writestr(f"{name}.json", json.dumps(told))
    result = await scan(project, MANYEYES_OSV_DB=str(packed))
    assert result.checked == {"vulnerable": 12, "clean": 40, "unchecked": 0}


async def test_a_copy_of_another_ecosystem_says_nothing(project, tmp_path):
    folder = database(tmp_path / "db", {"GHSA-n": record("GHSA-n", "npm", "left-pad")})
    result = await scan(project, MANYEYES_OSV_DB=str(folder))
    assert result.checked == {"vulnerable": 0, "clean": 0, "unchecked": 52}


async def test_a_copy_with_a_broken_record_calls_nothing_clean(project, tmp_path):
    folder = database(tmp_path / "db", RECORDS)
    (folder / "GHSA-3.json").write_text("{")
    result = await scan(project, MANYEYES_OSV_DB=str(folder))
    assert result.checked == {"vulnerable": 11, "clean": 0, "unchecked": 41}
    assert any("could not be read" in problem for problem in result.problems)


async def test_a_zip_bomb_for_a_database(project, tmp_path):
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("GHSA-0.json", json.dumps(RECORDS["GHSA-0"]))
        archive.writestr("bomb.json", b" " * 30_000_000)
    result = await scan(project, MANYEYES_OSV_DB=str(packed))
    assert result.checked == {"vulnerable": 1, "clean": 0, "unchecked": 51}
    assert any("larger than" in problem for problem in result.problems)


async def test_links_in_circles_below_the_database(project, tmp_path):
    folder = database(tmp_path / "db", RECORDS)
    (folder / "again").symlink_to(folder)
    result = await scan(project, MANYEYES_OSV_DB=str(folder))
    assert result.checked["vulnerable"] == 12


async def test_no_database_at_all(project, tmp_path):
    with pytest.raises(BadCall, match="cannot be read"):
        await scan(project, MANYEYES_OSV_DB=str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadCall, match="no record of OSV"):
        await scan(project, MANYEYES_OSV_DB=str(tmp_path / "empty"))


async def test_names_that_the_service_tells_apart_by_case(project, tmp_path):
    """NuGet does not tell them apart, the service does: an empty answer proves nothing."""
    (project / "requirements.txt").unlink()
    reference = '<PackageReference Include="{}" Version="1.0.0" />'
    names = ("Moment.js", "snowflake.data")
    (project / "a.csproj").write_text(f"<Project>{''.join(map(reference.format, names))}</Project>")
    told = {"GHSA-s": record("GHSA-s", "NuGet", "Snowflake.Data"), "GHSA-m": record("GHSA-m", "NuGet", "Moment.js")}
    ids = {("NuGet", "Snowflake.Data", "1.0.0"): ("GHSA-s",), ("NuGet", "Moment.js", "1.0.0"): ("GHSA-m",)}
    with serving(Osv(ids, told)) as osv:
        asked = await scan(project, osv.url)
    assert asked.checked == {"vulnerable": 1, "clean": 0, "unchecked": 1}
    found = await scan(project, MANYEYES_OSV_DB=str(database(tmp_path / "db", told)))
    assert found.checked == {"vulnerable": 2, "clean": 0, "unchecked": 0}
