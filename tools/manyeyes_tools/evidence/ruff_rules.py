"""Which of ruff's rules count as evidence, and what each means.  Data only.

For security each rule has its weakness, its weight and its remedy here, since ruff tells none of them.  For review
only rules that point at real faults were taken; whatever is style stays out.
"""

# ruff: noqa: E501  # a row of a table stays a row

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
CRITICAL = Severity.CRITICAL


def _table(*rows: tuple[str, int, Severity, float, str, str, str]) -> dict[str, Rule]:
    return {
        code: Rule(
            id=code, cwe=f"CWE-{cwe}", severity=severity, confidence=sure, title=title, explanation=why, remedy=remedy
        )
        for codes, cwe, severity, sure, title, why, remedy in rows
        for code in codes.split()
    }


_XML = (
    "The standard library's XML parsers expand entities without limit, so a small document can take all memory.",
    "Parse untrusted XML with `defusedxml`.",
)

SECURITY = _table(
    ("S102", 95, HIGH, 0.6, "`exec` runs text as code", "If any part of the text comes from outside, so does the code.",
     "Do it without `exec`: a table of functions, or a parser for what may be said."),
    ("S307", 95, HIGH, 0.7, "`eval` runs text as code", "If any part of the text comes from outside, so does the code.",
     "Use `ast.literal_eval` for literals, or a table of allowed operations."),
    ("S103", 732, MEDIUM, 0.8, "Permissions too wide", "Others on the machine may write or run this file.",
     "Grant no more than the owner needs, such as 0o600 or 0o700."),
    ("S104", 668, MEDIUM, 0.6, "Listens on all interfaces", "The service can be reached from every network at hand.",
     "Bind to 127.0.0.1 unless the service must be reached from elsewhere; then say so in the settings."),
    ("S105 S106 S107", 798, HIGH, 0.5, "Hard-coded password",
     "A value that looks like a password is written into the source.",
     "Read it from the environment or from a secret store when the program runs."),
    ("S108", 377, LOW, 0.4, "Fixed name in a shared temporary folder",
     "Others can put a file or link there before this program does.", "Use `tempfile.mkstemp` or `TemporaryDirectory`."),
    ("S110 S112", 390, MEDIUM, 0.75, "Every error is swallowed",
     "Whatever goes wrong here goes unseen, faults of its own included.",
     "Catch the errors that are expected, and log or handle them; let the others pass."),
    ("S113", 1088, LOW, 0.8, "Request without a time-out",
     "A server that does not answer holds this call, and whatever waits for it, for ever.", "Pass `timeout=`."),
    ("S201", 489, HIGH, 0.9, "Debug mode is on",
     "Flask's debugger lets whoever reaches an error page run code on the server.",
     "Take `debug=True` out, and turn it on by a setting of the development machine alone."),
    ("S202", 22, HIGH, 0.6, "Archive unpacked without a check",
     "Entries of the archive can name paths outside the folder and overwrite files there.",
     "Pass `filter='data'` to `extractall`, or check each member's path."),
    ("S301 S302", 502, HIGH, 0.6, "Untrusted data may be unpickled",
     "Loading data of this format can run any code that its writer put there.",
     "Use JSON or another format of plain data, or verify a signature before loading."),
    ("S303 S324", 328, LOW, 0.5, "Weak hash function", "Collisions can be made for this hash at will.",
     "Use SHA-256; for passwords use argon2, scrypt or bcrypt. If nothing depends on it, say `usedforsecurity=False`."),
    ("S304", 327, HIGH, 0.8, "Broken cipher", "This cipher no longer protects what it encrypts.", "Use AES-GCM or ChaCha20."),
    ("S305", 327, HIGH, 0.8, "Broken cipher mode", "ECB shows which blocks are equal.", "Use GCM, or CTR with a MAC."),
    ("S306", 377, MEDIUM, 0.9, "`mktemp` leaves a gap",
     "Someone else can create the file between the choice of the name and its use.",
     "Use `tempfile.mkstemp` or `NamedTemporaryFile`."),
    ("S308 S704", 79, MEDIUM, 0.6, "Text marked as safe HTML",
     "What is marked safe is not escaped; with text from outside, scripts get into the page.",
     "Let the template escape it, or use `format_html` with arguments."),
    ("S310", 918, LOW, 0.4, "URL opened without a check of its scheme",
     "`urlopen` also takes `file:` and others; an address from outside can read local files.",
     "Allow only `https:` and known hosts before opening."),
    ("S311", 338, LOW, 0.3, "Random numbers that can be predicted",
     "`random` is not made for secrets: who sees some of its output can compute the rest.",
     "Use `secrets` for anything that must not be guessed."),
    ("S312", 319, MEDIUM, 0.8, "Telnet sends in the clear", "Whoever is on the way reads all, passwords included.", "Use SSH."),
    ("S313 S314 S315 S316 S317 S318 S319", 776, LOW, 0.5, "XML parsed without limits", *_XML),
    ("S321", 319, MEDIUM, 0.8, "FTP sends in the clear", "Whoever is on the way reads all, passwords included.",
     "Use SFTP or FTPS."),
    ("S323 S501", 295, HIGH, 0.9, "Certificates are not checked",
     "Whoever is on the way can pose as the server and read or change what is sent.",
     "Leave the check on; for a private authority pass its certificate."),
    ("S502 S503 S504", 327, MEDIUM, 0.8, "Outdated TLS version", "This version of the protocol has known breaks.",
     "Use `ssl.create_default_context()`."),
    ("S505", 326, MEDIUM, 0.9, "Key too short", "Keys of this length can be broken.",
     "Use RSA with 3072 bits or more, or an elliptic curve of 256."),
    ("S506", 502, HIGH, 0.9, "Unsafe YAML loader", "This loader creates any Python object that the document names.",
     "Use `yaml.safe_load`."),
    ("S507", 322, HIGH, 0.8, "SSH host keys are not checked", "Whoever is on the way can pose as the server.",
     "Load the known hosts and use `RejectPolicy`."),
    ("S508 S509", 319, MEDIUM, 0.8, "SNMP without encryption", "Whoever is on the way reads all.",
     "Use SNMPv3 with `authPriv`."),
    ("S601", 78, MEDIUM, 0.4, "Command run on a remote shell", "Text from outside in the command becomes commands.",
     "Quote each argument with `shlex.quote`."),
    ("S602 S604 S605", 78, MEDIUM, 0.4, "Command run through a shell", "Text from outside in the command becomes commands.",
     "Pass a list of arguments and no `shell=True`."),
    ("S608", 89, HIGH, 0.6, "SQL put together from text",
     "If a part of the statement comes from outside, so can another statement.",
     "Keep the statement constant and pass the values as parameters."),
    ("S609", 88, MEDIUM, 0.5, "Wildcard in a shell command", "A file whose name begins with `-` becomes an option.",
     "Put `--` or `./` before the wildcard."),
    ("S610 S611", 89, HIGH, 0.6, "Raw SQL in a Django query",
     "If a part of the statement comes from outside, so can another statement.", "Use the query interface or `params`."),
    ("S612", 94, MEDIUM, 0.8, "Logging settings taken from the network",
     "Whoever reaches the port can make this program run code.", "Pass `verify=` or read settings from a file."),
    ("S701 S702", 79, HIGH, 0.7, "Templates without escaping", "Text put into these pages is not escaped.",
     "Turn `autoescape` on: `select_autoescape()`."),
)  # fmt: skip
"""Rules for a security scan."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rules for review that weigh the same.  Their titles are ruff's own messages.

    `alone` says that they need no more than the lines at hand, so that they also hold for parts of a file.
    """

    codes: tuple[str, ...]
    severity: Severity
    confidence: float
    why: str
    remedy: str
    alone: bool = True
    cwe: str | None = None


