"""The weaknesses that values can do harm by, each with its number, weight and remedy.  Data only."""

# ruff: noqa: E501  # a row of a table stays a row

from __future__ import annotations

from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW


def _rules(*rows: tuple[str, int, Severity, float, str, str, str]) -> dict[str, Rule]:
    return {
        name: Rule(
            id=name, cwe=f"CWE-{cwe}", severity=severity, confidence=sure, title=title, explanation=why, remedy=remedy
        )
        for name, cwe, severity, sure, title, why, remedy in rows
    }


RULES = _rules(
    ("sql-injection", 89, CRITICAL, 0.9, "SQL injection",
     "The statement is put together from text and values, so that a value can change what it does.",
     "Keep the statement constant and pass the values as parameters: `execute('… WHERE id = ?', (value,))`."),
    ("nosql-injection", 943, HIGH, 0.8, "Query operators from outside",
     "What the caller sends becomes a part of the query: an object such as `{'$ne': ''}` in place of text changes what is asked.",
     "Turn each value into text or a number first (`str(value)`), and never let a caller write `$where`."),
    ("ldap-injection", 90, HIGH, 0.85, "LDAP injection",
     "The filter or name is put together from text and values; `*` and brackets in a value change what is asked.",
     "Escape values with `escape_filter_chars` or `escape_rdn`."),
    ("xpath-injection", 643, HIGH, 0.85, "XPath injection",
     "The expression is put together from text and values, so that a value can change what it selects.",
     "Keep the expression constant and pass values as variables: `xpath('//u[@n=$name]', name=value)`."),
    ("command-injection", 78, CRITICAL, 0.85, "Shell command built from values",
     "A shell reads this command, and a part of it is not constant: a value can add commands of its own.",
     "Pass a list of arguments to `subprocess.run` without `shell=True`."),
    ("argument-injection", 88, HIGH, 0.65, "Program or its options chosen from outside",
     "The caller chooses which program runs, or an argument that begins with `-` becomes an option.",
     "Keep the program constant, allow only known values, and put `--` before arguments from outside."),
    ("eval-injection", 95, CRITICAL, 0.85, "Text run as Python code",
     "What is run is not a constant: whoever can influence it can run any code.",
     "Use `ast.literal_eval` for literals, or a table of the operations that are allowed."),
    ("code-loading", 94, HIGH, 0.75, "Code chosen from outside",
     "A value from outside names the module, function or attribute that is used.",
     "Look the name up in a table of those that are allowed."),
    ("unsafe-deserialisation", 502, CRITICAL, 0.8, "Objects loaded from untrusted data",
     "This loader can run code that the data names.", "Use JSON or `yaml.safe_load`, or verify a signature before loading."),
    ("unsafe-yaml", 502, HIGH, 0.85, "Unsafe YAML loader",
     "This loader creates any Python object that the document names.", "Use `yaml.safe_load`."),
    ("template-injection", 1336, HIGH, 0.8, "Template made from values",
     "A template that is not constant runs whatever expressions a value brings along.",
     "Keep the template constant and pass the values to it."),
    ("unescaped-markup", 79, HIGH, 0.8, "Values put into HTML unescaped",
     "The page holds a value as it came; scripts in it run in the reader's browser.",
     "Let a template escape it, or use `markupsafe.escape`, `html.escape` or `format_html`."),
    ("stored-markup", 79, MEDIUM, 0.8, "Stored values put into HTML unescaped",
     "The page holds stored text as it is; if a user can write it, scripts in it run in other readers' browsers.",
     "Let a template escape it, or use `markupsafe.escape`, `html.escape` or `format_html`."),
    ("request-forgery", 918, HIGH, 0.75, "Address taken from the request",
     "The caller chooses which address the server opens, internal ones included.",
     "Allow only known hosts and `https`, and check the address that the name resolves to."),
    ("open-redirect", 601, MEDIUM, 0.75, "Redirect to an address from the request",
     "A link to this site can lead on to any other, which helps to deceive its users.",
     "Redirect only to paths of this site, or to addresses from a list."),
    ("path-traversal", 22, HIGH, 0.8, "Path built from a value from outside",
     "`..` or an absolute path in the value reaches files elsewhere.",
     "Resolve the path and check with `is_relative_to` that it lies in the folder meant."),
    ("archive-traversal", 22, HIGH, 0.7, "Archive unpacked without a check",
     "Entries of the archive can name paths outside the folder and overwrite files there.",
     "Pass `filter='data'` to `extractall`, or check each member's path."),
    ("unrestricted-upload", 434, HIGH, 0.65, "Upload stored under the name it came with",
     "The sender chooses the name and ending under which the file is stored, so that a server may run it or show it as a page.",
     "Choose the name yourself, allow only known endings, and store it outside the folders that are served."),
    ("xml-entities", 611, HIGH, 0.75, "XML from outside parsed with entities",
     "The parser resolves entities that the document declares: it can read files, reach other hosts, or take all memory.",
     "Parse with `defusedxml`, or with `lxml.etree.XMLParser(resolve_entities=False, no_network=True)`."),
    ("header-injection", 113, MEDIUM, 0.6, "Value from outside in a header",
     "A line break in the value begins a header, or a body, of the caller's own.",
     "Refuse values with line breaks, or pass them through `urllib.parse.quote`."),
    ("log-injection", 117, LOW, 0.5, "Value from outside in a log",
     "Line breaks in the value forge entries of their own.",
     "Log it with `%r`, or take line breaks out first."),
    ("expression-injection", 1333, MEDIUM, 0.7, "Regular expression from outside",
     "Whoever chooses the expression can choose one that takes for ever.",
     "Pass it through `re.escape`, or search for plain text."),
    ("mass-assignment", 915, HIGH, 0.65, "Fields chosen by the caller",
     "The caller decides which fields are set, such as `is_admin` or `owner_id`.",
     "Name the fields that may be set, and take only these."),
    ("format-injection", 134, MEDIUM, 0.6, "Format string from outside",
     "`format` follows attributes that the text names, and so shows what lies behind the objects.",
     "Keep the format constant and pass the value as an argument."),
    ("origin-reflected", 942, HIGH, 0.75, "Any site may read the answers",
     "The answer allows whatever origin the request names, so pages of any other site may read it in the reader's name.",
     "Compare the origin with a list of those that may."),
    ("session-from-outside", 501, LOW, 0.3, "Unchecked value kept in the session",
     "What the session holds is trusted later; this value was not checked.", "Check the value before it is kept."),
    ("error-shown", 209, MEDIUM, 0.6, "Error shown to the caller",
     "The error's text or trace tells the caller about the program's insides.",
     "Log the error, and answer with a text that says no more than the caller needs."),
)  # fmt: skip
"""Every weakness that values are followed for, by its name."""

