"""How much of an application's own OpenAPI description is found without importing it?

    python bench/openapi.py FOLDER [--fetch] [--only NAME] [--misses N] [--json]

The baseline is the truth: each application is imported in a process of its own and asked for its `openapi()`, a Flask
application for its URL map.  The tool only reads the files.  FOLDER holds each application with what it needs, in a
folder of its own; `--fetch` fills it with pip.  All applications are other people's, taken from published packages.

What an application only serves when it is configured so is switched on: metrics in prefect, sign-in and webhooks in
tiled, the developers' pages and triggers in google-adk, its own description in httpbin.  What extensions of Flask add
by themselves, such as pages of documentation, is not compared.  Left out of the material are files that hold an
application of their own, beside the one compared: prefect's runner, workers, task worker and command line, titiler's
xarray, bepasty's tests.
The truth of a Django project is drf-spectacular's for the views of Django REST framework, and for all others the paths
of the URL resolver, since what methods a plain view answers is not declared.  It does not know of query parameters
that a view reads from the request by hand, which the tool tells.  Fields that only answers have are not compared.

The seconds are processor time for parsing the files and describing the routes.

Compared are: routes (path and method); parameters (route, place, name, whether required); bodies (route, media type,
and each field of the body with whether it is required).  Every document is validated.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manyeyes_tools.documents.openapi import describe, faults, read
from manyeyes_tools.documents.python_symbols import read_module

if TYPE_CHECKING:
    from manyeyes_tools.documents.symbols import Module

Facts = tuple[set[Any], set[Any], set[Any]]
"""Routes, parameters, bodies."""

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PATIENCE = 900.0
"""Seconds that reading routes may take: a busy machine is not to look like a tool that misses them."""
KINDS = ("routes", "parameters", "bodies")


@dataclass(frozen=True, slots=True)
class Application:
    """One application.

    Attributes:
        name: What it is called here; its folder.
        install: What pip is asked for.
        reads: The folders that the tool reads, within its own.
        start: `module:expression` of the application, or empty for many small ones.
        leaves: Files under these are other applications, and left out.
        settings: Environment that its import needs, or that turns on what is off.
        source: Whether the source distribution is wanted rather than the package.
        configures: For Django: the settings module.
        beside: What pip is asked for beside a source distribution, for its examples to be imported.
    """

    name: str
    install: tuple[str, ...]
    reads: tuple[str, ...]
    start: str
    leaves: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    source: bool = False
    configures: str = ""
    beside: tuple[str, ...] = ()


APPLICATIONS = (
    Application("fastapi-docs", ("fastapi",), ("docs_src",), "", source=True),
    Application("argilla-server", ("argilla-server",), ("argilla_server",), "argilla_server._app:app"),
    Application(
        "prefect",
        ("prefect", "fastapi<0.130"),
        ("prefect",),
        "prefect.server.api.server:create_app()",
        leaves=("prefect/runner/", "prefect/cli/", "prefect/workers/", "prefect/task_worker.py"),
        settings={"PREFECT_SERVER_METRICS_ENABLED": "true"},
    ),
    Application(
        "titiler",
        ("titiler-application",),
        ("titiler", "geojson_pydantic", "rio_tiler", "cogeo_mosaic"),
        "titiler.application.main:app",
        leaves=("titiler/xarray/main.py",),
    ),
    Application(
        "tiled",
        ("tiled[server]",),
        ("tiled",),
        "tiled.server.app:build_app(__import__('types').SimpleNamespace(context=None), "
        "authentication=__import__('tiled.config').config.Authentication(providers=[{'provider': 'local', "
        "'authenticator': 'tiled.authenticators:DictionaryAuthenticator', "
        "'args': {'users_to_passwords': {'a': 'b'}}}]), "
        "server_settings={'webhooks': __import__('tiled.config').config.WebhooksConfig()})",
    ),
    Application(
        "google-adk",
        ("google-adk",),
        ("google/adk",),
        "google.adk.cli.fast_api:get_fast_api_app(agents_dir='.', web=True, trigger_sources=['pubsub', 'eventarc'], "
        "trigger_oidc_audience='x')",
    ),
    Application(
        "apiflask-examples",
        ("apiflask",),
        ("examples",),
        "",
        source=True,
        beside=("apiflask", "flask-sqlalchemy", "pydantic", "email-validator", "marshmallow-dataclass"),
    ),
    Application(
        "flask-openapi3-examples",
        ("flask-openapi3",),
        ("examples",),
        "",
        source=True,
        beside=("flask-openapi3", "pydantic", "orjson"),
    ),
    Application("flaskr", ("flask",), ("examples/tutorial/flaskr",), "flaskr:create_app()", source=True),
    Application("httpbin", ("httpbin[mainapp]",), ("httpbin",), "httpbin:app"),
    Application("bepasty", ("bepasty",), ("bepasty",), "bepasty.app:create_app()", leaves=("bepasty/tests/",)),
    Application("ihatemoney", ("ihatemoney",), ("ihatemoney",), "ihatemoney.run:create_app()"),
    Application(
        "ara",
        ("ara[server]", "drf-spectacular"),
        ("ara",),
        "",
        settings={"ARA_SETTINGS": "/nonexistent"},
        configures="ara.server.settings",
    ),
    Application(
        "label-studio", ("label-studio",), ("label_studio",), "", configures="label_studio.core.settings.label_studio"
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fetch", action="store_true", help="fill the folder with pip first")
    parser.add_argument("--only", help="one application")
    parser.add_argument("--misses", type=int, default=0, help="show so many of what differs")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--truth", help=argparse.SUPPRESS)
    given = parser.parse_args()
    folder = given.folder.resolve()
    if given.truth:
        tell_truth(folder, given.truth)
        return
    rows: list[dict[str, Any]] = []
    pooled: dict[str, list[int]] = {kind: [0, 0, 0] for kind in KINDS}
    for one in APPLICATIONS:
        if given.only and given.only != one.name:
            continue
        home = folder / one.name
        if given.fetch and not home.exists():
            fetch(one, home)
        if not home.exists():
            print(f"{one.name}: not in {folder}; --fetch gets it", file=sys.stderr)
            continue
        row, counts = measure(one, home, given.misses)
        rows.append(row)
        for kind in KINDS:
            pooled[kind] = [a + b for a, b in zip(pooled[kind], counts[kind], strict=True)]
    rows.append(
        {"application": "all"}
        | {kind: scores(*pooled[kind]) for kind in KINDS}
        | {"valid": all(r["valid"] for r in rows)}
    )
    if given.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{'application':16} {'files':>6} {'s':>5}  " + "  ".join(f"{kind:>26}" for kind in KINDS) + "  valid")
    print(f"{'':16} {'':6} {'':5}  " + "  ".join(f"{'n':>5} {'P':>6} {'R':>6} {'F1':>6}" for _ in KINDS))
    for row in rows:
        figures = "  ".join(
            f"{row[k]['true']:5} {row[k]['precision']:6.3f} {row[k]['recall']:6.3f} {row[k]['f1']:6.3f}" for k in KINDS
        )
        print(
            f"{row['application']:16} {row.get('files', ''):>6} {row.get('seconds', ''):>5}  {figures}  {row['valid']}"
        )


def scores(hit: int, ours: int, theirs: int) -> dict[str, float]:
    """Precision, recall and F1; 1 where there is nothing to find and nothing was found."""
    return {
        "true": theirs,
        "precision": round(hit / ours, 4) if ours else 1.0,
        "recall": round(hit / theirs, 4) if theirs else 1.0,
        "f1": round(2 * hit / (ours + theirs), 4) if ours + theirs else 1.0,
    }


def fetch(one: Application, home: Path) -> None:
    """Have pip put an application and what it needs into its folder."""
    home.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip"] if not _has_uv() else ["uv", "pip"]
    if one.beside:
        python = ["--python", sys.executable] if pip[0] == "uv" else []
        subprocess.run([*pip, "install", "-q", *python, "--target", home, *one.beside], check=True)
    if one.source:
        where = home / "download"
        subprocess.run(  # the plain pip: uv does not download
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--no-deps",
                "--no-binary",
                one.install[0],
                "-d",
                where,
                *one.install,
            ],
            check=True,
        )
        for archive in where.glob("*.tar.gz"):
            with tarfile.open(archive) as opened:
                opened.extractall(home / "unpacked", filter="data")
        for root in (home / "unpacked").iterdir():
            for item in root.iterdir():
                if not (home / item.name).exists():
                    item.rename(home / item.name)
        return
    python = ["--python", sys.executable] if pip[0] == "uv" else []
    subprocess.run([*pip, "install", "-q", *python, "--target", home, *one.install], check=True)


def _has_uv() -> bool:
    return subprocess.run(["which", "uv"], capture_output=True, check=False).returncode == 0


def measure(one: Application, home: Path, shown: int) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """Compare what was read with the truth."""
    truth = asked(one, home)
    counts: dict[str, list[int]] = {kind: [0, 0, 0] for kind in KINDS}
    spent = 0.0
    files, valid, small = 0, True, 0
    for label, specs in truth.items():
        started = time.process_time()  # of this process, whatever else the machine does
        modules = material(one, home, label)
        found = describe(modules, {}, read(modules, _PATIENCE))
        spent += time.process_time() - started
        files += len(modules)
        wrong = faults(found.document)
        valid = valid and not wrong
        if wrong and shown:
            print(f"  {label}: not valid: {wrong[0][:200]}")
        small += 1
        ours, theirs = facts([["", json.loads(found.document)]]), facts(specs)
        if specs and specs[0][0] == "flask":
            ours = (ours[0], {p for p in ours[1] if p[2] == "path"}, set())
        plain = set(specs[0][1].get("plain", ())) if specs else set()
        ours = (
            {(p, "any") if p in plain else (p, m) for p, m in ours[0]},
            {p for p in ours[1] if p[0] not in plain},
            ours[2],
        )
        theirs = (theirs[0] | {(path, "any") for path in plain}, *theirs[1:])
        for kind, mine, other in zip(KINDS, ours, theirs, strict=True):
            counts[kind] = [
                a + b for a, b in zip(counts[kind], (len(mine & other), len(mine), len(other)), strict=True)
            ]
            for word, several in (("missed", other - mine), ("extra", mine - other)):
                for item in sorted(several, key=str)[:shown]:
                    print(f"  {one.name} {label}: {word} {kind}: {item}")
    row = {
        "application": one.name,
        "documents": small,
        "files": files,
        "seconds": round(spent, 1),
    }
    return row | {kind: scores(*counts[kind]) for kind in KINDS} | {"valid": valid}, counts


def material(one: Application, home: Path, label: str) -> list[Module]:
    """The files the tool reads."""
    if label:  # one of many small ones
        path = home / label
        files = sorted(path.parent.rglob("*.py")) if path.name == "main.py" else [path]
    else:
        files = sorted(file for folder in one.reads for file in (home / folder).rglob("*.py"))
    modules: list[Module] = []
    for file in files:
        name = str(file.relative_to(home))
        if name.startswith(one.leaves or ("\0",)):
            continue
        try:
            modules.append(read_module(name, file.read_text("utf-8", "replace")))
        except (SyntaxError, ValueError):
            continue  # not of this interpreter's version
    return modules


def asked(one: Application, home: Path) -> dict[str, list[Any]]:
    """What the application says of itself, from a process of its own."""
    command = [sys.executable, "-W", "ignore", __file__, str(home), "--truth", one.name]
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | one.settings, timeout=300
    )
    if run.returncode:
        raise SystemExit(f"{one.name} does not start:\n{run.stderr[-800:]}")
    told: dict[str, list[Any]] = json.loads(run.stdout.rpartition("\n@@")[2])
    return told


def facts(specs: list[Any]) -> Facts:
    """What descriptions say, as sets."""
    routes: set[Any] = set()
    parameters: set[Any] = set()
    bodies: set[Any] = set()
    for prefix, spec in specs:
        before = "" if prefix == "flask" else prefix
        components = spec.get("components", {}).get("schemas", {})
        for path, item in spec["paths"].items():
            for method, operation in item.items():
                if method not in METHODS:
                    continue
                key = (before + path, method)
                routes.add(key)
                for one in operation.get("parameters", []):
                    parameters.add((*key, one["in"], one["name"], bool(one.get("required"))))
                for media, content in operation.get("requestBody", {}).get("content", {}).items():
                    bodies.add((*key, media))
                    for name in _fields(content.get("schema", {}), components, 0):
                        bodies.add((*key, media, *name))
    return routes, parameters, bodies


def _fields(schema: Any, components: Any, depth: int) -> set[tuple[str, bool]]:
    """The fields of a body's schema, through references, alternatives and lists."""
    if depth > 6 or not isinstance(schema, dict):
        return set()
    if "$ref" in schema:
        return _fields(components.get(schema["$ref"].rpartition("/")[2], {}), components, depth + 1)
    found: set[tuple[str, bool]] = set()
    for word in ("anyOf", "allOf", "oneOf"):
        for inner in schema.get(word, []):
            found |= _fields(inner, components, depth + 1)
    needed = set(schema.get("required", []))
    properties = schema.get("properties", {})
    taken = [name for name, one in properties.items() if not (isinstance(one, dict) and one.get("readOnly"))]
    found |= {(name, name in needed) for name in taken}
    if schema.get("type") == "array":
        found |= {(f"[]{name}", must) for name, must in _fields(schema.get("items"), components, depth + 1)}
    return found