REVIEW: tuple[Group, ...] = (
    Group(("F821", "F822", "F823"), HIGH, 0.9, "Reaching this line raises NameError.",
          "Define or import the name, or correct its spelling.", alone=False),
    Group(("F502", "F503", "F505", "F507", "F522", "F524", "F525", "PLE1206", "PLE1307", "F508", "F509", "F501", "F521"),
          HIGH, 0.9, "The text and its values do not fit: formatting raises an error or leaves values out.",
          "Make placeholders and values agree."),
    Group(("F601", "F602", "B033", "B035", "PLW0128"), MEDIUM, 0.7, "A later value takes the place of an earlier one.",
          "Remove the repetition, or correct what was meant."),
    Group(("F632", "F631", "B015", "B018", "PLW0129", "PLR0124", "PLW0177", "F634"), MEDIUM, 0.8,
          "The expression does not do what it seems to do.", "Write the comparison or the statement that was meant."),
    Group(("F402", "F811", "PLW0127"), LOW, 0.7, "A definition is lost because the name is given again.",
          "Use another name, or remove the one that is not used.", alone=False),
    Group(("F841", "F401"), LOW, 0.6, "It is never used; often a sign that something was forgotten.",
          "Use it or remove it.", alone=False, cwe="CWE-561"),
    Group(("F701", "F702", "F704", "F706", "F707", "F404", "F407", "F622", "PLE0100", "PLE0115", "PLE0117", "PLE0118",
           "PLE1700"), HIGH, 0.95, "Python refuses to compile this.", "Put the statement where it is allowed.", alone=False),
    Group(("B006", "B039", "RUF008", "RUF024"), MEDIUM, 0.85,
          "One object is shared by all calls, so that what one call puts into it the next one finds there.",
          "Use None as the default and make the object inside the function; in dataclasses use `default_factory`."),
    Group(("B008", "RUF009"), LOW, 0.4, "The call is made once, when the function is defined, not at each use.",
          "Make the call inside the function."),
    Group(("B023",), MEDIUM, 0.6, "The function sees the variable's last value, not the one of its own turn.",
          "Bind the value: `lambda x=x: …`."),
    Group(("B012",), HIGH, 0.8, "An error on its way is lost here.", "Move the statement out of it."),
    Group(("PLE0704",), LOW, 0.5, "Without an error on its way at this moment, it raises RuntimeError instead.",
          "Raise in the handler itself, or name the error."),
    Group(("B016", "B029", "B030", "PLW0711", "F901", "PLW0133", "B025", "B014"), HIGH, 0.9,
          "The error is not raised or not caught as it is written.", "Name the exception classes as a tuple."),
    Group(("B020", "B031", "PLR1704"), LOW, 0.5, "The loop's own variable is given another value inside it.",
          "Use another name."),
    Group(("B002", "B003", "B004", "B005", "B026", "B032", "B034", "PLE1310", "PLW1501", "PLE1507", "PLW1507", "PLW1508",
           "PLE0302", "PLE0101", "PLE0116", "PLE0241", "PLE0303", "PLE0604", "PLE0605", "PLE0643", "PLE1142", "PLE1519",
           "PLE1520"), MEDIUM, 0.75, "This does something other than it looks like.",
          "See the rule's page for the right form."),
    Group(("B019",), LOW, 0.7, "The cache keeps every instance alive for as long as the program runs.",
          "Cache a plain function, or keep the value on the instance.", cwe="CWE-401"),
    Group(("E722",), LOW, 0.7, "It also catches SystemExit and KeyboardInterrupt, and hides every fault.",
          "Catch the errors that are expected.", cwe="CWE-396"),
    Group(("E711",), LOW, 0.6, "Comparing with `==` runs whatever the other side defines as equality.", "Use `is None`."),
    Group(("RUF006",), MEDIUM, 0.85, "Nothing holds the task, so that it may be thrown away before it is done.",
          "Keep it, or use a task group."),
    Group(("RUF032",), MEDIUM, 0.8, "The decimal takes over the inexactness of the float.",
          "Give the number as text: `Decimal('0.1')`.", cwe="CWE-682"),
    Group(("RUF016", "RUF018", "RUF060", "PLR1708", "RUF026"), MEDIUM, 0.8,
          "This fails, or does nothing, when it is reached.", "Write what was meant."),
    Group(("ASYNC105", "ASYNC210", "ASYNC212", "ASYNC220", "ASYNC221", "ASYNC222", "ASYNC230", "ASYNC251"), MEDIUM, 0.75,
          "Nothing else can run on the event loop for as long as this takes.",
          "Use the asynchronous counterpart, or a worker thread."),
    Group(("LOG007", "LOG014", "PLE1205"), LOW, 0.7, "The log will not hold what was meant.", "Correct the call."),
    Group(("DTZ003", "DTZ004"), LOW, 0.6, "The time has no zone, and is taken for local time by what reads it.",
          "Use `datetime.now(UTC)`."),
)  # fmt: skip
"""Rules for a review."""

SYNTAX = Rule(
    id="invalid-syntax",
    title="Syntax error",
    severity=HIGH,
    confidence=0.97,
    category="syntax",
    explanation="Python cannot read this file.",
    remedy="Correct the syntax; nothing in this file runs before that.",
)


@cache
def review_rules(*, part: bool) -> dict[str, Rule]:
    """The rules of `REVIEW` by their codes; for parts of a file, only those that hold there.

    Their titles are empty: ruff's message about the place is the title.  Made once: not to be changed.
    """
    return {
        code: Rule(
            id=code, title="", category="bug", severity=group.severity, confidence=group.confidence, cwe=group.cwe,
            explanation=group.why, remedy=group.remedy,
        )
        for group in REVIEW
        if group.alone or not part
        for code in group.codes
    }  # fmt: skip
