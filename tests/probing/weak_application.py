"""An application with every weakness that probes seek, and with `--repaired` without any: `weak_application.py PORT`.

It listens on loopback alone and is started by tests and by `bench/dast.py`.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import sqlite3
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, abort, jsonify, redirect, render_template_string, request
from markupsafe import escape

app = Flask(__name__)
app.config["PROPAGATE_EXCEPTIONS"] = False
REPAIRED = UNEVEN = False
FILES = Path(tempfile.mkdtemp(prefix="weak-application-"))
(FILES / "site.css").write_text("p {}\n", encoding="utf-8")
(FILES / "readme.txt").write_text("This is the file that is meant.\n", encoding="utf-8")
DATABASE = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
DATABASE.executescript(
    "CREATE TABLE users (id INTEGER, name TEXT); INSERT INTO users VALUES (1, 'alice'), (2, 'bob'), (3, 'carol')"
)
DATABASE.create_function("SLEEP", 1, lambda seconds: time.sleep(min(float(seconds), 5)) or 0)  # as MySQL has one
NOTES: list[str] = []
ENDED: list[str] = []
TOKEN = "letmein-token-5521"
PAGES = {"/", "/search", "/about"}


@app.get("/")
def index():
    answer = Response(
        "<h1>Weak</h1><a href='/search?q=alice'>s</a> <a href='/quiet?q=alice'>u</a> <a href='/user/1'>n</a>"
        "<a href='/greet?name=you'>g</a> <a href='/attribute?name=you'>a</a> <a href='/inline?name=you'>i</a>"
        "<a href='/file?name=readme.txt'>f</a> <a href='/ping?host=localhost'>p</a> <a href='/fetch?url=none'>u</a>"
        "<a href='/go?next=/about'>r</a> <a href='/card?name=you'>t</a> <a href='/about'>b</a>"
        "<a href='/number?n=1'>c</a>"
        "<a href='/profile'>c</a> <a href='/notes'>n</a> <a href='/logout'>out</a> <a href='/away'>away</a>"
        "<a href='/calculate?expression=1'>e</a>"
        # These are sound, and look a little as if they were not.
        "<a href='/turns?q=a'>t</a> <a href='/length?q=a'>l</a> <a href='/plain?q=a'>p</a> <a href='/json?q=a'>j</a>"
        "<a href='/strict?q=a'>q</a> <a href='/help'>h</a>"
        "<a href='/queue?q=a'>q</a> <a href='/account'>mine</a> <link rel=stylesheet href='/assets/site.css'>"
        + ("<a href='/uneven?q=a'>u</a>" if UNEVEN else "")
        + "<form method='post' action='/notes'><input name='text'>"
        "<input type='hidden' name='csrf_token' value='x'></form>",
        mimetype="text/html",
    )
    if REPAIRED:
        answer.set_cookie("session", "abc", httponly=True, samesite="Lax")
    else:
        answer.headers["Set-Cookie"] = "session=abc; Path=/"
    return answer


@app.get("/about")
def about():
    return "<p>About</p>"


TURNS = itertools.count()


@app.get("/turns")
def turns():
    """Two answers that take turns, as behind a load balancer."""
    return f"<p>{'even' if next(TURNS) % 2 else 'odd'}</p>"


@app.get("/length")
def length():
    return f"<p>{len(request.args.get('q', '')) % 7} of 7</p>"


@app.get("/plain")
def plain():
    return Response(request.args.get("q", ""), mimetype="text/plain")


@app.get("/json")
def told():
    return jsonify(q=request.args.get("q", ""), error="SQLITE_ERROR is what it would say")


@app.get("/strict")
def strict():
    """Refuses whatever holds a quote, as a filter before an application does."""
    return ("<p>no</p>", 403) if "'" in request.args.get("q", "") else "<p>yes</p>"


@app.get("/help")
def help_page():
    return '<pre>Traceback (most recent call last):\n  File "yours.py", line 1\nroot:x:0:0:root:/root:/bin/sh</pre>'


@app.route("/logout", methods=["GET", "POST"])
def logout():
    NOTES.append("LOGGED OUT")
    if signed_in():
        ENDED.append("session")
    return "gone"


@app.get("/queue")
def queue():
    """Answers the same whatever happens, so that nothing but time shows it."""
    try:
        if REPAIRED:
            DATABASE.execute("SELECT 1 WHERE 'queue' <> ?", (request.args.get("q", ""),)).fetchall()
        else:
            DATABASE.execute(f"SELECT 1 WHERE 'queue' <> '{request.args.get('q', '')}'").fetchall()
    except sqlite3.Error:
        pass
    return "<p>queued</p>"


@app.get("/uneven")
def uneven():
    """Sound, and late as the day goes: mostly a little, at times by seconds."""
    time.sleep(min(random.lognormvariate(-2.5, 1.4), 3))
    return "<p>done</p>"


@app.get("/assets/<path:name>")
def asset(name):
    path = FILES / name
    if REPAIRED and not path.resolve().is_relative_to(FILES.resolve()):
        abort(404)
    try:
        return Response(path.read_bytes(), mimetype="text/css")
    except (OSError, ValueError):
        abort(404)


def signed_in():
    """Whether the token was sent, and the session was not ended since."""
    sent = request.headers.get("Authorization") == f"Bearer {TOKEN}" or request.cookies.get("token") == TOKEN
    return sent and not ENDED


@app.get("/account")
def account():
    if not signed_in():
        return "<p>Log in first</p>", 401
    return (
        f"<p>Hello {escape(request.headers.get('Authorization', ''))}</p><a href='/logout'>out</a>"
        "<a href='/account/find?term=alice'>f</a><form method=post action='/logout'><input name=now></form>"
    )


@app.get("/account/find")
def find():
    if not signed_in():
        return "<p>Log in first</p>", 401
    term = request.args.get("term", "")
    if REPAIRED:
        row = DATABASE.execute("SELECT 1 FROM users WHERE name = ?", (term,)).fetchone()
    else:
        try:
            row = DATABASE.execute(f"SELECT 1 FROM users WHERE name = '{term}'").fetchone()
        except sqlite3.Error:
            row = None
    return "known" if row else "unknown"


DESCRIPTION = """\
openapi: 3.0.3
info: {title: Weak, version: "1"}
servers: [{url: /api}]
paths:
  /items:
    get:
      parameters: [{name: term, in: query, required: true, schema: {type: string, example: alice}}]
      responses: {"200": {description: found}}
  /ratio/{n}:
    get:
      parameters: [{name: n, in: path, required: true, schema: {type: integer}}]
      responses: {"200": {description: a number}}
  /secret:
    get:
      security: [{bearer: []}]
      responses: {"200": {description: yours}}