def tell_truth(home: Path, name: str) -> None:
    """Import the application and print what it says of itself; only ever in a process of its own."""
    import importlib
    import tempfile

    one = next(one for one in APPLICATIONS if one.name == name)
    sys.path[:0] = [str(home), *(str((home / folder).parent) for folder in one.reads)]
    if one.configures:
        sys.path[:0] = [str(home / folder) for folder in one.reads]
    os.chdir(tempfile.mkdtemp())
    told: dict[str, Any] = {}
    packages = frozenset(Path(folder).name for folder in one.reads)
    if one.configures:
        roots = [home / folder for folder in one.reads]
        every = (*one.reads, *(inner.name for root in roots for inner in root.iterdir() if inner.is_dir()))
        print("\n@@" + json.dumps({"": list(_django(one.configures, every))}, default=str))
        return
    if one.start:
        module, _, expression = one.start.partition(":")
        imported = importlib.import_module(module)
        told[""] = list(_said(eval(expression, vars(imported)), packages))  # noqa: S307 -- the expression is written above
    else:
        for file in sorted((home / one.reads[0]).rglob("*.py")):
            text = file.read_text("utf-8")
            if not _makes_one(text) or (file.name != "main.py" and (file.parent / "main.py").exists()):
                continue
            label = str(file.relative_to(home))
            try:
                imported = importlib.import_module(label.removesuffix(".py").replace("/", "."))
                told[label] = list(_said(imported.app, packages))
            except Exception as error:  # noqa: BLE001 -- it needs what is not here: said, and left out
                print(f"{label} does not start: {error}", file=sys.stderr)
    print("\n@@" + json.dumps(told, default=str))


