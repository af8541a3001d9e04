"""Where values come into a program, framework by framework.  Data only: a new framework is a new row.

`request` objects of all frameworks share one kind, `~request`: their attributes and methods differ in name and not in
what they mean.  Kinds that begin with `~` are ours; all others are full names of classes.
"""

# ruff: noqa: E501  # a row of a table stays a row

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """How a framework hands requests to code.

    Attributes:
        name: Its name, and the first part of its modules' names.
        objects: Full names that stand for the request wherever they are read.
        types: Classes of request objects, as annotations name them.
        routes: The last parts of decorators that make a function a handler; its parameters come from the request.
        handlers: Classes whose methods handle requests; `self.request` is the request there.
        methods: Methods of such classes that give parts of the request.
        parameter: Whether the first parameter of a handler is the request even without an annotation.
        html: Whether text that a handler returns is sent as HTML.
    """

    name: str
    objects: str = ""
    types: str = ""
    routes: str = ""
    handlers: str = ""
    methods: str = ""
    parameter: bool = False
    html: bool = False


FRAMEWORKS = (
    Framework(name="flask", objects="flask.request flask.globals.request", types="flask.Request werkzeug.wrappers.Request",
              routes="route get post put patch delete before_request errorhandler", handlers="flask.views.MethodView flask.views.View flask_restful.Resource flask_restx.Resource",
              html=True),
    Framework(name="quart", objects="quart.request", routes="route get post put patch delete websocket",
              handlers="quart.views.MethodView", html=True),
    Framework(name="bottle", objects="bottle.request", routes="route get post put patch delete", html=True),
    Framework(name="django", types="django.http.HttpRequest django.http.request.HttpRequest django.core.handlers.wsgi.WSGIRequest",
              handlers="django.views.View django.views.generic.View django.views.generic.TemplateView django.views.generic.ListView "
                       "django.views.generic.DetailView django.views.generic.FormView django.views.generic.CreateView "
                       "django.views.generic.UpdateView django.views.generic.DeleteView django.views.generic.RedirectView "
                       "django.views.generic.base.View django.views.generic.edit.FormView", parameter=True),
    Framework(name="rest_framework", types="rest_framework.request.Request", routes="api_view action",
              handlers="rest_framework.views.APIView rest_framework.viewsets.ViewSet rest_framework.viewsets.ModelViewSet "
                       "rest_framework.viewsets.GenericViewSet rest_framework.viewsets.ReadOnlyModelViewSet rest_framework.generics.GenericAPIView "
                       "rest_framework.generics.ListAPIView rest_framework.generics.CreateAPIView rest_framework.generics.RetrieveAPIView "
                       "rest_framework.generics.UpdateAPIView rest_framework.generics.DestroyAPIView rest_framework.generics.ListCreateAPIView "
                       "rest_framework.generics.RetrieveUpdateDestroyAPIView rest_framework.generics.RetrieveUpdateAPIView", parameter=True),
    Framework(name="ninja", routes="get post put patch delete api_operation", parameter=True),
    Framework(name="fastapi", types="fastapi.Request fastapi.requests.Request fastapi.WebSocket",
              routes="get post put patch delete head options api_route websocket route"),
    Framework(name="starlette", types="starlette.requests.Request starlette.websockets.WebSocket",
              handlers="starlette.endpoints.HTTPEndpoint", routes="route", parameter=True),
    Framework(name="litestar", types="litestar.Request", routes="get post put patch delete route"),
    Framework(name="aiohttp", types="aiohttp.web.Request aiohttp.web_request.Request", routes="get post put patch delete route view",
              handlers="aiohttp.web.View", parameter=True),
    Framework(name="tornado", types="tornado.httputil.HTTPServerRequest", handlers="tornado.web.RequestHandler tornado.websocket.WebSocketHandler",
              methods="get_argument get_arguments get_query_argument get_query_arguments get_body_argument get_body_arguments get_cookie decode_argument"),
    Framework(name="sanic", types="sanic.Request sanic.request.Request", routes="route get post put patch delete websocket",
              handlers="sanic.views.HTTPMethodView", parameter=True),
    Framework(name="pyramid", types="pyramid.request.Request", routes="view_config", parameter=True),
    Framework(name="falcon", types="falcon.Request falcon.asgi.Request"),
    Framework(name="cherrypy", objects="cherrypy.request", routes="expose", html=True),
)  # fmt: skip
"""The frameworks known here."""

