"""Each rule of the Python tree on a small piece of bad code, and on its safe twin."""

# ruff: noqa: E501  # a case of a table stays on its line

from __future__ import annotations

import pytest

from manyeyes_tools.evidence import gather_evidence
from manyeyes_tools.evidence.python_checks import CHECKS
from manyeyes_tools.evidence.python_tree import ENGINE
from manyeyes_tools.evidence.taint.tables import RULES
from manyeyes_tools.material import Material, SourceFile

pytestmark = pytest.mark.anyio


def material(text: str, **more: object) -> Material:
    masked = str(more.pop("masked", text))
    return Material(files=(SourceFile(path="code.py", language="python", text=text, masked=masked, **more),))  # type: ignore[arg-type]


# rule, bad, the line where it is, safe
TWINS = [
    ("sql-injection", 'def f(db, user_id):\n    query = f"SELECT * FROM users WHERE id = {user_id}"\n    return db.execute(query)\n', 2,
     'def f(db, user_id):\n    query = "SELECT * FROM users WHERE id = ?"\n    return db.execute(query, (user_id,))\n'),
    ("sql-injection", 'def f(c, n):\n    c.execute("SELECT a FROM t WHERE n = \'%s\'" % n)\n', 2,
     'def f(c, n):\n    c.execute("SELECT a FROM t WHERE n = %s", (n,))\n'),
    ("sql-injection", 'def f(c, n):\n    c.execute("DELETE FROM t WHERE n = {}".format(n))\n', 2,
     'def f(c, ids):\n    marks = ",".join("?" for _ in ids)\n    c.execute(f"DELETE FROM t WHERE n IN ({marks})", ids)\n'),
    ("sql-injection", 'def f(c, n):\n    q = "SELECT a FROM t"\n    q += " WHERE n = " + n\n    c.execute(q)\n', 3,
     'def f(c, n):\n    q = "SELECT a FROM t"\n    q += " WHERE n = 1"\n    c.execute(q)\n'),
    ("sql-injection", 'from sqlalchemy import text\ndef f(s, n):\n    s.execute(text(f"UPDATE t SET a = {n}"))\n', 3,
     'TABLE = "t"\ndef f(s, n):\n    s.execute(f"UPDATE {TABLE} SET a = ?", (n,))\n'),
    ("eval-injection", "print(eval(input()))\n", 1, 'print(eval("1 + 1"))\n'),
    ("eval-injection", "def f(code):\n    exec(code)\n", 2, "import ast\ndef f(code):\n    ast.literal_eval(code)\n"),
    ("command-injection", 'import os\ndef f(h):\n    os.system("ping " + h)\n', 3, 'import os\nos.system("clear")\n'),
    ("command-injection", "import os\ndef f(h):\n    os.popen(f'ls {h}')\n", 3, "import pty\ndef f(args):\n    pty.spawn(args)\n"),
    ("command-injection", 'import subprocess as sp\ndef f(h):\n    sp.run(f"ping {h}", shell=True)\n', 3,
     'import subprocess as sp, shlex\ndef f(h):\n    sp.run(f"ping {shlex.quote(h)}", shell=True)\n    sp.run(["ping", h])\n'),
    ("unsafe-deserialisation", "import pickle\ndef f(b):\n    return pickle.loads(b)\n", 3, "import json\ndef f(b):\n    return json.loads(b)\n"),
    ("unsafe-yaml", "import yaml\ndef f(b):\n    return yaml.load(b)\n", 3,
     "import yaml\ndef f(b):\n    return yaml.load(b, Loader=yaml.SafeLoader)\n"),
    ("template-injection", "from flask import request, render_template_string\ndef f():\n    return render_template_string(request.args['t'])\n", 3,
     "from flask import request, render_template_string\ndef f():\n    return render_template_string('{{ t }}', t=request.args['t'])\n"),
    ("unescaped-markup", "from markupsafe import Markup\ndef f(n):\n    return Markup(f'<b>{n}</b>')\n", 3,
     "from markupsafe import Markup\ndef f(n):\n    return Markup('<b>{}</b>').format(n)\n"),
    ("request-forgery", "import requests\nfrom flask import request\ndef f():\n    url = request.args.get('u')\n    return requests.get(url, timeout=3)\n", 5,
     "import requests\ndef f():\n    return requests.get('https://example.org', timeout=3)\n"),
    ("open-redirect", "from flask import request, redirect\ndef f():\n    return redirect(request.args['next'])\n", 3,
     "from flask import redirect\ndef f():\n    return redirect('/home')\n"),
    ("path-traversal", "import os\ndef f(name):\n    return open(os.path.join('/srv', name))\n", 3,
     "from pathlib import Path\ndef f(name):\n    p = (Path('/srv') / name).resolve()\n    if not p.is_relative_to('/srv'):\n        raise ValueError\n    return open(p)\n"),
    ("certificate-check-off", "import requests\nrequests.get('https://x.org', verify=False)\n", 2, "import requests\nrequests.get('https://x.org')\n"),
    ("signature-not-verified", "import jwt\ndef f(t, k):\n    return jwt.decode(t, k, options={'verify_signature': False})\n", 3,
     "import jwt\ndef f(t, k):\n    return jwt.decode(t, k, algorithms=['HS256'])\n"),
    ("weak-password-hash", "import hashlib\ndef f(password):\n    return hashlib.md5(password.encode()).hexdigest()\n", 3,
     "import hashlib\ndef f(data):\n    return hashlib.md5(data, usedforsecurity=False).hexdigest()\n"),
    ("hard-coded-credential", 'password = "correct-horse-9"\n', 1, 'import os\npassword = os.environ["PASSWORD"]\nPASSWORD_FIELD = "password"\ntoken = ""\n'),
    ("hard-coded-credential", 'connect(password="s3cr3t-9x")\n', 1, "def f(p):\n    connect(password=p)\n"),
    ("debug-mode", "app.run(debug=True)\n", 1, "app.run(debug=False)\n"),
    ("insecure-temporary-file", "import tempfile\np = tempfile.mktemp()\n", 2, "import tempfile\np = tempfile.mkstemp()\n"),
    ("autoescape-off", "import jinja2\ne = jinja2.Environment(autoescape=False)\n", 2, "import jinja2\ne = jinja2.Environment(autoescape=True)\n"),
    ("predictable-random", "import random\ntoken = random.randint(0, 9)\n", 2, "import random, secrets\ntoken = secrets.token_hex()\ndice = random.randint(1, 6)\n"),
    ("assert-authorisation", "def f(user):\n    assert user.is_admin\n", 2, "def f(user):\n    assert user.name\n"),
    ("timing-comparison", "def f(signature, expected):\n    return signature == expected\n", 2, "import hmac\ndef f(signature, expected):\n    return hmac.compare_digest(signature, expected)\n"),
    ("secret-in-log", "def f(log, password):\n    log.info(f'login with {password}')\n", 2, "def f(log, card_number):\n    log.info(f'card …{card_number[-4:]}')\n"),
    ("swallowed-error", "try:\n    f()\nexcept Exception:\n    pass\n", 3, "try:\n    f()\nexcept KeyError:\n    pass\n"),
    ("unclosed-file", "def f(p):\n    h = open(p)\n    return h.read()\n", 2, "def f(p):\n    with open(p) as h:\n        return h.read()\n"),
    ("unclosed-file", "def f(p):\n    return open(p).read()\n", 2, "def f(p):\n    h = open(p)\n    return h\n"),
    ("unreachable", "def f():\n    return 1\n    print(2)\n", 3, "def f(x):\n    if x:\n        return 1\n    print(2)\n"),
    ("unused-result", "def f(s):\n    s.strip()\n    return s\n", 2, "def f(s):\n    s = s.strip()\n    return s\n"),
    ("not-awaited", "async def g(): ...\nasync def f():\n    g()\n", 3, "async def g(): ...\nasync def f():\n    await g()\n"),
    ("not-awaited", "class A:\n    async def g(self): ...\n    async def f(self):\n        self.g()\n", 4,
     "class A:\n    def g(self): ...\n    async def f(self):\n        self.g()\n"),
    ("missing-return", "def f(x) -> int:\n    if x:\n        pass\n    elif not x:\n        return 1\n", 1,
     "from own import assert_never\ndef f(x) -> int:\n    if x:\n        return 1\n    else:\n        assert_never(x)\n"),
    ("missing-return", "def f(x) -> int:\n    if x:\n        return 1\n", 1,
     "def f(x) -> int:\n    while True:\n        if x:\n            return 1\ndef g(x) -> int:\n    try:\n        return 1\n    except KeyError:\n        raise\n"),
    ("changed-while-iterated", "def f(xs):\n    for x in xs:\n        if x:\n            xs.remove(x)\n", 4,
     "def f(xs):\n    for x in list(xs):\n        xs.remove(x)\n    for x in xs:\n        if x:\n            xs.remove(x)\n            break\n"),
    ("always-true", "def f(x):\n    if x == 'a' or 'root':\n        return 1\n", 2,
     "def f(x, name):\n    y = name or 'nobody'\n    if x == 'a' or x == 'root' or not y:\n        return x == 'b' or True\n"),
    ("first-value-alone", "def f(x):\n    return x == ('a' or 'b')\n", 2, "def f(x, y):\n    return x == (y or 'b') or x in ('a', 'b')\n"),
    ("weak-password-hash", "import hashlib\ndef hash_password(p):\n    return hashlib.md5(p.encode()).hexdigest()\n", 3,
     "import hashlib\ndef check_file(p):\n    return hashlib.md5(p.encode()).hexdigest()\n"),
    ("weak-password-hash", "import hashlib\ndef f(p, user):\n    return hashlib.sha1(p).hexdigest() == user.password_hash\n", 3,
     "import hashlib\ndef f(p, entry):\n    return hashlib.sha1(p).hexdigest() == entry.checksum\n"),
    ("weak-password-hash", "import hashlib\ndef f(password):\n    h = hashlib.md5()\n    h.update(password.encode())\n    return h.hexdigest()\n", 4,
     "import hashlib\ndef f(password, data):\n    h = hashlib.md5()\n    h.update(data)\n    seen = {}\n    seen.update(password=password)\n    return h\n"),
    ("float-equality", "def f(total):\n    return total == 0.1\n", 2, "import math\ndef f(total):\n    return math.isclose(total, 0.1) or total == 1.0\n"),
    ("cookie-sent-in-clear", "def f(r):\n    r.set_cookie('session', t(), httponly=True)\n", 2, "def f(r):\n    r.set_cookie('session', t(), httponly=True, secure=True, samesite='Lax')\n"),
    ("cookie-for-scripts", "SESSION_COOKIE_HTTPONLY = False\n", 1, "SESSION_COOKIE_HTTPONLY = True\n"),
    ("cookie-from-elsewhere", "SESSION_COOKIE_SAMESITE = None\n", 1, "SESSION_COOKIE_SAMESITE = 'Lax'\n"),
    ("open-origins", "from flask_cors import CORS\nCORS(app, origins='*', supports_credentials=True)\n", 2, "from flask_cors import CORS\nCORS(app, origins=['https://a.example'], supports_credentials=True)\n"),
    ("forgery-check-off", "from django.views.decorators.csrf import csrf_exempt\n@csrf_exempt\ndef f(request):\n    save(request.POST)\n", 2,
     "from django.views.decorators.csrf import csrf_exempt\n@csrf_exempt\ndef f(request):\n    hmac.compare_digest(request.headers['X-Signature'], sign(request.body))\n"),
    ("outdated-tls", "import ssl\nc = ssl.SSLContext(ssl.PROTOCOL_TLSv1)\n", 2, "import ssl\nc = ssl.create_default_context()\n"),
    ("host-key-not-checked", "import paramiko\nc.set_missing_host_key_policy(paramiko.AutoAddPolicy())\n", 2, "import paramiko\nc.set_missing_host_key_policy(paramiko.RejectPolicy())\n"),
    ("weak-cipher", "from Crypto.Cipher import AES\nc = AES.new(key, AES.MODE_ECB)\n", 2, "from Crypto.Cipher import AES\nc = AES.new(key, AES.MODE_GCM, nonce=n())\n"),
    ("fixed-initial-vector", "from Crypto.Cipher import AES\nc = AES.new(key, AES.MODE_CBC, b'0123456789abcdef')\n", 2, "from Crypto.Cipher import AES\nc = AES.new(key, AES.MODE_CBC, os.urandom(16))\n"),
    ("short-key", "from Crypto.PublicKey import RSA\nk = RSA.generate(1024)\n", 2, "from Crypto.PublicKey import RSA\nk = RSA.generate(3072)\n"),
    ("cheap-password-hash", "import hashlib\nh = hashlib.pbkdf2_hmac('sha256', p, s, 1000)\n", 2, "import hashlib\nh = hashlib.pbkdf2_hmac('sha256', p, s, 600_000)\n"),
    ("permissions-too-wide", "import os\nos.chmod(p, 0o666)\n", 2, "import os\nos.chmod(p, 0o600)\n"),
    ("any-host-name", "ALLOWED_HOSTS = ['*']\n", 1, "ALLOWED_HOSTS = ['a.example']\n"),
    ("missing-authentication", "from flask import Flask\napp = Flask(__name__)\n@app.delete('/notes/<int:n>')\ndef gone(n):\n    notes.delete(n)\n", 4,
     "from flask import Flask\nfrom flask_login import login_required\napp = Flask(__name__)\n@app.delete('/notes/<int:n>')\n@login_required\ndef gone(n):\n    notes.delete(n)\n"),
    ("open-to-all", "from rest_framework.viewsets import ModelViewSet\nclass A(ModelViewSet):\n    permission_classes = [AllowAny]\n", 3,
     "from rest_framework.viewsets import ModelViewSet\nclass A(ModelViewSet):\n    permission_classes = [IsAdminUser]\n"),
    ("missing-ownership", "from flask_login import login_required\n@app.get('/bills/<int:bill_id>')\n@login_required\ndef show(bill_id):\n    return Bill.query.get_or_404(bill_id).text\n", 5,
     "from flask_login import current_user, login_required\n@app.get('/bills/<int:bill_id>')\n@login_required\ndef show(bill_id):\n    return Bill.query.filter_by(id=bill_id, owner=current_user).first().text\n".replace("@app", "\n@app")),
    ("missing-rate-limit", "import flask\n@app.post('/login')\ndef login():\n    return str(check_password_hash(user.hash, given))\n", 3,
     "import flask\n@app.post('/login')\n@limiter.limit('5/minute')\ndef login():\n    return str(check_password_hash(user.hash, given))\n"),
    ("readable-password", "import flask\n\ndef check(user, form):\n    return user.password == form['password']\n", 4,
     "import flask\n\ndef check(user, form):\n    return check_password_hash(user.password, form['password'])\n"),
    ("secret-in-response", "import flask\n@app.get('/me')\ndef me():\n    return flask.jsonify({'password': user.password})\n", 4,
     "import flask\n@app.get('/me')\ndef me():\n    return flask.jsonify({'name': user.name})\n"),
    ("open-surroundings", "import flask\nimport os\n@app.get('/about')\ndef about():\n    return flask.jsonify(dict(os.environ))\n", 5,
     "import flask\nimport os\n@app.get('/about')\ndef about():\n    return flask.jsonify(os.environ['REGION'])\n"),
]  # fmt: skip