def _makes_one(text: str) -> bool:
    """Whether a file makes an application that can be asked."""
    return any(word in text for word in ("FastAPI(", "APIFlask(", "OpenAPI("))


def _said(app: Any, packages: frozenset[str], prefix: str = "") -> Any:
    if hasattr(app, "api_doc"):  # flask-openapi3
        app.test_client()
        yield prefix, app.api_doc
        return
    if type(app).__name__ == "APIFlask":
        with app.test_request_context():
            yield prefix, app._get_spec("json")  # noqa: SLF001 -- the one way to it without a request
        return
    if hasattr(app, "url_map"):
        yield "flask", _mapped(app, packages)
        return
    from fastapi import FastAPI

    yield prefix, FastAPI.openapi(app)
    for route in app.routes:
        inner = getattr(route, "app", None)
        if type(route).__name__ == "Mount" and isinstance(inner, FastAPI):
            yield from _said(inner, packages, prefix + route.path)


def _django(settings: str, packages: tuple[str, ...]) -> Any:
    """What drf-spectacular says of the views of Django REST framework, and the URL resolver of all others."""
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    import django
    from django.conf import settings as configured

    if "drf_spectacular" not in configured.INSTALLED_APPS:
        configured.INSTALLED_APPS = [*configured.INSTALLED_APPS, "drf_spectacular"]
    configured.REST_FRAMEWORK = {
        **getattr(configured, "REST_FRAMEWORK", {}),
        "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    }
    configured.SPECTACULAR_SETTINGS = {"DISABLE_ERRORS_AND_WARNINGS": True}  # plain, whatever the project adds
    django.setup()
    from drf_spectacular.generators import SchemaGenerator

    spec = SchemaGenerator().get_schema(request=None, public=True)
    described = json.loads(json.dumps(spec, default=str))
    described["plain"] = sorted(set(_plain(packages)))
    yield "", described


def _plain(packages: tuple[str, ...], patterns: Any = None, before: str = "") -> Any:
    """The paths of the application's own views that are none of Django REST framework's."""
    from django.urls import URLPattern, get_resolver
    from rest_framework.schemas.generators import EndpointEnumerator, is_api_view

    for one in get_resolver().url_patterns if patterns is None else patterns:
        full = before + str(one.pattern)
        if not isinstance(one, URLPattern):
            yield from _plain(packages, one.url_patterns, full)
        elif not is_api_view(one.callback):
            view = getattr(one.callback, "view_class", one.callback)
            if view.__module__.partition(".")[0] in packages:
                yield EndpointEnumerator().get_path_from_regex(full).replace("\\.", ".")  # as it is asked for


def _mapped(app: Any, packages: frozenset[str]) -> Any:
    """A Flask application's URL map as a description: its routes and their path parameters."""
    paths: dict[str, Any] = {}
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        home = getattr(view, "view_class", view).__module__.partition(".")[0] if view is not None else ""
        if (home and home not in packages) or rule.endpoint == "static" or rule.endpoint.endswith(".static"):
            continue  # the framework's own, or an extension's, which is not read
        path = "".join(f"{{{part}}}" if dynamic else part for dynamic, part in rule._trace[1:]).replace("|", "", 1)  # noqa: SLF001 -- the parts of a rule
        path = path if path.startswith("/") else f"/{path}"
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            parameters = [{"in": "path", "name": name, "required": True} for dynamic, name in rule._trace if dynamic]  # noqa: SLF001 -- the parts of a rule
            paths.setdefault(path, {})[method.lower()] = {"parameters": parameters}
    return {"paths": paths}


if __name__ == "__main__":
    main()
