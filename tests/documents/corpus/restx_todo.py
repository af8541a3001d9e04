"""Things to do, with Flask-RESTX."""

from flask import Flask
from flask_restx import Api, Namespace, Resource, fields, inputs, reqparse

app = Flask(__name__)
api = Api(app, version="1.0", title="Things to do", prefix="/api")
ns = api.namespace("todos", description="Things to do")
cats = Namespace("cats")

base = api.model("Base", {"created": fields.DateTime(readonly=True)})
person = api.model("Person", {"name": fields.String(required=True, min_length=1), "age": fields.Integer})
todo = api.inherit(
    "Todo",
    base,
    {
        "id": fields.Integer(readonly=True, description="The number"),
        "task": fields.String(required=True, enum=["wash", "cook"]),
        "owner": fields.Nested(person),
        "tags": fields.List(fields.String),
    },
)

page = api.parser()
page.add_argument("page", type=int, default=1, location="args", help="Which page")
page.add_argument("done", type=inputs.boolean, required=True)
page.add_argument("X-Trace", location="headers")
tagged = page.copy()
tagged.add_argument("tag", action="append", choices=["a", "b"])
upload = reqparse.RequestParser()
upload.add_argument("note", location="form", required=True)


@ns.route("/", "/all")
class Todos(Resource):
    """All of them."""

    @ns.expect(tagged)
    @ns.marshal_list_with(todo)
    def get(self):
        return []

    @ns.expect(todo, validate=True)
    @ns.marshal_with(todo, code=201)
    @ns.response(400, "Not so", person)
    def post(self):
        return api.payload, 201


@ns.route("/<int:number>")
@ns.param("number", "The number")
class Todo(Resource):
    @ns.doc(params={"verbose": "Say more"})
    def get(self, number):
        return {}

    @ns.expect([todo])
    def put(self, number):
        return {}

    @ns.hide
    def delete(self, number):
        return {}


@cats.route("/<string:name>/notes")
class Notes(Resource):
    @cats.expect(upload)
    def post(self, name):
        return {}


api.add_namespace(cats, path="/pets")