BITS = {name: 1 << place for place, name in enumerate(RULES)}
"""A bit for each, so that sets of them are numbers."""
ALL = (1 << len(RULES)) - 1
"""All of them."""
TEXTUAL = ALL & ~BITS["nosql-injection"] & ~BITS["mass-assignment"]
"""What text can do, and objects of JSON too."""


def bits(names: str) -> int:
    """The bits of weaknesses named with blanks between them; `all` stands for all of them."""
    found = 0
    for name in names.split():
        found |= ALL if name == "all" else BITS[name]
    return found


PATH = bits("path-traversal archive-traversal")
"""What a path can do."""
ADDRESS = bits("open-redirect request-forgery")
"""What an address can do."""
UPLOADED = bits("unrestricted-upload")
"""What the name of an upload can do."""
LINES = bits("header-injection log-injection")
"""What a line break can do."""
NOSQL = bits("nosql-injection mass-assignment")
"""What only objects can do, and text cannot."""

ORIGINS = {
    "request": ("comes with the request", 1.0),
    "upload": ("is the name of an uploaded file", 1.0),
    "content": ("is the content of an uploaded file", 0.9),
    "cli": ("comes from the command line", 0.85),
    "environ": ("comes from the environment", 0.3),
    "store": ("was stored, perhaps from a request", 0.55),
    "remote": ("comes from another host", 0.5),
    "file": ("is read from a file", 0.4),
    "error": ("is an error's text", 1.0),
    "param": ("is given by whoever calls the function", 0.75),
    "unknown": ("is not known", 0.6),
}
"""What is said of each kind of origin, and how much less sure a finding is with it."""

NOT_FROM = {
    "log-injection": "environ store remote file param unknown content error",
    "header-injection": "cli environ store file param unknown error content",
    "request-forgery": "environ store file param unknown error content",
    "open-redirect": "environ store file param unknown error content cli",
    "path-traversal": "environ unknown error content store remote file",
    "argument-injection": "environ unknown error param store file cli content",
    "format-injection": "environ unknown error param store cli file remote content",
    "expression-injection": "environ unknown error param store cli file remote",
    "mass-assignment": "environ unknown error param store cli file remote",
    "nosql-injection": "environ unknown error param store cli file remote",
    "origin-reflected": "environ unknown error param store cli file remote content",
    "session-from-outside": "environ unknown error param store cli file remote content",
    "code-loading": "environ unknown error param store file cli",
    "unescaped-markup": "environ param unknown file cli store error",
    "stored-markup": "environ param unknown file cli request upload content error remote",
    "unrestricted-upload": "request environ param unknown file cli store remote error content",
    "archive-traversal": "environ error",
    "xml-entities": "environ error cli unknown",
    "error-shown": "request upload content cli environ store remote file param unknown",
    "command-injection": "error",
    "eval-injection": "error",
    "sql-injection": "error environ",
    "unsafe-deserialisation": "error",
    "unsafe-yaml": "error",
    "template-injection": "error environ store",
    "xpath-injection": "error environ store unknown",
    "ldap-injection": "error environ store unknown",
}
"""The kinds of origin that mean nothing for a weakness: who sets the environment need not forge a log."""
NOT_FROM_SETS = {name: frozenset(kinds.split()) for name, kinds in NOT_FROM.items()}

WEAK = {
    "sql-injection": 0.83, "eval-injection": 0.9, "command-injection": 0.9, "unsafe-deserialisation": 0.95, "unsafe-yaml": 0.95,
    "template-injection": 0.6, "xpath-injection": 0.6, "ldap-injection": 0.6, "path-traversal": 0.55,
    "archive-traversal": 0.8, "xml-entities": 0.55, "unescaped-markup": 0.8,
}  # fmt: skip
"""Weaknesses told of parameters whose callers are not known too, and by how much less sure."""
