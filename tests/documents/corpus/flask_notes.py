"""Notes: what browsers and programs ask for, in one handler each."""

import json

from flask import Flask, Response, abort, jsonify, make_response, redirect, render_template, request, send_file, url_for

app = Flask(__name__)


@app.route("/")
def home():
    return render_template("home.html", notes=[])


@app.route("/ping")
def ping():
    return "pong"


@app.route("/probe")
def probe():
    host = request.args["host"]
    tags = request.args.getlist("tag")
    if "deep" in request.args:
        return f"{host} {tags} {request.args['deep']}"
    return "ok " + host


@app.route("/notes/<int:note_id>", methods=["GET", "DELETE"])
def note(note_id):
    if request.method == "DELETE":
        return "", 204
    if note_id > 99:
        abort(404)
    return jsonify({"id": note_id})


@app.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "POST":
        if request.form["user"] == "x" and request.form.get("remember", type=int):
            return redirect(url_for("home"))
        return render_template("login.html"), 401
    return render_template("login.html")


@app.post("/upload")
def upload():
    request.files["picture"].save("/tmp/x")
    title = request.form.get("title", "")
    response = make_response(json.dumps({"title": title}), 201)
    response.headers["X-Made"] = "yes"
    return response


@app.put("/notes/<int:note_id>")
def write(note_id):
    if "X-Key" not in request.headers:
        return {"error": "key"}, 403
    if request.headers["X-Key"] != request.cookies.get("key"):
        return jsonify(error="key"), 403
    data = request.json
    return {"id": note_id, "text": data["text"]}


@app.get("/feed")
def feed():
    return Response("<rss/>", mimetype="application/rss+xml")


@app.get("/old")
def old():
    return redirect("/", code=301)


@app.get("/file")
def file():
    return send_file("x.bin")


@app.get("/other")
def other():
    return app.config["other"]()