async def found(text: str) -> dict[str, list[int]]:
    both: dict[str, list[int]] = {}
    for purpose in ("review", "security"):
        looked = await ENGINE.look(material(text), purpose)  # type: ignore[arg-type]
        assert not looked.problems
        for hit in looked.hits:
            both.setdefault(hit.rule.id, []).append(hit.start_line)
    return both


@pytest.mark.parametrize(("rule", "bad", "line", "safe"), TWINS)
async def test_bad_code_is_found_on_its_line_and_its_safe_twin_is_not(
    rule: str, bad: str, line: int, safe: str
) -> None:
    assert line in (await found(bad)).get(rule, [])
    assert rule not in await found(safe)


def test_every_rule_has_its_twins() -> None:
    twins = {rule for rule, *_ in TWINS}
    assert {rule.id for check in CHECKS["review"] for rule in check.rules} == twins - set(RULES)


async def test_the_finding_says_where_the_statement_is_run() -> None:
    evidence = await gather_evidence(material(TWINS[0][1]), purpose="security")
    finding = next(one for one in evidence.findings if one.sources == ["manyeyes:sql-injection"])
    assert finding.cwe == "CWE-89"
    assert finding.owasp == "A05:2025-Injection"
    assert finding.quote == '    query = f"SELECT * FROM users WHERE id = {user_id}"'
    assert "line 3" in finding.explanation


@pytest.mark.parametrize("text", [
    "x = " + "(" * 5000 + ")" * 5000, "x = " + "-" * 50_000 + "1", "x = " + "+".join(["1"] * 60_000),
    "def f(:\n", "x = '\0'\n", "if 1:\n" + "".join(" " * n + "if 1:\n" for n in range(1, 150)),
])  # fmt: skip
async def test_what_cannot_be_parsed_is_a_problem_and_no_crash(text: str) -> None:
    looked = await ENGINE.look(material(text), "review")
    assert len(looked.problems) == 1
    assert "code.py" in looked.problems[0]


@pytest.mark.parametrize("comment", ["# noqa: S307", "# nosec"])
async def test_what_a_comment_accepts_is_reported_as_less_sure(comment: str) -> None:
    plain, accepted = [
        max(one.confidence for one in (await gather_evidence(material(text), purpose="security")).findings)
        for text in ("eval(input())\n", f"eval(input())  {comment}\n")
    ]
    assert accepted == pytest.approx(plain / 2, abs=0.01)
