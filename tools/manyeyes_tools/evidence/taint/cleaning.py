"""What makes values harmless, and what brings them along.  Data only."""

# ruff: noqa: E501  # a row of a table stays a row

from __future__ import annotations

from manyeyes_tools.evidence.taint.tables import ALL, TEXTUAL, bits

_TEXT_KEEPS = "sql-injection eval-injection"

CLEANERS: dict[str, int] = {}
"""What the result of a function can do no harm for, by the function's full name or, with a dot before it, its last."""


def _cleans(mask: int, names: str) -> None:
    for name in names.split():
        CLEANERS[name] = CLEANERS.get(name, 0) | mask


_cleans(ALL, "int float bool len abs round ord id hash complex isinstance issubclass callable type any all range sum uuid.UUID uuid.uuid4 "
             "uuid.uuid1 decimal.Decimal datetime.datetime.strptime datetime.date.fromisoformat datetime.datetime.fromisoformat "
             "datetime.datetime.fromtimestamp ipaddress.ip_address ipaddress.ip_network ipaddress.IPv4Address math.floor math.ceil time.time secrets.token_hex "
             "secrets.token_urlsafe bson.ObjectId bson.objectid.ObjectId ObjectId hashlib.md5 hashlib.sha1 hashlib.sha256 "
             "hashlib.sha512 hashlib.new hmac.new hmac.compare_digest binascii.hexlify binascii.crc32 zlib.crc32 bcrypt.hashpw "
             "bcrypt.checkpw werkzeug.security.generate_password_hash werkzeug.security.check_password_hash "
             "django.contrib.auth.hashers.make_password django.contrib.auth.authenticate fractions.Fraction "
             "flask.send_from_directory quart.send_from_directory werkzeug.utils.send_from_directory "
             "flask.url_for django.urls.reverse quart.url_for django.urls.reverse_lazy os.path.getsize os.path.exists os.path.isfile "
             "os.path.isdir enumerate.index base64.b16encode django.utils.dateparse.parse_date "
             "itsdangerous.URLSafeSerializer.loads itsdangerous.URLSafeTimedSerializer.loads logging.getLogger")  # fmt: skip
_cleans(ALL, ".isdigit .isalnum .isalpha .isdecimal .isnumeric .isidentifier .startswith .endswith .count .index .find .rfind "
             ".hexdigest .digest .is_relative_to .is_valid .exists .is_file .is_dir .total_seconds .timestamp .isoformat .strftime "
             ".bit_length .tell .fileno .is_authenticated .check_password .has_perm .validate_on_submit .url_for .reverse_url "
             ".__len__ .rowcount .path_for .url_path_for")  # fmt: skip
_cleans(bits("unescaped-markup stored-markup header-injection"),
        "html.escape cgi.escape markupsafe.escape flask.escape jinja2.escape django.utils.html.escape bleach.clean bleach.linkify nh3.clean "
        "django.utils.html.strip_tags django.utils.html.conditional_escape xml.sax.saxutils.escape tornado.escape.xhtml_escape "
        "tornado.escape.linkify werkzeug.utils.escape werkzeug.html django.utils.html.escapejs bleach.sanitizer.Cleaner.clean "
        "lxml.html.clean.clean_html lxml_html_clean.clean_html markupsafe.escape_silent django.template.defaultfilters.escape "
        "django.template.defaultfilters.force_escape django.utils.html.urlize "
        "html_sanitizer.Sanitizer.sanitize django.utils.html.format_html django.utils.html.format_html_join markupsafe.Markup.format xml.sax.saxutils.quoteattr")  # fmt: skip
_cleans(
    bits("unescaped-markup stored-markup error-shown template-injection log-injection header-injection"),
    "json.dumps flask.jsonify simplejson.dumps orjson.dumps ujson.dumps flask.json.dumps",
)
_cleans(bits("command-injection argument-injection"), "shlex.quote pipes.quote subprocess.list2cmdline shlex.join")
_cleans(bits("path-traversal archive-traversal"),
        "werkzeug.utils.secure_filename werkzeug.secure_filename os.path.basename ntpath.basename posixpath.basename werkzeug.utils.safe_join "
        "flask.safe_join werkzeug.security.safe_join django.utils._os.safe_join django.utils.text.get_valid_filename django.utils.text.slugify "
        "slugify.slugify pathvalidate.sanitize_filename")  # fmt: skip
_cleans(ALL & ~bits("open-redirect"), "django.utils.text.slugify slugify.slugify")
_cleans(
    bits("unescaped-markup stored-markup request-forgery open-redirect header-injection log-injection path-traversal"),
    "urllib.parse.quote_plus urllib.parse.urlencode django.utils.http.urlencode",
)
_cleans(
    bits("unescaped-markup stored-markup header-injection log-injection open-redirect request-forgery"),
    "urllib.parse.quote werkzeug.urls.url_quote django.utils.http.urlquote requests.utils.quote yarl.URL.build",
)
_cleans(
    bits("unescaped-markup stored-markup request-forgery open-redirect header-injection log-injection path-traversal"),
    ".urlencode",
)
_cleans(bits("expression-injection"), "re.escape regex.escape")
_cleans(
    bits("ldap-injection"),
    "ldap.filter.escape_filter_chars ldap3.utils.conv.escape_filter_chars ldap.dn.escape_dn_chars ldap3.utils.dn.escape_rdn ldap.filter.filter_format escape_filter_chars escape_rdn escape_dn_chars",
)
_cleans(bits("log-injection header-injection"), "repr ascii")
_cleans(bits("nosql-injection mass-assignment"), "str bytes")
_cleans(bits("sql-injection"), "psycopg2.sql.Identifier psycopg.sql.Identifier psycopg2.sql.Literal psycopg.sql.Literal psycopg2.extensions.quote_ident "
        ".quote_identifier .quote_name .quote_ident MySQLdb.escape_string pymysql.converters.escape_string sqlalchemy.bindparam .bindparams sqlalchemy.sql.quoted_name sqlalchemy.column sqlalchemy.table")  # fmt: skip
