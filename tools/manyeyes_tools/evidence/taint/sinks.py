"""Where values from outside do harm.  Data only: a new library is a new row.

A name that begins with a dot is a method of whatever object; all others are full names.  `arguments` are positions and
keywords; `*` stands for all positions, `**` for all keywords, and `self` for the object whose method it is.  `when`
names a condition of `conditions`.
"""

# ruff: noqa: E501  # a row of a table stays a row

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sink:
    """One way in which a value does harm.

    Attributes:
        rule: The weakness.
        arguments: The arguments through which.
        when: A condition that the call must meet too; empty for none.
        factor: How much less sure it is here than the rule is as a rule.
    """

    rule: str
    arguments: tuple[str, ...]
    when: str = ""
    factor: float = 1.0


_ROWS: tuple[tuple[str, str, str, str, float], ...] = (
    # SQL
    ("sql-injection", "0 statement query sql operation clause", ".execute .executemany .executescript .execute_sql .exec_driver_sql .mogrify .copy_expert .read_sql .exec_sql .fetch_all .fetch_one .run_sql", "statement", 1.0),
    ("sql-injection", "0 query sql", ".fetch .fetchrow .fetchval .raw .prepare .read_sql_query .query .select_raw .where_raw .order_by_raw .run", "strict statement", 1.0),
    ("sql-injection", "0 text", "sqlalchemy.text sqlalchemy.sql.text sqlalchemy.sql.expression.text sqlalchemy.literal_column sqlalchemy.sql.literal_column sqlalchemy.DDL", "built", 1.0),
    ("sql-injection", "0 sql", "django.db.models.expressions.RawSQL django.db.models.RawSQL", "built", 1.0),
    ("sql-injection", "0 where select tables order_by", ".extra", "built", 0.95),
    ("sql-injection", "0 *", ".order_by .having .group_by .filter .where", "raw text", 0.8),
    ("sql-injection", "0 query sql", "pandas.read_sql pandas.read_sql_query psycopg.sql.SQL psycopg2.sql.SQL peewee.SQL peewee.RawQuery", "built", 1.0),
    # NoSQL
    ("nosql-injection", "0 filter query", ".find .find_one .find_one_and_update .find_one_and_delete .find_one_and_replace .delete_one .delete_many .update_one .update_many .replace_one .count_documents .distinct .count", "document", 1.0),
    ("nosql-injection", "0 pipeline", ".aggregate", "document", 1.0),
    ("nosql-injection", "0 1 __raw__", ".objects", "document", 1.0),
    ("nosql-injection", "0", ".map_reduce .eval", "mongo code", 1.0),
    # LDAP, XPath
    ("ldap-injection", "0 1 2 filterstr base search_filter search_base", ".search_s .search_ext_s .search_st .search_ext .paged_search", "", 1.0),
    ("ldap-injection", "0 1 search_base search_filter", "ldap3.Connection.search ldap3.Connection.extend.standard.paged_search ldap.Connection.search", "", 1.0),
    ("ldap-injection", "0 who user", ".simple_bind_s .bind_s", "built", 0.9),
    ("xpath-injection", "0 _path path", ".xpath", "built", 1.0),
    ("xpath-injection", "0 path", "lxml.etree.XPath lxml.etree.ETXPath elementpath.select parsel.Selector.xpath", "built", 1.0),
    ("xpath-injection", "0 path match", "lxml.Tree.find lxml.Tree.findall lxml.Tree.findtext lxml.Tree.iterfind xml.Tree.find xml.Tree.findall xml.Tree.findtext xml.Tree.iterfind", "built", 0.95),
    ("xpath-injection", "1", "elementpath.select", "", 1.0),
    ("xpath-injection", "0 path match", ".findall .iterfind .findtext", "xpath text", 0.9),
    # Commands
    ("command-injection", "0 command cmd", "os.system os.popen subprocess.getoutput subprocess.getstatusoutput commands.getoutput asyncio.create_subprocess_shell asyncio.subprocess.create_subprocess_shell popen2.popen2 os.popen2 os.popen3 os.popen4 platform.popen anyio.run_process invoke.run invoke.Context.run fabric.Connection.run fabric.Connection.sudo fabric.api.run fabric.api.local fabric.api.sudo pexpect.run pexpect.spawn", "command", 1.0),
    ("command-injection", "0 args", "subprocess.run subprocess.call subprocess.Popen subprocess.check_call subprocess.check_output", "shell", 1.0),
    ("command-injection", "*", "os.execl os.execle os.execlp os.execv os.execve os.execvp os.spawnl os.spawnlp os.spawnv os.spawnvp asyncio.create_subprocess_exec", "shell program", 1.0),
    ("argument-injection", "0 args", "subprocess.run subprocess.call subprocess.Popen subprocess.check_call subprocess.check_output", "program", 1.0),
    ("argument-injection", "0 1", "os.execl os.execlp os.execv os.execvp asyncio.create_subprocess_exec os.spawnv", "program", 1.0),
    ("command-injection", "0 command", ".exec_command .run_command .send_command", "command", 1.0),
    # Code
    ("eval-injection", "0 source object", "eval exec builtins.eval builtins.exec", "code", 1.0),
    ("eval-injection", "0 source", "compile builtins.compile", "compiled", 0.5),
    ("eval-injection", "0", "code.InteractiveInterpreter.runsource code.InteractiveInterpreter.runcode pandas.eval numexpr.evaluate .eval", "request only", 0.8),
    ("eval-injection", "0", "asteval.Interpreter py_compile.compile timeit.timeit types.FunctionType sympy.sympify sympy.parsing.sympy_parser.parse_expr", "request only", 0.7),
    ("code-loading", "0 name", "importlib.import_module __import__ runpy.run_module runpy.run_path pydoc.locate django.utils.module_loading.import_string imp.load_source importlib.util.spec_from_file_location", "", 1.0),
    ("code-loading", "1 name", "getattr", "called attribute", 0.85),
    ("code-loading", "0 key", "globals locals", "", 0.8),
    ("mass-assignment", "1", "setattr", "named by caller", 1.0),
    # Objects
    ("unsafe-deserialisation", "0 file data", "pickle.load pickle.loads pickle.Unpickler cPickle.load cPickle.loads _pickle.loads marshal.load marshal.loads dill.load dill.loads cloudpickle.load cloudpickle.loads joblib.load jsonpickle.decode jsonpickle.loads jsonpickle.unpickler.decode shelve.open pandas.read_pickle django.core.signing.PickleSerializer.loads django.contrib.sessions.serializers.PickleSerializer.loads keras.models.load_model tensorflow.keras.models.load_model", "loader", 1.0),
    ("unsafe-yaml", "0 stream", "yaml.load yaml.load_all", "yaml", 1.0),
    ("unsafe-yaml", "0 stream", "yaml.unsafe_load yaml.unsafe_load_all yaml.full_load yaml.full_load_all ruamel.yaml.unsafe_load", "", 1.0),
    ("unsafe-deserialisation", "0 f", "torch.load", "torch", 0.75),
    ("unsafe-deserialisation", "0 file", "numpy.load", "numpy", 1.0),
    # Templates
    ("template-injection", "0 source", "flask.render_template_string quart.render_template_string jinja2.Template mako.template.Template django.template.Template tornado.template.Template jinja2.nativetypes.NativeTemplate chameleon.PageTemplate Cheetah.Template.Template bottle.template bottle.SimpleTemplate flask.templating.render_template_string", "template", 1.0),
    ("template-injection", "0 source", ".from_string", "template", 1.0),
    ("format-injection", "self", ".format .format_map", "format", 1.0),
    # HTML
    ("unescaped-markup", "0 s text base", "markupsafe.Markup flask.Markup jinja2.Markup django.utils.safestring.mark_safe django.utils.safestring.SafeString django.utils.safestring.SafeText wtforms.widgets.HTMLString django.utils.html.mark_safe", "markup", 1.0),
    ("stored-markup", "0 s text base", "markupsafe.Markup flask.Markup django.utils.safestring.mark_safe django.utils.safestring.SafeString django.utils.html.mark_safe", "", 1.0),
    ("unescaped-markup", "0", "django.utils.html.format_html", "built", 0.9),
    ("unescaped-markup", "0 content response text body", "django.http.HttpResponse django.http.HttpResponseBadRequest django.http.HttpResponseNotFound django.http.HttpResponseForbidden django.http.HttpResponseServerError django.http.StreamingHttpResponse django.http.response.HttpResponse flask.make_response flask.Response quart.Response quart.make_response werkzeug.wrappers.Response", "html response", 1.0),
    ("unescaped-markup", "0 content text body", "starlette.responses.HTMLResponse fastapi.responses.HTMLResponse sanic.response.html sanic.html litestar.response.Template", "", 1.0),
    ("unescaped-markup", "0 content text body", "starlette.responses.Response fastapi.Response fastapi.responses.Response aiohttp.web.Response sanic.response.HTTPResponse pyramid.response.Response starlette.responses.StreamingResponse sanic.response.text", "declared html", 1.0),
    ("unescaped-markup", "0 chunk", ".write .finish", "handler write", 1.0),
    # Addresses
    ("open-redirect", "0 location to url redirect_to", "flask.redirect werkzeug.utils.redirect django.shortcuts.redirect django.http.HttpResponseRedirect django.http.HttpResponsePermanentRedirect starlette.responses.RedirectResponse fastapi.responses.RedirectResponse quart.redirect bottle.redirect sanic.response.redirect sanic.redirect aiohttp.web.HTTPFound aiohttp.web.HTTPSeeOther aiohttp.web.HTTPTemporaryRedirect aiohttp.web.HTTPMovedPermanently aiohttp.web.HTTPPermanentRedirect pyramid.httpexceptions.HTTPFound cherrypy.HTTPRedirect litestar.response.Redirect", "address", 1.0),
    ("open-redirect", "0 url", ".redirect", "handler address", 1.0),
    ("request-forgery", "0 url", "requests.get requests.post requests.put requests.patch requests.delete requests.head requests.options httpx.get httpx.post httpx.put httpx.patch httpx.delete httpx.head httpx.options urllib.request.urlopen urllib.request.Request urllib.request.urlretrieve urllib2.urlopen urllib.urlopen urllib3.request.RequestMethods aiohttp.request pycurl.Curl.setopt wget.download feedparser.parse treq.get", "address", 1.0),
    ("request-forgery", "1 url", "requests.request httpx.request httpx.stream urllib3.request aiohttp.request urllib3.PoolManager.request urllib3.PoolManager.urlopen", "address", 1.0),
    ("request-forgery", "0 url", "requests.Session.get requests.Session.post requests.Session.put requests.Session.patch requests.Session.delete requests.Session.head httpx.Client.get httpx.Client.post httpx.Client.put httpx.Client.delete httpx.Client.patch httpx.Client.head httpx.AsyncClient.get httpx.AsyncClient.post httpx.AsyncClient.put httpx.AsyncClient.delete httpx.AsyncClient.patch httpx.AsyncClient.head aiohttp.ClientSession.get aiohttp.ClientSession.post aiohttp.ClientSession.put aiohttp.ClientSession.delete aiohttp.ClientSession.patch aiohttp.ClientSession.head aiohttp.ClientSession.ws_connect tornado.httpclient.AsyncHTTPClient.fetch tornado.httpclient.HTTPClient.fetch tornado.httpclient.HTTPRequest urllib.request.OpenerDirector.open", "address", 1.0),
    ("request-forgery", "1 url", "requests.Session.request httpx.Client.request httpx.AsyncClient.request httpx.AsyncClient.stream httpx.Client.stream aiohttp.ClientSession.request", "address", 1.0),
    ("request-forgery", "0 host", "http.client.HTTPConnection http.client.HTTPSConnection socket.create_connection ftplib.FTP smtplib.SMTP telnetlib.Telnet asyncio.open_connection", "host", 1.0),
    ("request-forgery", "0 address", "socket.socket.connect", "host", 1.0),
    # Files
    ("path-traversal", "0 file path filename name", "open io.open codecs.open builtins.open os.open gzip.open bz2.open lzma.open aiofiles.open anyio.open_file tarfile.open zipfile.ZipFile linecache.getlines linecache.getline", "file", 1.0),
    ("path-traversal", "0 path filename_or_fp path_or_file", "flask.send_file quart.send_file werkzeug.utils.send_file starlette.responses.FileResponse fastapi.responses.FileResponse sanic.response.file aiohttp.web.FileResponse", "file", 1.0),
    ("path-traversal", "0 filename", "bottle.static_file", "rooted file", 0.4),
    ("path-traversal", "0 directory", "flask.send_from_directory quart.send_from_directory", "file", 1.0),
    ("path-traversal", "0 1 path src dst", "os.remove os.unlink os.rmdir os.mkdir os.makedirs os.rename os.replace os.listdir os.scandir os.walk os.chmod os.link os.symlink os.truncate shutil.rmtree shutil.copy shutil.copy2 shutil.copyfile shutil.copytree shutil.move shutil.unpack_archive glob.glob glob.iglob aiofiles.os.remove numpy.loadtxt pandas.read_csv PIL.Image.open", "file", 1.0),
    ("path-traversal", "self", ".read_text .read_bytes .write_text .write_bytes .unlink .rmdir .mkdir .iterdir .touch", "path object", 1.0),
    ("path-traversal", "self", ".open", "path object", 1.0),
    ("path-traversal", "0 dst", ".save", "saved upload", 1.0),
    ("path-traversal", "0 name", "django.core.files.storage.default_storage.open django.core.files.storage.default_storage.delete django.core.files.storage.FileSystemStorage.open", "", 0.6),
    ("path-traversal", "0", ".load_template .get_template", "request only", 0.4),
    ("path-traversal", "0", "flask.render_template", "request only", 0.45),
    ("path-traversal", "1", "django.shortcuts.render", "request only", 0.45),
    ("unrestricted-upload", "0 dst", ".save", "upload name", 1.0),
    ("unrestricted-upload", "0 file path", "open io.open builtins.open aiofiles.open", "upload name", 1.0),
    ("unrestricted-upload", "1 dst", "shutil.copyfileobj shutil.move shutil.copy", "upload name", 1.0),
    ("unrestricted-upload", "0 name", "django.core.files.storage.default_storage.save django.core.files.storage.FileSystemStorage.save", "upload name", 1.0),
    ("unrestricted-upload", "self", ".write_bytes .write_text .open", "upload name", 1.0),
    ("archive-traversal", "self", ".extractall .extract", "archive", 1.0),
    ("archive-traversal", "0 filename", "shutil.unpack_archive", "archive content", 0.9),
    # XML
    ("xml-entities", "0 text source", "lxml.etree.fromstring lxml.etree.parse lxml.etree.XML lxml.etree.iterparse lxml.objectify.fromstring lxml.objectify.parse lxml.etree.XMLID", "lxml", 1.0),
    ("xml-entities", "0 text source", "xml.etree.ElementTree.fromstring xml.etree.ElementTree.parse xml.etree.ElementTree.XML xml.etree.ElementTree.iterparse xml.etree.cElementTree.fromstring xml.dom.minidom.parseString xml.dom.minidom.parse xml.dom.pulldom.parseString xml.dom.pulldom.parse xml.dom.expatbuilder.parseString xml.sax.parseString xml.sax.parse xmltodict.parse xml.parsers.expat.ParserCreate", "xml", 0.8),
    ("xml-entities", "0 source", ".parse .feed", "sax", 0.8),
    # Headers, logs, sessions
    ("header-injection", "1 value", ".setHeader .putheader", "", 1.0),
    ("header-injection", "0 1 2 msg data", ".write .sendall .send .sendmail .send_message .sendto", "raw head", 1.0),
    ("header-injection", "0 1 key value", ".set_cookie .set_signed_cookie", "", 0.6),
    ("header-injection", "0 headers", "flask.Response.headers.add flask.Response.headers.extend", "", 1.0),
    ("header-injection", "headers", "flask.Response django.http.HttpResponse starlette.responses.Response fastapi.responses.Response fastapi.Response aiohttp.web.Response flask.make_response", "", 0.9),
    ("header-injection", "0 2 subject from_email", "django.core.mail.send_mail django.core.mail.EmailMessage", "", 0.35),
    ("log-injection", "* msg", ".debug .info .warning .warn .error .exception .critical .log", "log", 1.0),
    ("log-injection", "*", "logging.debug logging.info logging.warning logging.error logging.exception logging.critical logging.log syslog.syslog", "log", 1.0),
    # Expressions
    ("expression-injection", "0 pattern", "re.compile re.match re.search re.fullmatch re.findall re.finditer re.sub re.subn re.split regex.compile regex.match regex.search regex.sub", "", 1.0),
    ("expression-injection", "pat", ".contains .replace .match", "pandas text", 0.5),
    # Mass assignment
    ("mass-assignment", "0 **", ".update .create .update_or_create .get_or_create .insert .insert_one .populate_obj .from_dict .values", "whole request", 1.0),
    # Errors
    ("error-shown", "* detail message content error body text", "flask.jsonify django.http.JsonResponse fastapi.HTTPException starlette.exceptions.HTTPException fastapi.responses.JSONResponse starlette.responses.JSONResponse django.http.HttpResponse aiohttp.web.json_response aiohttp.web.Response flask.make_response flask.abort flask.Response rest_framework.response.Response sanic.response.json sanic.json django.http.HttpResponseServerError django.http.HttpResponseBadRequest starlette.responses.PlainTextResponse fastapi.responses.PlainTextResponse sanic.response.text starlette.responses.HTMLResponse fastapi.responses.HTMLResponse quart.jsonify", "", 1.0),
    ("error-shown", "0", ".write .finish", "handler error", 1.0),
)  # fmt: skip  # a row of a table stays a row


def _read() -> tuple[dict[str, tuple[Sink, ...]], dict[str, tuple[Sink, ...]]]:
    named: dict[str, list[Sink]] = {}
    methods: dict[str, list[Sink]] = {}
    for rule, arguments, names, when, factor in _ROWS:
        sink = Sink(rule, tuple(arguments.split()), when, factor)
        for name in names.split():
            if name.startswith("."):
                methods.setdefault(name[1:], []).append(sink)
            else:
                named.setdefault(name, []).append(sink)
    return {k: tuple(v) for k, v in named.items()}, {k: tuple(v) for k, v in methods.items()}


SPREAD = (Sink("mass-assignment", ("**",), "model"),)
"""What a value given by `**` may do, whatever is called."""

NAMED, METHODS = _read()
"""Sinks by the full name of what is called, and by the name of a method alone."""
