"""Each weakness that values are followed for: a flow that is found on its line with its way, and a twin that is not."""

# ruff: noqa: E501  # a case of a table stays on its line

from __future__ import annotations

import pytest

from manyeyes_tools.evidence import gather_evidence
from manyeyes_tools.evidence.taint.pages import unescaped
from manyeyes_tools.evidence.taint.sinks import METHODS, NAMED
from manyeyes_tools.evidence.taint.tables import BITS, NOT_FROM, ORIGINS, RULES, WEAK
from manyeyes_tools.evidence.taint.walk import follow_project
from manyeyes_tools.fragments import parse
from manyeyes_tools.languages import language_of
from manyeyes_tools.material import Material, SourceFile
from manyeyes_tools.merging import merge
from manyeyes_tools.weaknesses import WEAKNESSES, owasp_of

pytestmark = pytest.mark.anyio

FLASK = "from flask import *\nfrom flask import Flask, request, redirect, session, send_file, make_response\nimport flask\napp = Flask(__name__)\n@app.route('/x')\ndef f():\n    x = request.args['x']\n"


def found(*files: str, templates: tuple[tuple[str, str], ...] = ()) -> set[tuple[str, str, int]]:
    named = [(f"pkg/m{n}.py", parse(text)) for n, text in enumerate(files)]
    return {
        (flow.rule, flow.module.path, getattr(flow.node, "lineno", 0))
        for flow in follow_project(named, templates=templates).flows
    }


# rule, what follows `x = request.args["x"]` and does harm in its last line, what does none
FLOWS = [
    ("sql-injection", "    db.execute('select a from t where b = ' + x)\n", "    db.execute('select a from t where b = ?', (x,))\n"),
    ("nosql-injection", "    users.find_one(request.get_json())\n", "    users.find_one({'name': str(request.get_json()['name'])})\n"),
    ("ldap-injection", "    conn.search_s(base, 2, f'(uid={x})')\n", "    from ldap.filter import escape_filter_chars\n    conn.search_s(base, 2, f'(uid={escape_filter_chars(x)})')\n"),
    ("xpath-injection", "    tree.xpath(\"//u[@n='\" + x + \"']\")\n", "    tree.xpath('//u[@n=$n]', n=x)\n"),
    ("command-injection", "    import os\n    os.system('ping ' + x)\n", "    import os, shlex\n    os.system('ping ' + shlex.quote(x))\n"),
    ("command-injection", "    import subprocess\n    subprocess.run(['sh', '-c', x])\n", "    import subprocess\n    subprocess.run(['ping', '--', x])\n"),
    ("argument-injection", "    import subprocess\n    subprocess.run([x, '-v'])\n", "    import subprocess\n    subprocess.run(['ls', '--', x])\n"),
    ("eval-injection", "    eval(x)\n", "    import ast\n    ast.literal_eval(x)\n"),
    ("code-loading", "    import importlib\n    importlib.import_module(x)\n", "    import importlib\n    if x in {'a', 'b'}:\n        importlib.import_module(x)\n"),
    ("unsafe-deserialisation", "    import pickle\n    pickle.loads(request.data)\n", "    import json\n    json.loads(request.data)\n"),
    ("unsafe-yaml", "    import yaml\n    yaml.load(x)\n", "    import yaml\n    yaml.safe_load(x)\n"),
    ("template-injection", "    from flask import render_template_string\n    render_template_string('<b>' + x)\n", "    from flask import render_template_string\n    render_template_string('<b>{{ x }}', x=x)\n"),
    ("unescaped-markup", "    return '<b>' + x\n", "    from markupsafe import escape\n    return '<b>' + escape(x)\n"),
    ("stored-markup", "    from markupsafe import Markup\n    return Markup(User.query.first().bio)\n", "    from markupsafe import escape\n    return escape(User.query.first().bio)\n"),
    ("request-forgery", "    import requests\n    requests.get(x)\n", "    import requests\n    requests.get('https://api.example/' + x)\n"),
    ("open-redirect", "    return redirect(x)\n", "    from urllib.parse import urlparse\n    if urlparse(x).netloc not in ('', 'a.example'):\n        abort(400)\n    return redirect(x)\n"),
    ("path-traversal", "    open('/srv/' + x)\n", "    import os\n    p = os.path.realpath(os.path.join('/srv', x))\n    if not p.startswith('/srv/'):\n        abort(404)\n    open(p)\n"),
    ("archive-traversal", "    import tarfile\n    tarfile.open(fileobj=request.files['a']).extractall('/srv')\n", "    import tarfile\n    tarfile.open(fileobj=request.files['a']).extractall('/srv', filter='data')\n"),
    ("unrestricted-upload", "    up = request.files['a']\n    up.save('/srv/' + up.filename)\n", "    import uuid\n    up = request.files['a']\n    up.save('/srv/' + uuid.uuid4().hex)\n"),
    ("xml-entities", "    from lxml import etree\n    etree.fromstring(request.data, etree.XMLParser(resolve_entities=True))\n", "    from lxml import etree\n    etree.fromstring(request.data, etree.XMLParser(resolve_entities=False))\n"),
    ("header-injection", "    response = make_response('')\n    response.headers['X-A'] = x\n", "    response = make_response('')\n    response.headers['X-A'] = x.replace('\\n', '').replace('\\r', '')\n"),
    ("log-injection", "    import logging\n    logging.info('got ' + x)\n", "    import logging\n    logging.info('got %r', x)\n"),
    ("expression-injection", "    import re\n    re.search(x, text)\n", "    import re\n    re.search(re.escape(x), text)\n"),
    ("mass-assignment", "    User(**request.get_json())\n", "    User(name=request.get_json()['name'])\n"),
    ("format-injection", "    x.format(app)\n", "    '{}'.format(x)\n"),
    ("origin-reflected", "    response = make_response('')\n    response.headers['Access-Control-Allow-Origin'] = request.headers['Origin']\n", "    response = make_response('')\n    if request.headers['Origin'] in ('https://a.example',):\n        response.headers['Access-Control-Allow-Origin'] = request.headers['Origin']\n"),
    ("session-from-outside", "    session['role'] = x\n", "    session['role'] = int(x)\n"),
    ("error-shown", "    try:\n        g()\n    except Exception as e:\n        return {'error': str(e)}, 500\n", "    try:\n        g()\n    except Exception as e:\n        log.error(e)\n        return {'error': 'failed'}, 500\n"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "bad", "safe"), FLOWS)
