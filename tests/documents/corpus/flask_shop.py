"""A shop."""

from flask import Blueprint, Flask, abort, jsonify, request

items = Blueprint("items", __name__, url_prefix="/items")


def create_app():
    app = Flask(__name__)
    app.register_blueprint(items, url_prefix="/api/items")

    @app.route("/health")
    def health():
        return {"ok": True}

    return app


@items.route("/<int:item_id>", methods=["GET", "DELETE"])
def item(item_id):
    """One item."""
    if item_id < 0:
        abort(404)
    return jsonify({})


@items.post("/")
def create():
    data = request.get_json()
    return jsonify(data), 201


@items.get("/search/<path:where>")
def search(where):
    q = request.args.get("q", "")
    size = request.args.get("size", type=int, default=10)
    return jsonify([where, q, size])
