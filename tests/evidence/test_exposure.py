"""Passwords that are kept readable, and secrets that are sent to whoever asks."""

from __future__ import annotations

import pytest

from manyeyes_tools.evidence.python_tree import ENGINE
from manyeyes_tools.material import Material, SourceFile

pytestmark = pytest.mark.anyio

HEAD = "import os\nfrom flask import Flask, jsonify, request\n\napp = Flask(__name__)\n\n\n"


async def rules(body: str) -> set[str]:
    text = f"{HEAD}@app.route('/x', methods=['POST'])\ndef x(user):\n    {body}\n"
    file = SourceFile(path="app.py", language="python", text=text, masked=text)
    looked = await ENGINE.look(Material(files=(file,), origin="paths"), "security")
    return {hit.rule.id for hit in looked.hits} & {"readable-password", "secret-in-response", "open-surroundings"}


@pytest.mark.parametrize(("body", "rule"), [
    ("return 'ok' if user.password == request.form['password'] else 'no'", "readable-password"),
    ("password = request.json['password']\n    return str(user['password'] != password)", "readable-password"),
    ("db.add(User(name=request.form['n'], password=request.form.get('password')))", "readable-password"),
    ("user.password = request.form['password']", "readable-password"),
    ("return jsonify({'name': user.name, 'password_hash': user.password_hash})", "secret-in-response"),
    ("return {'ssn': user.ssn}", "secret-in-response"),
    ("return jsonify(dict(os.environ))", "open-surroundings"),
    ("return {key: str(value) for key, value in app.config.items()}", "open-surroundings"),
])  # fmt: skip
async def test_what_is_exposed_is_found(body: str, rule: str) -> None:
    assert await rules(body) == {rule}


@pytest.mark.parametrize("body", [
    "return 'ok' if check_password_hash(user.password, request.form['password']) else 'no'",
    "return str(request.form['password'] == request.form['confirm_password'])",
    "db.add(User(name=request.form['n'], password=hash_of(request.form.get('password'))))",
    "password = hash_of(request.form['password'])\n    user.password = password",
    "user.password_hash = generate_password_hash(request.form['password'])",
    "return LoginForm(password=request.form['password']).answer()",
    "return jsonify({'name': user.name, 'has_password': bool(user.password)})",
    "return jsonify({'password': 'is too short'})",
    "return jsonify({'region': os.environ['REGION'], 'title': app.config['TITLE']})",
])  # fmt: skip
async def test_what_is_not_is_not(body: str) -> None:
    assert await rules(body) == set()
