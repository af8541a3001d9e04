"""A handler is not open when another file of its project asks who is there."""

# ruff: noqa: E501  # small programs, one a line

from __future__ import annotations

import pytest

from manyeyes_tools.evidence.python_tree import ENGINE
from manyeyes_tools.material import Material, SourceFile

pytestmark = pytest.mark.anyio

FLASK = """\
from flask import Blueprint
from shop.store import items

pages = Blueprint("pages", __name__)


@pages.delete("/items/<int:number>")
def drop(number):
    items.delete(number)
    return "", 204
"""
FASTAPI = """\
from fastapi import APIRouter
from shop.store import items

router = APIRouter()


@router.delete("/items/{number}")
def drop(number: int):
    items.delete(number)
"""
DJANGO = """\
from django.http import HttpResponse
from shop.store import items


def drop(request, number):
    if request.POST:
        items.delete(number)
    return HttpResponse("")
"""
ASKS = """\
from flask import Flask, abort, request
from flask_login import current_user

app = Flask(__name__)


@app.before_request
def check():
    if not current_user.is_authenticated:
        abort(401)
"""


async def confidences(handlers: str, other: str, path: str, at: str = "shop/views.py") -> list[float | None]:
    files = {at: handlers, path: other}
    looked = await ENGINE.look(
        Material(
            files=tuple(
                SourceFile(path=name, language="python", text=text, masked=text) for name, text in files.items()
            ),
            origin="paths",
        ),
        "security",
    )
    return [hit.confidence for hit in looked.hits if hit.rule.id == "missing-authentication" and hit.file.path == at]


@pytest.mark.parametrize(("handlers", "other", "path"), [
    (FLASK, ASKS, "shop/__init__.py"),
    (FLASK, ASKS.replace("app.before_request", "pages.before_app_request"), "shop/auth.py"),
    (FLASK, "from flask import Flask\napp = Flask(__name__)\n@app.before_request\n@login_required\ndef check():\n    pass\n", "shop/__init__.py"),
    (FASTAPI, "from fastapi import Depends, FastAPI\napp = FastAPI(dependencies=[Depends(require_user)])\n", "main.py"),
    (FASTAPI, "from fastapi import FastAPI\nfrom shop import auth\napp = FastAPI()\napp.add_middleware(auth.AuthMiddleware)\n", "main.py"),
    (FASTAPI, "from fastapi import Depends\nfrom shop import views\napp.include_router(views.router, dependencies=[Depends(get_user)])\n", "web/main.py"),
    (DJANGO, "from django.urls import path\nfrom shop import views\nurlpatterns = [path('x', login_required(views.drop))]\n", "shop/urls.py"),
    (DJANGO, "from django.urls import path\nfrom . import views\nurlpatterns = [path('x', login_required(views.drop))]\n", "shop/urls.py"),
    (DJANGO, "MIDDLEWARE = ['django.contrib.auth.middleware.LoginRequiredMiddleware']\n", "settings.py"),
    (DJANGO, "MIDDLEWARE: list[str] = ['django.contrib.auth.middleware.LoginRequiredMiddleware']\n", "settings.py"),
    (DJANGO, "from .base import *\nMIDDLEWARE += ['django.contrib.auth.middleware.LoginRequiredMiddleware']\n", "settings.py"),
    (DJANGO, "from .base import MIDDLEWARE\nMIDDLEWARE.append('django.contrib.auth.middleware.LoginRequiredMiddleware')\n", "settings.py"),
    (DJANGO, "from .base import *\nMIDDLEWARE.insert(3, 'login_required.middleware.LoginRequiredMiddleware')\n", "settings.py"),
])  # fmt: skip
async def test_a_guard_in_another_file_counts(handlers: str, other: str, path: str) -> None:
    assert await confidences(handlers, "", path), "without the guard it is open"
    assert not await confidences(handlers, other, path)


@pytest.mark.parametrize(("handlers", "other", "path"), [
    (FLASK, ASKS.replace("        abort(401)", "        request.nobody = True"), "shop/__init__.py"),
    (FLASK, ASKS.replace("app = Flask(__name__)", "app = Blueprint('other', __name__)"), "shop/__init__.py"),
    (FASTAPI, "from fastapi import FastAPI\napp = FastAPI()\napp.add_middleware(CORSMiddleware)\n", "main.py"),
    (FASTAPI, "from fastapi import Depends\nfrom shop import other\napp.include_router(other.router, dependencies=[Depends(get_user)])\n", "main.py"),
    (DJANGO, "from django.urls import path\nfrom shop import views\nurlpatterns = [path('x', login_required(views.show)), path('y', views.drop)]\n", "shop/urls.py"),
    (DJANGO, "MIDDLEWARE = ['django.contrib.auth.middleware.AuthenticationMiddleware']\n", "settings.py"),
    (DJANGO, "MIDDLEWARE += ['django.contrib.auth.middleware.AuthenticationMiddleware']\n", "settings.py"),
    (DJANGO, "INSTALLED_APPS += ['shop.LoginRequiredMiddleware']\n", "settings.py"),
    (DJANGO, "MIDDLEWARE.remove('django.contrib.auth.middleware.LoginRequiredMiddleware')\n", "settings.py"),
])  # fmt: skip
async def test_what_is_no_guard_of_it_does_not(handlers: str, other: str, path: str) -> None:
    without = await confidences(handlers, "", path)
    assert without
    assert await confidences(handlers, other, path) == without


async def test_a_guard_in_another_part_of_the_project_leaves_doubt() -> None:
    [without] = await confidences(FLASK, "", "admin/__init__.py")
    [there] = await confidences(FLASK, ASKS, "admin/__init__.py")
    assert without is not None
    assert there == round(without / 2, 3)


DRF = """\
from rest_framework import viewsets
from shop.models import Item
from shop.serializers import ItemSerializer


class ItemViewSet(viewsets.ModelViewSet):
    queryset = Item.objects.all()
    serializer_class = ItemSerializer
"""
SETTINGS = """\
REST_FRAMEWORK = {
    "PAGE_SIZE": 20,
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
"""


@pytest.mark.parametrize(("handlers", "settings", "expected"), [
    (DRF, "REST_FRAMEWORK = {'PAGE_SIZE': 20}\n", [None]),  # then everyone may
    (DRF, SETTINGS.replace("IsAuthenticated", "AllowAny"), [None]),
    (DRF, SETTINGS, []),
    (DRF, SETTINGS.replace("REST_FRAMEWORK =", "REST_FRAMEWORK: dict[str, object] ="), []),
    (DRF + "    permission_classes = [IsAdminUser]\n", "", []),
    (DRF.replace("(viewsets.ModelViewSet)", "(TeamMemberMixin, viewsets.ModelViewSet)"), "", []),
    (DRF.replace("ModelViewSet", "ReadOnlyModelViewSet"), "", []),
])  # fmt: skip
async def test_settings_say_who_may_call_classes_that_do_not(handlers, settings, expected):
    assert await confidences(handlers, settings, "project/settings.py") == expected


@pytest.mark.parametrize(("at", "path", "expected"), [
    ("shop/views.py", "shop/settings.py", []),
    ("shop/views.py", "core/settings/base.py", []),
    ("backend/shop/views.py", "backend/core/settings/base.py", []),
    ("shop/views.py", "other/project/settings.py", [0.2]),  # half as sure: they are of another program
])  # fmt: skip
async def test_settings_are_for_the_program_that_they_lie_in(at, path, expected):
    assert await confidences(DRF, SETTINGS, path, at) == expected