async def test_a_flow_is_found_where_it_does_harm_and_its_safe_twin_is_not(rule: str, bad: str, safe: str) -> None:
    last = (FLASK + bad).count("\n")
    assert (rule, "pkg/m0.py", last) in found(FLASK + bad)
    assert rule not in {name for name, *_ in found(FLASK + safe)}


def test_every_weakness_has_its_flow_and_its_place_in_the_lists() -> None:
    assert {rule for rule, *_ in FLOWS} == set(RULES) == set(BITS)
    assert all(rule.cwe in WEAKNESSES or rule.cwe == "CWE-134" for rule in RULES.values())
    assert all(owasp_of(rule.cwe) for rule in RULES.values() if rule.cwe not in {"CWE-1333", "CWE-134"})
    assert set(NOT_FROM) | set(WEAK) <= set(RULES)
    assert {kind for kinds in NOT_FROM.values() for kind in kinds.split()} <= set(ORIGINS)
    assert {sink.rule for sinks in (*NAMED.values(), *METHODS.values()) for sink in sinks} <= set(RULES)


SINK = "    import os\n    os.system('ping ' + {})\n"
HANDLERS = [
    "from django.http import HttpResponse\ndef f(request):\n    x = request.GET['x']\n" + SINK.format("x"),
    "from rest_framework.views import APIView\nclass A(APIView):\n    def post(self, request):\n        import os\n        os.system('a ' + request.data['x'])\n",
    "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\nasync def f(x: str):\n" + SINK.format("x"),
    "from fastapi import FastAPI\nfrom pydantic import BaseModel\napp = FastAPI()\nclass M(BaseModel):\n    x: str\n@app.post('/')\ndef f(m: M):\n"
    + SINK.format("m.x"),
    "from starlette.requests import Request\nasync def f(request: Request):\n"
    + SINK.format("request.query_params['x']"),
    "from aiohttp import web\nasync def f(request):\n    x = (await request.post())['x']\n" + SINK.format("x"),
    "import tornado.web\nclass A(tornado.web.RequestHandler):\n    def get(self):\n        import os\n        os.system('a ' + self.get_argument('x'))\n",
    "from sanic import Sanic\napp = Sanic('a')\n@app.get('/<x>')\nasync def f(request, x):\n" + SINK.format("x"),
    "from bottle import request, route\n@route('/')\ndef f():\n" + SINK.format("request.query.x"),
    "import sys\ndef f():\n" + SINK.format("sys.argv[1]"),
    "import argparse\ndef f():\n    a = argparse.ArgumentParser().parse_args()\n" + SINK.format("a.host"),
    "import click\n@click.command()\ndef f(host):\n" + SINK.format("host"),
]


