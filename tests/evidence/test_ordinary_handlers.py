"""Handlers as people write them, by each framework's own tutorial: what is safe is left alone, what is not is found."""

# ruff: noqa: E501  # programs stay in one piece

from __future__ import annotations

import pytest

from manyeyes_tools.evidence.python_tree import ENGINE
from manyeyes_tools.evidence.watching import watched
from manyeyes_tools.material import Material, SourceFile

pytestmark = pytest.mark.anyio

FLASK = "from flask import Flask, Blueprint, request, redirect, send_from_directory\napp = Flask(__name__)\n"
DJANGO = (
    "from django.shortcuts import get_object_or_404, redirect, render\n"
    "from django.contrib.auth.decorators import login_required, permission_required\n"
    "from django.contrib.admin.views.decorators import staff_member_required\n"
    "from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin\n"
    "from django.views import View\n"
)
FASTAPI = "import os\nfrom fastapi import Depends, FastAPI, Security, WebSocket\napp = FastAPI()\n"
AIOHTTP = "import os\nfrom aiohttp import web\n"
DELETES = "    db.delete(db.get(Order, order_id))\n    db.commit()\n"
PARAMS = "class Params:\n    def __init__(self, host: {kind}, db: Session = Depends(get_db)):\n        self.host = host\n        self.db = db\n"


async def sure(text: str) -> dict[str, float]:
    file = SourceFile(path="app.py", language="python", text=text, masked=text)
    looked = await ENGINE.look(Material(files=(file,), origin="paths"), "security")
    return {hit.rule.id: hit.rule.confidence if hit.confidence is None else hit.confidence for hit in looked.hits}


@pytest.mark.parametrize("text", [
    FLASK + "@app.route('/f/<path:name>')\ndef f(name):\n    return send_from_directory('/srv', name)\n",
    FLASK + "from flask_login import login_required\nbp = Blueprint('x', __name__)\n@bp.before_request\n@login_required\n"
    "def guard():\n    pass\n@bp.route('/x', methods=['POST'])\ndef x():\n    db.session.add(Thing())\n    db.session.commit()\n    return 'ok'\n",
    FLASK + "from flask_security import auth_required, roles_required\n@app.delete('/o/<int:order_id>')\n@auth_required()\n"
    "@roles_required('admin')\ndef d(order_id):\n    db.session.delete(Order.query.get_or_404(order_id))\n    return '', 204\n",
    DJANGO + "def doc(request, slug):\n    return redirect(get_object_or_404(Doc, slug=slug))\n",
    DJANGO + "def doc(request, slug):\n    return redirect(find(slug).get_absolute_url())\n",
    DJANGO + "@login_required\ndef new(request):\n    form = PostForm(request.POST)\n    post = form.save()\n    return redirect(post)\n",
    DJANGO + "@permission_required('shop.delete_order')\ndef d(request, pk):\n    Order.objects.get(pk=pk).delete()\n    return redirect('orders')\n",
    DJANGO + "@staff_member_required\ndef d(request, pk):\n    Order.objects.get(pk=pk).delete()\n    return redirect('orders')\n",
    DJANGO + "class D(LoginRequiredMixin, PermissionRequiredMixin, View):\n    permission_required = 'shop.delete_order'\n"
    "    def post(self, request, pk):\n        Order.objects.get(pk=pk).delete()\n        return redirect('orders')\n",
    FASTAPI + "@app.delete('/o/{order_id}', dependencies=[Depends(get_current_active_superuser)])\ndef d(order_id: int, db=Depends(get_db)):\n" + DELETES,
    FASTAPI + "@app.post('/o')\ndef d(o: OrderIn, user=Depends(get_current_active_user), db=Depends(get_db)):\n    db.add(Order(o, user.id))\n    db.commit()\n",
    FASTAPI + "@app.delete('/o/{order_id}')\ndef d(order_id: int, user=Security(get_current_active_user, scopes=['o']), db=Depends(get_db)):\n" + DELETES,
    FASTAPI + PARAMS.format(kind="int") + "@app.get('/p')\ndef p(q: Params = Depends()):\n    os.system(f'ping {q.host}')\n",
    FASTAPI + "class Repo:\n    def __init__(self, db: Session = Depends(get_db)):\n        self.db = db\n        self.table = 't'\n"
    "@app.get('/p')\ndef p(repo: Repo = Depends(Repo)):\n    return repo.db.execute(f'select a from {repo.table}')\n",
])  # fmt: skip
async def test_ordinary_code_is_left_alone(text: str) -> None:
    assert await sure(text) == {}


@pytest.mark.parametrize(("text", "rule"), [
    (DJANGO + "def go(request):\n    return redirect(request.GET['next'])\n", "open-redirect"),
    (DJANGO + "@login_required\ndef d(request, pk):\n    Order.objects.get(pk=pk).delete()\n    return redirect('o')\n", "missing-ownership"),
    (FLASK + "@app.before_request\ndef note():\n    log()\n@app.route('/x', methods=['POST'])\ndef x():\n    db.session.add(Thing())\n"
     "    db.session.commit()\n    return 'ok'\n", "missing-authentication"),
    (FLASK + "@app.route('/f/<where>')\ndef f(where):\n    return send_from_directory('/srv/' + where, 'a.txt')\n", "path-traversal"),
    (FASTAPI + "@app.delete('/o/{order_id}')\ndef d(order_id: int, db=Depends(get_db)):\n" + DELETES, "missing-authentication"),
    (FASTAPI + PARAMS.format(kind="str") + "@app.get('/p')\ndef p(q: Params = Depends()):\n    os.system(f'ping {q.host}')\n", "command-injection"),
    (FASTAPI + PARAMS.format(kind="str") + "@app.get('/p')\ndef p(q=Depends(Params)):\n    os.system(f'ping {q.host}')\n", "command-injection"),
    (FASTAPI + "@app.websocket('/w')\nasync def w(s: WebSocket):\n    async for said in s.iter_text():\n        os.system('say ' + said)\n", "command-injection"),
    (AIOHTTP + "async def w(request):\n    s = web.WebSocketResponse()\n    await s.prepare(request)\n    async for said in s:\n"
     "        os.system('say ' + said.data)\n    return s\n", "command-injection"),
])  # fmt: skip
async def test_what_is_wrong_with_it_is_found(text: str, rule: str) -> None:
    assert rule in await sure(text)


async def test_a_page_that_unseen_code_made_is_told_with_doubt() -> None:
    handler = "@app.get('/n')\ndef n():\n    return {}(request.args['q'])\n"
    unseen = await sure(FLASK + "from app.http import success\n" + handler.format("success"))
    assert unseen["unescaped-markup"] < 0.5
    seen = await sure(FLASK + "def success(q):\n    return '<b>' + q + '</b>'\n" + handler.format("success"))
    assert seen["unescaped-markup"] > 0.5
    marked = await sure(FLASK + "import markdown\n" + handler.format("markdown.markdown"))
    assert marked["unescaped-markup"] > 0.5


async def test_how_far_the_engines_have_come_never_goes_back() -> None:
    watch = watched()
    seen: list[float] = []
    begin = type(watch).begin

    def begun(self, doing, total, *, before, share) -> None:
        seen.append(before)
        begin(self, doing, total, before=before, share=share)
        seen.append(before + share)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(watch), "begin", begun)
        await sure(FLASK + "@app.get('/n')\ndef n():\n    return 'ok'\n")
    assert len(seen) >= 4
    assert seen == sorted(seen)