REQUEST = "~request"
HANDLER = "~handler"
UPLOAD = "~upload"
UPLOADS = "~uploads"

REQUEST_PARTS = frozenset({
    "args", "form", "values", "json", "data", "cookies", "headers", "files", "GET", "POST", "FILES", "COOKIES",
    "META", "body", "query_params", "path_params", "query", "params", "query_string", "rel_url", "match_info",
    "view_args", "forms", "text", "url", "full_path", "path", "base_url", "raw_post_data", "GET_params", "stream",
    "input", "content", "arguments", "body_arguments", "query_arguments", "raw_args", "raw_data", "user_agent",
    "referrer", "media", "matchdict", "json_body", "raw_uri", "raw_path", "uri", "environ", "content_type", "host",
})  # fmt: skip
"""Attributes of requests that hold what the caller sent."""
REQUEST_CALLS = frozenset({
    "get_json", "get_data", "get_full_path", "get_raw_uri", "build_absolute_uri", "json", "form", "body", "post",
    "read", "text", "multipart", "stream", "get_param", "get_media", "get_header", "get_argument", "getlist",
    "receive_text", "receive_json", "receive_bytes", "iter_text", "iter_json", "iter_bytes", "get_query_params",
    "get_args", "get_form", "get_cookie", "get_signed_cookie", "getunicode",
})  # fmt: skip
"""Methods of requests that give what the caller sent."""
HARMLESS_PARTS = frozenset({
    "method", "user", "session", "app", "is_ajax", "remote_addr", "scheme", "is_secure", "auth", "user_id",
    "LANGUAGE_CODE", "resolver_match", "state", "client", "endpoint", "blueprint", "url_rule", "content_length",
    "is_json", "id", "csrf_token",
})  # fmt: skip
"""Attributes of requests that callers do not choose freely."""
UPLOAD_PARTS = frozenset(["files", "FILES"])
JSON_PARTS = frozenset(["json", "get_json", "data", "json_body", "media", "receive_json", "get_media"])
"""Parts that can hold objects and not only text."""
HOST_PARTS = frozenset(
    ["url", "base_url", "path", "full_path", "path_info", "get_full_path", "build_absolute_uri", "get_raw_uri"]
)
"""Parts that name this site itself."""

FUNCTIONS = {
    "input": "cli", "raw_input": "cli", "sys.stdin.read": "cli", "sys.stdin.readline": "cli", "sys.stdin.readlines": "cli",
    "os.getenv": "environ", "os.environ.get": "environ", "os.environb.get": "environ", "fileinput.input": "cli",
    "click.prompt": "cli", "getpass.getpass": "cli", "typer.prompt": "cli",
    "urllib.request.urlopen": "remote", "requests.get": "remote", "requests.post": "remote", "httpx.get": "remote",
    "httpx.post": "remote", "requests.request": "remote", "httpx.request": "remote",
    "traceback.format_exc": "error", "traceback.format_exception": "error", "sys.exc_info": "error",
    "flask_login.utils.request": "request", "web.input": "request", "streamlit.text_input": "request",
    "aiohttp.web.WebSocketResponse": "request", "django.shortcuts.get_object_or_404": "store",
    "django.shortcuts.get_list_or_404": "store", "django.shortcuts.aget_object_or_404": "store",
}  # fmt: skip
"""Functions whose result comes from outside, and from where."""
OBJECTS = {
    "sys.argv": "cli", "os.environ": "environ", "sys.stdin": "cli",
}  # fmt: skip
"""Names whose value comes from outside."""
METHODS = {
    "argparse.ArgumentParser.parse_args": "cli", "argparse.ArgumentParser.parse_known_args": "cli",
    "optparse.OptionParser.parse_args": "cli",
    "socket.socket.recv": "remote", "socket.socket.recvfrom": "remote",
    "dbapi.Cursor.fetchone": "store", "dbapi.Cursor.fetchall": "store", "dbapi.Cursor.fetchmany": "store",
}  # fmt: skip
"""Methods by the full name of their class whose result comes from outside."""
COMMANDS = frozenset(["click.command", "click.group", "typer.Typer.command", "typer.Typer.callback"])
"""Decorators of functions whose parameters come from the command line."""