@pytest.mark.parametrize("text", HANDLERS)
async def test_values_come_in_by_every_framework(text: str) -> None:
    assert "command-injection" in {rule for rule, *_ in found(text)}


WAYS = [
    "    y, z = 'a', x\n    eval(z)\n", "    d = {'a': 1, 'b': x}\n    eval(d['b'])\n", "    eval([c for c in [x]][0])\n", "    eval(f'{x}')\n",
    "    eval('%s' % x)\n", "    eval('{}'.format(x))\n", "    eval(','.join([x]))\n", "    eval(x.strip().upper())\n", "    if (y := x):\n        eval(y)\n",
    "    for y in [x]:\n        eval(y)\n", "    y = ''\n    y += x\n    eval(y)\n", "    a = A()\n    a.b = x\n    eval(a.b)\n", "    def g():\n        return x\n    eval(g())\n",
    "    eval(x if a else 'b')\n", "    eval(a or x)\n", "    first, *rest = x.split()\n    eval(rest[0])\n", "    rows = []\n    rows.append(x)\n    eval(rows[0])\n",
    "    try:\n        y = x\n    except KeyError:\n        y = 'a'\n    eval(y)\n", "    match x:\n        case y:\n            eval(y)\n",
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
async def test_values_are_followed_through_every_kind_of_code(way: str) -> None:
    assert "eval-injection" in {rule for rule, *_ in found(FLASK + way)}


NO_WAYS = [
    "    d = {'a': '1', 'b': x}\n    eval(d['a'])\n", "    y = x\n    y = '1'\n    eval(y)\n", "    if x != 'a':\n        return ''\n    eval(x)\n", "    eval({'a': 'b'}[x])\n",
    "    if not x.isdigit():\n        abort(400)\n    eval(x)\n", "    import re\n    if not re.fullmatch(r'[a-z]+', x):\n        abort(400)\n    eval(x)\n",
    "    if x not in ALLOWED:\n        raise ValueError\n    eval(x)\n", "    eval(str(int(x)))\n", "    try:\n        int(x)\n    except ValueError:\n        return ''\n    eval(x)\n",
]  # fmt: skip


@pytest.mark.parametrize("way", NO_WAYS)
async def test_what_was_checked_for_certain_is_not_told(way: str) -> None:
    assert "eval-injection" not in {rule for rule, *_ in found(FLASK + way)}


async def test_the_way_goes_across_files_classes_and_calls() -> None:
    store = "class Store:\n    def __init__(self, db):\n        self.db = db\n    def find(self, name):\n        return self.run('select a from t where n = ' + name)\n    def run(self, q):\n        return self.db.execute(q)\n"
    view = "from pkg.m0 import Store\nfrom flask import Flask, request\napp = Flask(__name__)\n@app.get('/')\ndef f():\n    return Store(db()).find(request.args['n'])\n"
    assert ("sql-injection", "pkg/m0.py", 5) in found(store, view)
    files = [
        SourceFile(path=f"pkg/m{n}.py", language="python", text=text, masked=text)
        for n, text in enumerate((store, view))
    ]
    evidence = await gather_evidence(Material(files=tuple(files)), purpose="security")
    (finding,) = [one for one in merge(evidence.findings) if one.cwe == "CWE-89"]
    assert (finding.path, finding.start_line) == ("pkg/m0.py", 5)
    assert (finding.trace[0].path, finding.trace[0].line) == ("pkg/m1.py", 6)
    assert ("pkg/m0.py", 7) in {(step.path, step.line) for step in finding.trace}


async def test_a_check_that_cannot_be_seen_lowers_confidence_and_does_not_silence() -> None:
    def sure(text: str) -> float:
        (flow,) = [
            one for one in follow_project([("a.py", parse(FLASK + text))]).flows if one.rule == "request-forgery"
        ]
        return flow.confidence

    plain = sure("    import requests\n    requests.get(x)\n")
    checked = sure("    import requests\n    if not is_allowed(x):\n        abort(400)\n    requests.get(x)\n")
    assert 0 < checked < plain


async def test_templates_are_read_and_what_fills_them_is_followed() -> None:
    page = "{% for n in notes %}\n<p>{{ n.text|safe }}</p>\n{% endfor %}{{ title }}"
    view = (
        FLASK
        + "    from flask import render_template\n    return render_template('a.html', notes=Note.query.all(), title=x)\n"
    )
    assert "stored-markup" in {rule for rule, *_ in found(view, templates=(("t/a.html", page),))}
    assert not {rule for rule, *_ in found(view, templates=(("t/a.html", page.replace("|safe", "")),))} & {
        "stored-markup",
        "unescaped-markup",
    }


@pytest.mark.parametrize(("text", "names"), [
    ("{{ a|safe }}", [("a",)]), ("{{ a }}", []), ("{% autoescape off %}{{ a.b }}{% endautoescape %}{{ c }}", [("a", "b")]), ("{{ a|escape|safe }}", []),
    ("{% raw a %}", [("a",)]), ("{% with b=a.c %}{{ b|safe }}{% endwith %}", [("a", "c")]),
])  # fmt: skip
def test_what_templates_put_in_as_it_is(text: str, names: list[tuple[str, ...]]) -> None:
    assert [one.names for one in unescaped("a.html", text)] == names


SCRIPTS = [
    ("javascript", "a.js", "function f(req, res) { exec('ping ' + req.query.host); }", "CWE-78"), ("javascript", "a.js", "app.use(cors({ origin: true, credentials: true }));", "CWE-942"),
    ("typescript", "a.ts", "const r = new Function('return ' + req.body.rule);", "CWE-95"), ("go", "a.go", "package a\nvar c = &tls.Config{InsecureSkipVerify: true}\n", "CWE-295"),
    ("go", "a.go", "package a\nfunc f(r *http.Request) { q := r.FormValue(\"q\"); db.Query(\"select a from t where b = '\" + q + \"'\") }\n", "CWE-89"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "path", "text", "cwe"), SCRIPTS)
async def test_scripts_and_go_are_searched_for_dangerous_calls(language: str, path: str, text: str, cwe: str) -> None:
    assert language_of(path, text) == language
    evidence = await gather_evidence(
        Material(files=(SourceFile(path=path, language=language, text=text, masked=text),)), purpose="security"
    )
    assert cwe in {one.cwe for one in evidence.findings}
    harmless = (
        "exec('ls'); fetch('https://a.example/'); const t = crypto.randomUUID();"
        if language != "go"
        else 'package a\nfunc f() { db.Query("select 1") }\n'
    )
    clean = await gather_evidence(
        Material(files=(SourceFile(path=path, language=language, text=harmless, masked=harmless),)), purpose="security"
    )
    assert not clean.findings


IMPORTS = "import os, shlex, subprocess, yaml\nfrom functools import partial\n"
GO = "def go(program, x):\n    os.system(program + ' ' + x)\n"


@pytest.mark.parametrize(("before", "use", "at"), [
    ("run = lambda x: os.system('ls ' + x)\n", "    run(x)\n", 3),
    ("run: object = lambda x: os.system('ls ' + x)\n", "    run(x)\n", 3),
    ("made = lambda x: 'ls ' + x\n", "    os.system(made(x))\n", 0),
    ("read = lambda name: request.args[name]\n", "    os.system('ls ' + read('y'))\n", 0),
    ("run = lambda x: os.system('ls ' + x)\n", "    import threading\n    threading.Thread(target=run, args=(x,)).start()\n", 3),
    ("", "    run = lambda x: os.system('ls ' + x)\n    run(x)\n", -1),
    ("", "    def run(x):\n        os.system('ls ' + x)\n    run(x)\n", -1),
    (GO + "run = partial(go, 'ls')\n", "    run(x)\n", 4),
    (GO + "run = partial(partial(go), 'ls')\n", "    run(x)\n", 4),
    (GO + "run = partial(go, program='ls')\n", "    run(x=x)\n", 4),
    (GO, "    partial(go, 'ls')(x)\n", 4),
    (GO, "    run = partial(go, x)\n    run('a')\n", 4),
    ("made = partial('{} {}'.format, 'ls')\n", "    os.system(made(x))\n", 0),
    ("class Runner:\n    def go(self, program, x):\n        os.system(program + x)\n", "    run = partial(Runner().go, 'ls ')\n    run(x)\n", 5),
    ("run = partial(subprocess.run, shell=True)\n", "    run('ls ' + x)\n", 0),
])  # fmt: skip
def test_values_flow_through_functions_that_are_only_variables(before: str, use: str, at: int) -> None:
    """`at` is the line of the sink; 0 for the last, negative for one above the last."""
    text = IMPORTS + before + FLASK + use
    last = text.count("\n")
    assert ("command-injection", "pkg/m0.py", at if at > 0 else last + at) in found(text)


@pytest.mark.parametrize(("before", "use"), [
    ("made = lambda x: 'ls ' + shlex.quote(x)\n", "    os.system(made(x))\n"),
    ("made = lambda x: 'ls'\n", "    os.system(made(x))\n"),
    ("known = lambda x: x in {'a', 'b'}\n", "    if not known(x):\n        abort(404)\n    os.system('ls ' + x)\n"),
    ("", "    made = lambda x: 'ls ' + shlex.quote(x)\n    os.system(made(x))\n"),
    ("", "    def made(x):\n        return 'ls ' + shlex.quote(x)\n    os.system(made(x))\n"),
    ("def made(program, x):\n    return program + shlex.quote(x)\nls = partial(made, 'ls ')\n", "    os.system(ls(x))\n"),
    ("run = partial(subprocess.run, shell=True)\n", "    run(['ls', '--', x], shell=False)\n"),
    ("load = partial(yaml.load, Loader=yaml.SafeLoader)\n", "    load(x)\n"),
])  # fmt: skip
def test_what_such_functions_make_harmless_is(before: str, use: str) -> None:
    assert not {rule for rule, _, _ in found(IMPORTS + before + FLASK + use)} & {"command-injection", "unsafe-yaml"}


def test_such_functions_are_found_in_other_files() -> None:
    lib = f"{IMPORTS}{GO}show = lambda x: os.system('ls ' + x)\nrun = partial(go, 'ls')\n"
    for use in ("show(x)", "m1.show(x)", "run(x)", "m1.run(x)"):
        flows = found(f"from pkg import m1\nfrom pkg.m1 import show, run\n{FLASK}    {use}\n", lib)
        assert ("command-injection", "pkg/m1.py", 5 if "show" in use else 4) in flows, use


@pytest.mark.parametrize(
    "text", ["f = lambda x: f(x)\nf(1)\n", "from functools import partial\ng = partial(g, 1)\ng = partial(g)\ng(2)\n"]
)
def test_what_is_made_of_itself_comes_to_an_end(text: str) -> None:
    assert not found(text)
