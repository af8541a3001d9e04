"""Pets, with flask-smorest and marshmallow."""

import marshmallow as ma
from flask import Flask
from flask.views import MethodView
from flask_smorest import Api, Blueprint
from marshmallow import validate

app = Flask(__name__)
app.config.update(API_TITLE="Pets", API_VERSION="v1", OPENAPI_VERSION="3.0.2")
api = Api(app)


class OwnerSchema(ma.Schema):
    email = ma.fields.Email(required=True)


class PetSchema(ma.Schema):
    id = ma.fields.Int(dump_only=True)
    name = ma.fields.String(required=True, validate=validate.Length(min=1, max=20))
    kind = ma.fields.Str(load_default="cat", validate=validate.OneOf(["cat", "dog"]))
    born = ma.fields.Date(data_key="bornOn")
    owner = ma.fields.Nested(OwnerSchema)
    friends = ma.fields.List(ma.fields.Nested(lambda: PetSchema(only=("name",))))


class PetQuerySchema(ma.Schema):
    name = ma.fields.String()
    limit = ma.fields.Integer(required=True)


blp = Blueprint("pets", "pets", url_prefix="/pets", description="Operations on pets")


@blp.route("/")
class Pets(MethodView):
    @blp.arguments(PetQuerySchema, location="query")
    @blp.response(200, PetSchema(many=True))
    @blp.paginate()
    def get(self, args, pagination_parameters):
        """List pets."""
        return []

    @blp.arguments(PetSchema)
    @blp.response(201, PetSchema)
    def post(self, new_data):
        """Add a pet."""
        return new_data


@blp.route("/<uuid:pet_id>")
class PetsById(MethodView):
    @blp.response(200, PetSchema)
    def get(self, pet_id):
        return {}

    @blp.arguments(PetSchema(partial=True, exclude=("owner",)))
    @blp.response(200, PetSchema)
    def patch(self, update, pet_id):
        return {}

    @blp.response(204)
    def delete(self, pet_id):
        return None


@blp.route("/photo", methods=["POST"])
@blp.arguments(ma.Schema.from_dict({"note": ma.fields.Str(required=True)}), location="form")
@blp.response(201)
def photo(data):
    return None


api.register_blueprint(blp)