_cleans(bits("eval-injection unsafe-deserialisation unsafe-yaml"), "ast.literal_eval")
_cleans(
    bits("unsafe-deserialisation unsafe-yaml"),
    "yaml.safe_load yaml.safe_load_all json.loads json.load tomllib.loads tomllib.load defusedxml.ElementTree.fromstring",
)
_cleans(
    bits("xml-entities"), "defusedxml.ElementTree.fromstring defusedxml.ElementTree.parse defusedxml.lxml.fromstring"
)
_cleans(
    bits("header-injection log-injection"),
    "base64.b64encode base64.urlsafe_b64encode email.header.Header email.utils.quote",
)
_cleans(
    bits("open-redirect"), "django.utils.http.url_has_allowed_host_and_scheme .get_absolute_url .get_success_url .save"
)
_cleans(bits("header-injection log-injection"), ".splitlines .split")
_cleans(bits("unescaped-markup stored-markup"), ".escape .xhtml_escape .sanitize .clean_html")
_cleans(
    bits("path-traversal unrestricted-upload archive-traversal"),
    "tempfile.mkstemp tempfile.NamedTemporaryFile uuid.uuid4",
)

CLEANING_METHODS = {name[1:]: mask for name, mask in CLEANERS.items() if name.startswith(".")}
"""The same by the method's name."""

GUARDS: dict[str, int] = {
    "django.utils.http.url_has_allowed_host_and_scheme": bits("open-redirect"),
    "django.utils.http.is_safe_url": bits("open-redirect"),
    "url_has_allowed_host_and_scheme": bits("open-redirect"),
    "werkzeug.security.check_password_hash": 0,
    "hmac.compare_digest": ALL,
    "secrets.compare_digest": ALL,
    "validators.url": 0,
    "itsdangerous.Signer.validate": ALL,
    "keyword.iskeyword": 0,
}
"""Functions that are true only of values that can do no harm for these weaknesses."""
METHOD_GUARDS: dict[str, int] = {
    "isdigit": ALL, "isdecimal": ALL, "isnumeric": ALL,
    "isalnum": ALL & ~bits("code-loading unrestricted-upload"), "isalpha": ALL & ~bits("code-loading"),
    "isidentifier": ALL & ~bits("code-loading mass-assignment"), "is_relative_to": bits("path-traversal archive-traversal"),
}  # fmt: skip
"""Methods of the value itself that are true only of values that can do no harm for these."""
SOUNDS_LIKE_CHECK = (
    "valid", "safe", "allow", "check", "verif", "permit", "trusted", "whitelist", "sanit", "is_ok", "clean", "local",
    "known",
)  # fmt: skip
"""Parts of the names of functions that may check a value, though nobody can see how."""
HARMLESS_KINDS = frozenset({
    "int", "float", "bool", "UUID", "uuid.UUID", "datetime.datetime", "datetime.date", "datetime.timedelta", "decimal.Decimal", "Decimal", "date",
    "datetime", "complex", "PositiveInt", "pydantic.PositiveInt", "pydantic.NonNegativeInt", "enum.Enum", "NonNegativeInt", "conint", "pydantic.UUID4",
    "IPvAnyAddress", "pydantic.IPvAnyAddress", "ipaddress.IPv4Address",
})  # fmt: skip
"""Classes whose objects cannot carry text that does harm."""
TEXT_KINDS = frozenset({"str", "bytes", "EmailStr", "pydantic.EmailStr", "constr"})

KEEPS_NOTHING = ALL
PATH_PARTS = frozenset({"name", "stem", "suffix"})
"""Attributes of paths that hold one part alone."""
RECEIVER_ONLY = frozenset({
    "get", "pop", "setdefault", "items", "keys", "values", "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "split", "rsplit",
    "partition", "rpartition", "splitlines", "encode", "decode", "copy", "read", "readline", "readlines", "getlist", "casefold", "zfill", "expandtabs", "swapcase",
    "removeprefix", "removesuffix", "as_posix", "resolve", "absolute", "expanduser", "dict", "model_dump", "json", "getvalue", "hex", "geturl", "get_all",
    "getall", "popitem", "to_dict", "first", "one", "tolist", "to_python", "groups", "group", "groupdict", "text", "file", "chunks", "stream", "getunicode", "translate",
})  # fmt: skip
"""Methods whose result holds what their object held, and nothing of their arguments."""
DROPS = frozenset({
    "append", "extend", "add", "insert", "update", "write", "sort", "remove", "clear", "discard", "commit", "flush",
    "close", "rollback",
})  # fmt: skip
FILLS = frozenset(
    {"append", "extend", "add", "insert", "appendleft", "update", "setdefault", "put", "put_nowait", "push", "write"}
)
"""Methods that put their arguments into their object."""
TEXTUAL_METHODS = frozenset({"format", "format_map", "join", "replace", "ljust", "rjust", "center"})
EXITS = frozenset({
    "sys.exit", "os._exit", "exit", "quit", "flask.abort", "quart.abort", "bottle.abort", "werkzeug.exceptions.abort", "abort", "os.abort", "sanic.exceptions.abort", "falcon.abort", "pytest.fail",
})  # fmt: skip
"""Functions that never return."""
SANITIZER_WORDS = ("sanitiz", "sanitis", "escape", "purify", "cleanse", "quote")
"""Parts of the names of functions whose purpose is to make values harmless, though nobody can see how."""
__all__ = ["ALL", "CLEANERS", "TEXTUAL"]