LOADED = frozenset({
    "first", "all", "one", "one_or_none", "scalar", "scalars", "scalar_one", "scalar_one_or_none", "fetchone",
    "fetchall", "fetchmany", "get_or_404", "first_or_404", "find_one", "get_object_or_404", "values_list", "values",
    "get_object", "get_queryset", "fetchrow", "fetchval",
})  # fmt: skip
"""Methods that load what was stored before; what stands behind them may have come with a request."""
QUERIES = frozenset({
    "filter", "filter_by", "exclude", "order_by", "query", "select", "where", "objects", "execute", "find",
    "aggregate", "annotate", "get", "first", "all", "fetch", "join", "options", "limit", "offset",
})  # fmt: skip
"""Methods that ask a store: what they are asked with does not come back."""

RETURNS = {
    "requests.session": "requests.Session", "sqlite3.connect": "dbapi.Connection", "psycopg2.connect": "dbapi.Connection",
    "psycopg.connect": "dbapi.Connection", "pymysql.connect": "dbapi.Connection", "MySQLdb.connect": "dbapi.Connection",
    "mysql.connector.connect": "dbapi.Connection", "cx_Oracle.connect": "dbapi.Connection", "oracledb.connect": "dbapi.Connection",
    "pyodbc.connect": "dbapi.Connection", "aiosqlite.connect": "dbapi.Connection", "asyncpg.connect": "asyncpg.Connection",
    "duckdb.connect": "dbapi.Connection", "asyncpg.create_pool": "asyncpg.Connection",
    "dbapi.Connection.cursor": "dbapi.Cursor", "dbapi.Connection.execute": "dbapi.Cursor", "dbapi.Cursor.execute": "dbapi.Cursor",
    "sqlalchemy.create_engine": "sqlalchemy.Engine", "sqlalchemy.Engine.connect": "sqlalchemy.Connection",
    "sqlalchemy.Engine.begin": "sqlalchemy.Connection", "django.db.connection.cursor": "dbapi.Cursor",
    "flask_sqlalchemy.SQLAlchemy": "flask_sqlalchemy.SQLAlchemy",
    "urllib.parse.urlparse": "urllib.parse.ParseResult", "urllib.parse.urlsplit": "urllib.parse.ParseResult",
    "jinja2.Environment": "jinja2.Environment", "jinja2.sandbox.SandboxedEnvironment": "jinja2.sandbox.SandboxedEnvironment",
    "ldap.initialize": "ldap.Connection", "ldap3.Connection": "ldap3.Connection", "logging.getLogger": "logging.Logger",
    "structlog.get_logger": "logging.Logger", "re.compile": "re.Pattern",
    "flask.make_response": "~response", "flask.Response": "~response", "django.http.HttpResponse": "~response",
    "starlette.responses.Response": "~response", "fastapi.Response": "~response", "fastapi.responses.Response": "~response",
    "fastapi.responses.JSONResponse": "~response", "django.http.JsonResponse": "~response", "flask.jsonify": "~json",
    "flask.redirect": "~response", "django.shortcuts.redirect": "~response", "flask.render_template": "~page",
    "django.http.HttpResponseRedirect": "~response", "fastapi.responses.HTMLResponse": "~response",
    "fastapi.responses.RedirectResponse": "~response", "starlette.responses.RedirectResponse": "~response", "starlette.responses.HTMLResponse": "~response",
    "django.shortcuts.render": "~response", "aiohttp.web.Response": "~response", "json.loads": "~parsed", "builtins.open": "~file",
    "open": "~file", "io.open": "~file",
    "datetime.datetime.strptime": "datetime.datetime", "datetime.datetime.now": "datetime.datetime", "datetime.datetime.utcnow": "datetime.datetime",
    "zipfile.ZipFile": "zipfile.ZipFile", "tarfile.open": "tarfile.TarFile", "tarfile.TarFile.open": "tarfile.TarFile",
    "lxml.etree.parse": "lxml.Tree", "lxml.etree.fromstring": "lxml.Tree", "lxml.etree.XML": "lxml.Tree",
    "xml.etree.ElementTree.parse": "xml.Tree", "xml.etree.ElementTree.fromstring": "xml.Tree",
    "xml.sax.make_parser": "xml.sax.Parser", "paramiko.SSHClient": "paramiko.SSHClient", "flask.session": "~session",
}  # fmt: skip
"""The kinds of what functions and methods return, where it matters for what follows."""
