from __future__ import annotations

import json
from typing import Any

import pytest

from manyeyes_tools.documents.api.django_paths import matched, routed
from manyeyes_tools.documents.openapi import describe, faults
from manyeyes_tools.documents.python_symbols import read_module

SETTINGS = """
ROOT_URLCONF = "site.urls"
REST_FRAMEWORK = {
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}
"""
MODELS = """
from django.db import models
class Maker(models.Model):
    name = models.CharField(max_length=40)
class Item(models.Model):
    class Kind(models.TextChoices):
        SMALL = "small", "Small"
        LARGE = "large", "Large"
    code = models.UUIDField(primary_key=True)
    title = models.CharField(max_length=80)
    kind = models.CharField(choices=Kind.choices, default=Kind.SMALL)
    note = models.TextField(blank=True, null=True)
    made = models.DateTimeField(auto_now_add=True)
    maker = models.ForeignKey(Maker, on_delete=models.CASCADE, related_name="items")
    tags = models.ManyToManyField("Tag", blank=True)
class Tag(models.Model):
    word = models.SlugField()
"""
SERIALIZERS = """
from rest_framework import serializers
from .models import Item, Maker
class MakerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Maker
        fields = ["id", "name", "items"]
class ItemSerializer(serializers.ModelSerializer):
    maker_name = serializers.SerializerMethodField()
    secret = serializers.CharField(write_only=True, required=False, max_length=9)
    def get_maker_name(self, item) -> str: return item.maker.name
    class Meta:
        model = Item
        fields = "__all__"
        read_only_fields = ["kind"]
class BriefSerializer(ItemSerializer):
    maker = MakerSerializer(read_only=True)
    class Meta(ItemSerializer.Meta):
        fields = ["code", "maker"]
"""
VIEWS = """
from django.http import JsonResponse
from django.views.decorators.http import require_http_methods
from django.views.generic import View
from rest_framework import filters, generics, mixins, viewsets
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from .models import Item, Maker
from .serializers import BriefSerializer, ItemSerializer, MakerSerializer
class ItemViewSet(viewsets.ModelViewSet):
    queryset = Item.objects.all()
    filter_backends = [filters.SearchFilter]
    def get_serializer_class(self):
        if self.action in ("list", "retrieve"):
            return BriefSerializer
        return ItemSerializer
    @action(detail=True, methods=["post"], url_path="set-kind")
    def set_kind(self, request, pk=None):
        return Response(status=204)
    @action(detail=False)
    def recent(self, request):
        since = request.query_params.get("since")
        return Response([])
class MakerViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    serializer_class = MakerSerializer
    pagination_class = None
    lookup_field = "name"
    permission_classes = [AllowAny]
    def get_queryset(self): return Maker.objects.all()
class MakerView(generics.RetrieveUpdateAPIView):
    queryset = Maker.objects.all()
    serializer_class = MakerSerializer
    http_method_names = ["get", "put"]
@api_view(["GET", "POST"])
@permission_classes([AllowAny])
def ping(request):
    return Response({}, status=201)
@require_http_methods(["POST"])
def hook(request, name): return JsonResponse({})
class Page(View):
    def get(self, request, year): ...
    def delete(self, request, year): ...
"""
URLS = """
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.routers import DefaultRouter, SimpleRouter
from shop import views
router = DefaultRouter()
router.register(r"items", views.ItemViewSet)
bare = SimpleRouter(trailing_slash=False)
bare.register("makers", views.MakerViewSet, basename="maker")
inner = [path("maker/<int:pk>/", views.MakerView.as_view()), path("ping/", views.ping)]
urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include(router.urls)),
    path("api/", include((inner, "shop"), namespace="shop")),
    re_path(r"^hooks/(?P<name>[a-z]+)/$", csrf_exempt(views.hook)),
    path("old/", include("shop.old_urls")),
    path("gone/", include("elsewhere.urls")),
]
urlpatterns += bare.urls
"""
OLD = """
from django.urls import re_path
from . import views
urlpatterns = [re_path(r"^(?P<year>\\d{4})$", views.Page.as_view())]
urlpatterns += [re_path(r"^(?P<year>\\d+)/$", views.Page.as_view())]
""".replace("\\\\", "\\")
FILES = {
    "site/__init__.py": "", "site/settings.py": SETTINGS, "site/urls.py": URLS, "shop/__init__.py": "",
    "shop/models.py": MODELS, "shop/serializers.py": SERIALIZERS, "shop/views.py": VIEWS, "shop/old_urls.py": OLD,
    "unused/urls.py": "from django.urls import path\nfrom shop import views\nurlpatterns = [path('x/', views.ping)]\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def document() -> Any:
    found = describe([read_module(path, text) for path, text in FILES.items()], {})
    assert faults(found.document) == []
    assert any("elsewhere.urls" in problem for problem in found.problems)
    return json.loads(found.document)


def test_routes(document) -> None:
    assert {(path, verb) for path, item in document["paths"].items() for verb in item} == {
        ("/api/items/", "get"), ("/api/items/", "post"), ("/api/items/recent/", "get"),
        ("/api/items/{code}/", "get"), ("/api/items/{code}/", "put"), ("/api/items/{code}/", "patch"),
        ("/api/items/{code}/", "delete"), ("/api/items/{code}/set-kind/", "post"),
        ("/api/maker/{id}/", "get"), ("/api/maker/{id}/", "put"), ("/api/ping/", "get"), ("/api/ping/", "post"),
        ("/hooks/{name}/", "post"), ("/old/{year}/", "get"), ("/old/{year}/", "delete"), ("/makers", "get"),
        ("/old/{year}", "get"), ("/old/{year}", "delete"),
    }  # fmt: skip


def reads(document: Any, path: str, verb: str) -> dict[str, Any]:
    return {f"{p['in']} {p['name']}": p["schema"] for p in document["paths"][path][verb].get("parameters", [])}


def test_parameters(document) -> None:
    code = {"path code": {"type": "string", "format": "uuid"}}
    assert reads(document, "/api/items/", "get") == {
        "query limit": {"type": "integer"}, "query offset": {"type": "integer"}, "query search": {"type": "string"},
    }  # fmt: skip
    assert reads(document, "/api/items/{code}/", "patch") == code
    assert reads(document, "/api/items/recent/", "get") == {"query since": {"type": "string"}}
    assert reads(document, "/makers", "get") == {}
    assert reads(document, "/api/maker/{id}/", "put") == {"path id": {"type": "integer"}}


def test_bodies_are_those_of_the_serializer_of_the_action(document) -> None:
    def body(path: str, verb: str) -> Any:
        return document["paths"][path][verb]["requestBody"]["content"]

    assert body("/api/items/", "post") == {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}
    assert body("/api/items/{code}/", "patch") == {
        "application/json": {"schema": {"$ref": "#/components/schemas/PatchedItem"}}
    }
    item = document["components"]["schemas"]["Item"]
    assert item["properties"] == {
        "code": {"type": "string", "format": "uuid"},
        "maker_name": {"type": "string", "readOnly": True},
        "secret": {"type": "string", "maxLength": 9, "writeOnly": True},
        "title": {"type": "string", "maxLength": 80},
        "kind": {"type": "string", "enum": ["small", "large"], "readOnly": True},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "made": {"type": "string", "format": "date-time", "readOnly": True},
        "maker": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "integer"}},
    }
    assert set(item["required"]) == {"code", "maker_name", "title", "kind", "made", "maker"}
    assert "required" not in document["components"]["schemas"]["PatchedItem"]
    maker = document["components"]["schemas"]["Maker"]["properties"]
    assert maker["items"] == {"type": "array", "items": {"type": "string", "format": "uuid"}}
    brief = document["components"]["schemas"]["Brief"]["properties"]
    assert brief["maker"] == {"allOf": [{"$ref": "#/components/schemas/Maker"}], "readOnly": True}