components:
  securitySchemes:
    bearer: {type: http, scheme: bearer}
"""
"""What no page leads to."""


@app.get("/openapi.yaml")
def description():
    return Response(DESCRIPTION, mimetype="application/yaml")


@app.get("/api/items")
def items():
    term = request.args.get("term", "")
    try:
        if REPAIRED:
            rows = DATABASE.execute("SELECT name FROM users WHERE name = ?", (term,)).fetchall()
        else:
            rows = DATABASE.execute(f"SELECT name FROM users WHERE name = '{term}'").fetchall()
    except sqlite3.Error:
        rows = []
    return jsonify(found=[row[0] for row in rows])


@app.get("/api/ratio/<n>")
def ratio(n):
    if not re.fullmatch(r"-?\d{1,9}", n) or (REPAIRED and not int(n)):
        return jsonify(error="not a number to divide by"), 400
    try:
        return jsonify(ratio=100 / int(n))
    except ZeroDivisionError:
        return jsonify(error="failed"), 500


@app.get("/api/secret")
def secret():
    return (jsonify(error="log in first"), 401) if REPAIRED and not signed_in() else jsonify(secret="plans")


@app.get("/away")
def away():
    return redirect(AWAY)


@app.get("/search")
def search():
    name = request.args.get("q", "")
    try:
        if REPAIRED:
            rows = DATABASE.execute("SELECT name FROM users WHERE name = ?", (name,)).fetchall()
        else:
            rows = DATABASE.execute(f"SELECT name FROM users WHERE name = '{name}'").fetchall()
    except sqlite3.Error as error:
        return f"sqlite3.OperationalError: {escape(str(error))}", 500
    return f"<p>Results for {escape(name)}:</p>" + "".join(f"<li>{escape(row[0])}</li>" for row in rows)


@app.get("/quiet")
def quiet():
    """Tells nothing of errors, so that only conditions show it."""
    name = request.args.get("q", "")
    try:
        if REPAIRED:
            row = DATABASE.execute("SELECT 1 FROM users WHERE name = ?", (name,)).fetchone()
        else:
            row = DATABASE.execute(f"SELECT 1 FROM users WHERE name = '{name}'").fetchone()
    except sqlite3.Error:
        row = None
    return "known" if row else "unknown"


@app.get("/user/<number>")
def user(number):
    if REPAIRED and not number.isdigit():
        abort(404)
    try:
        row = DATABASE.execute(f"SELECT name FROM users WHERE id = {number}").fetchone()
    except sqlite3.Error:
        row = None
    return f"<p>{escape(row[0])}</p>" if row else ("<p>nobody</p>", 404)


@app.get("/greet")
def greet():
    name = request.args.get("name", "")
    return f"<h1>Hello {escape(name) if REPAIRED else name}</h1>"


@app.get("/attribute")
def attribute():
    name = request.args.get("name", "")
    inner = escape(name) if REPAIRED else name.replace("<", "").replace(">", "")
    return f'<input value="{inner}">'


@app.get("/inline")
def inline():
    name = request.args.get("name", "")
    inner = re.sub(r"\W", "", name) if REPAIRED else name.replace("<", "")
    return f"<script>var name = '{inner}';</script>"


@app.route("/notes", methods=["GET", "POST"])
def notes():
    if request.method == "POST":
        NOTES.append(request.form.get("text", ""))
        return redirect("/about")
    return "<ul>" + "".join(f"<li>{escape(one) if REPAIRED else one}</li>" for one in NOTES) + "</ul>"


@app.get("/file")
def file():
    path = FILES / request.args.get("name", "")
    try:
        if REPAIRED and not path.resolve().is_relative_to(FILES.resolve()):
            abort(404)
        return Response(path.read_text(encoding="utf-8"), mimetype="text/plain")
    except (OSError, ValueError):
        abort(404)


@app.get("/ping")
def ping():
    host = request.args.get("host", "")
    if REPAIRED:
        done = subprocess.run(["echo", "ping", host.replace("\0", "")], capture_output=True, text=True, check=False)
    else:
        done = subprocess.run(
            f"echo ping {host}".replace("\0", ""), shell=True, capture_output=True, text=True, check=False
        )
    return Response(done.stdout, mimetype="text/plain")


@app.get("/fetch")
def fetch():
    url = request.args.get("url", "")
    if REPAIRED or urlsplit(url).hostname != "127.0.0.1":
        return "not from the list"
    with urllib.request.urlopen(url, timeout=3) as answer:
        return Response(answer.read(100), mimetype="text/plain")


@app.get("/go")
def go():
    there = request.args.get("next", "")
    return redirect(there if not REPAIRED or there in PAGES else "/")


@app.get("/card")
def card():
    name = request.args.get("name", "")
    if REPAIRED:
        return render_template_string("<p>Dear {{ name }}</p>", name=name)
    return render_template_string(f"<p>Dear {escape(name)}</p>")


@app.get("/calculate")
def calculate():
    """Multiplies for both; only one of them evaluates."""
    text = request.args.get("expression", "")
    if REPAIRED:
        found = re.fullmatch(r"(\d{1,9})(?:\*(\d{1,9}))?", text)
        return str(int(found[1]) * int(found[2] or 1)) if found else ("no number", 400)
    try:
        return Response(str(eval(text)), mimetype="text/plain")
    except Exception:  # noqa: BLE001  whatever was evaluated may raise anything
        return "no number", 400


@app.get("/number")
def number():
    text = request.args.get("n", "")
    if REPAIRED and not text.isdecimal():
        return "not a number", 400
    return str(int(text) + 1)


@app.get("/profile")
def profile():
    answer = jsonify(name="alice")
    origin = request.headers.get("Origin")
    if origin and (not REPAIRED or origin == "https://friend.example"):
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Access-Control-Allow-Credentials"] = "true"
    return answer


@app.errorhandler(Exception)
def failed(error):
    import traceback

    from werkzeug.exceptions import HTTPException

    if isinstance(error, HTTPException):
        return error
    return Response("failed" if REPAIRED else "".join(traceback.format_exception(error)), 500, mimetype="text/plain")


@app.after_request
def headers(answer):
    if REPAIRED:
        answer.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["X-Frame-Options"] = "DENY"
    return answer


if __name__ == "__main__":
    from werkzeug.serving import WSGIRequestHandler, make_server

    WSGIRequestHandler.protocol_version = "HTTP/1.1"  # connections stay open, as on real servers
    WSGIRequestHandler.log = lambda *_: None

    parser = argparse.ArgumentParser()
    parser.add_argument("--repaired", action="store_true")
    parser.add_argument("--away", default="http://127.0.0.1:9/")
    parser.add_argument("--uneven", action="store_true")
    options = parser.parse_args()
    REPAIRED, AWAY, UNEVEN = options.repaired, options.away, options.uneven
    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(server.server_port, flush=True)  # noqa: T201  whoever started it reads it
    server.serve_forever()
