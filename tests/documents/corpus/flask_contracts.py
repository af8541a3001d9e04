"""A view for each of several extensions of Flask and Quart, and views that use the body by hand."""

from dataclasses import dataclass

from apiflask import APIBlueprint, APIFlask, Schema
from apiflask.fields import File, Integer, String
from flask import Blueprint, request
from flask_openapi3 import OpenAPI
from flask_pydantic import validate
from pydantic import BaseModel, Field
from quart import Quart
from quart_schema import validate_querystring, validate_request, validate_response
from webargs import fields
from webargs.flaskparser import parser, use_args, use_kwargs

api = APIFlask(__name__)
notes = APIBlueprint("notes", __name__, url_prefix="/notes")
plain = Blueprint("plain", __name__, url_prefix="/plain")
books = OpenAPI(__name__)
quart = Quart(__name__)


class NoteIn(Schema):
    title = String(required=True)
    stars = Integer(load_default=3)


class Photo(Schema):
    image = File(required=True)


class Book(BaseModel):
    title: str = Field(min_length=1)
    pages: int | None = None


class BookPath(BaseModel):
    book_id: int


class Search(BaseModel):
    text: str
    limit: int = 20


@dataclass
class Task:
    name: str
    done: bool = False


@notes.post("/")
@notes.input(NoteIn)
@notes.output(NoteIn, status_code=201)
def add_note(json_data):
    return json_data


@notes.get("/")
@notes.input(NoteIn(only=("stars",)), location="query")
@notes.output(NoteIn(many=True))
def list_notes(query_data):
    return []


@notes.post("/photo")
@notes.input(Photo, location="files")
def add_photo(files_data):
    return {}


@notes.get("/hidden")
@notes.doc(hide=True)
def hidden():
    return {}


@plain.post("/webargs")
@use_args({"name": fields.Str(required=True), "age": fields.Int()})
@use_kwargs({"page": fields.Int(load_default=1)}, location="query")
def webargs(args, page):
    return {}


@plain.get("/parser")
@parser.use_args({"q": fields.Str(required=True), "X_Trace": fields.Str()}, location="headers")
def by_parser(args):
    return {}


@plain.post("/pydantic")
@validate()
def pydantic(body: Book, query: Search):
    return {}


@plain.post("/by-model")
def by_model():
    return Book.model_validate(request.get_json()).model_dump()


@plain.post("/by-schema")
def by_schema():
    data = request.json
    return NoteIn().load(data)


@plain.post("/by-hand")
def by_hand():
    data = request.get_json() or {}
    if "note" in data:
        assert data["note"]
    return {"name": data["name"], "size": data.get("size", 1)}


@books.put("/books/<int:book_id>")
def put_book(path: BookPath, query: Search, body: Book):
    return {}


@quart.post("/tasks")
@validate_request(Task)
@validate_response(Task, 201)
async def add_task(data):
    return data, 201


@quart.get("/tasks")
@validate_querystring(Search)
async def tasks(query_args):
    return {}


api.register_blueprint(notes)
api.register_blueprint(plain)