def test_answers_and_security(document) -> None:
    paths = document["paths"]
    listing = paths["/api/items/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert listing["properties"]["results"]["items"] == {"$ref": "#/components/schemas/Brief"}
    assert list(paths["/api/items/"]["post"]["responses"]) == ["201"]
    assert list(paths["/api/items/{code}/"]["delete"]["responses"]) == ["204"]
    assert list(paths["/api/items/{code}/set-kind/"]["post"]["responses"]) == ["204"]
    assert paths["/api/items/"]["post"]["security"] == [{"tokenAuth": []}]
    assert not any("security" in paths[path][verb] for path, verb in (("/api/items/", "get"), ("/api/ping/", "post")))


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        (r"^items/(?P<pk>\d+)/$", "items/{pk}/"),
        (r"^(?P<a>[^/.]+)/(?P<b>(x|y))\.json$", "{a}/{b}.json"),
        (r"^(?:v1/)?items/?$", "v1/items/"),
        (r"^(\d+)/$", "{var}/"),
        (r"^a|b$", None),
        (r"^x\d+$", None),
        (r"^(unclosed$", None),
    ],
)
def test_regular_expressions_become_paths(pattern, path) -> None:
    found = matched(pattern)
    assert (found[0] if found else None) == path


def test_converters_give_types() -> None:
    assert routed("a/<int:x>/<slug:y>/<z>") == (
        "a/{x}/{y}/{z}", {"x": {"type": "integer"}, "y": {"type": "string"}, "z": {"type": "string"}},
    )  # fmt: skip


def test_patterns_that_include_themselves_end() -> None:
    code = "from django.urls import include, path\nurlpatterns = [path('a/', include('m'))]\n"
    assert json.loads(describe([read_module("m.py", code)], {}).document)["paths"] == {}


def test_nested_routers_and_overrides() -> None:
    code = (
        "from rest_framework import viewsets\nfrom rest_framework.routers import SimpleRouter\n"
        "from rest_framework_nested.routers import NestedSimpleRouter\n"
        "from drf_spectacular.utils import OpenApiParameter, extend_schema\n"
        "class Tree(viewsets.ViewSet):\n"
        "    @extend_schema(parameters=[OpenApiParameter('deep', int, required=True)], summary='All trees')\n"
        "    def list(self, request): ...\n"
        "    @extend_schema(exclude=True)\n"
        "    def destroy(self, request, pk): ...\n"
        "class Leaf(viewsets.ViewSet):\n    def retrieve(self, request, tree_pk, pk): ...\n"
        "outer = SimpleRouter()\nouter.register('trees', Tree, basename='tree')\n"
        "inner = NestedSimpleRouter(outer, 'trees', lookup='tree')\ninner.register('leaves', Leaf, basename='leaf')\n"
        "urlpatterns = [*outer.urls, *inner.urls]\n"
    )
    made = json.loads(describe([read_module("m.py", code)], {}).document)["paths"]
    assert {(path, verb) for path, item in made.items() for verb in item} == {
        ("/trees/", "get"), ("/trees/{tree_pk}/leaves/{pk}/", "get"),
    }  # fmt: skip
    listing = made["/trees/"]["get"]
    assert listing["summary"] == "All trees"
    assert listing["parameters"] == [{"name": "deep", "in": "query", "required": True, "schema": {"type": "integer"}}]


VIEWS_MADE = {
    "shop/urls.py": """
from django.urls import path, re_path
from django.http import HttpResponseRedirect
from django.contrib.auth.decorators import login_required
from . import views

urlpatterns = [
    path("old/", lambda request: HttpResponseRedirect("/new/")),
    re_path(r"^sw\\.js$", views.serves("sw.js", kind="text/javascript")),
    path("mine/<int:number>/", login_required(views.mine)),
]
""",
    "shop/views.py": """
from django.http import HttpResponse

def serves(name, kind):
    def serve(request):
        return HttpResponse(name, content_type=kind)
    return serve

def mine(request, number):
    return HttpResponse("x")
""",
}


def test_views_that_are_written_or_made_where_they_are_routed() -> None:
    found = describe([read_module(path, text) for path, text in VIEWS_MADE.items()], {})
    assert faults(found.document) == []
    assert found.problems == ()
    assert {path: sorted(item) for path, item in json.loads(found.document)["paths"].items()} == {
        "/old/": ["get"],
        "/sw.js": ["get"],
        "/mine/{number}/": ["get"],
    }
