"""What decides whether a candidate is a weakness, by its kind: a question for each family of CWE numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.weaknesses import family_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask about a candidate.

    Attributes:
        real: What makes it a weakness.
        safe: What would make it none.
        dismissible: Whether models may take it off the list.  What speaks against the models themselves, or what they
            cannot see since it is masked, they may only doubt.
    """

    real: str
    safe: str
    dismissible: bool = True


def _table(*rows: tuple[str, str, str]) -> dict[str, Question]:
    return {family: Question(real, safe) for families, real, safe in rows for family in families.split()}


QUESTIONS: Mapping[str, Question] = _table(
    # Injection
    (
        "query-injection",
        "Does text that an outsider chooses become part of the statement itself?",
        "It is bound as a parameter, a number by then, from a fixed set, or an identifier that is quoted properly.",
    ),
    (
        "command-injection",
        "Does an outsider choose part of a command that a shell reads, the program, or an argument that is an option?",
        "The arguments are a list without a shell and begin no option; the text is constant, quoted, from a fixed set.",
    ),
    (
        "code-injection",
        "Is text that an outsider chooses run as code?",
        "Only constants or a fixed set get there, or it is read as data (`literal_eval`, JSON).",
    ),
    (
        "template-injection",
        "Is the template's own text, not a value put into it, chosen by an outsider?",
        "The template is constant and the value is passed as a variable, or the engine is a sandbox that holds.",
    ),
    (
        "xss",
        "Does text that an outsider chooses reach a page as HTML or script?",
        "It is escaped for that very place, a number, or cleaned by a known cleaner; or the answer is no HTML.",
    ),
    (
        "ldap-injection xpath-injection xml-injection",
        "Does text that an outsider chooses become part of the expression or document itself?",
        "It is escaped by the library's own function, bound as a variable, or from a fixed set.",
    ),
    (
        "header-injection log-injection",
        "Can an outsider put a line break into it, and does the library let it through?",
        "Line breaks are taken out or encoded before, or the framework refuses them.",
    ),
    (
        "injection input-validation",
        "Does text that an outsider chooses change what another program understands?",
        "It is checked against what is allowed, or encoded for that program.",
    ),
    # Files, requests, data from outside
    (
        "path-traversal",
        "Can an outsider choose a path that leaves the folder, by `..`, an absolute path or a link?",
        "The resolved path is compared with the folder, or only a bare name or known key can get there.",
    ),
    (
        "upload",
        "Can an outsider store a file whose name or kind makes it run or be served as a page?",
        "Name and kind are chosen by the program, or checked against a list; it lies where nothing is run.",
    ),
    (
        "ssrf",
        "Does an outsider choose the host that the program connects to?",
        "The host is fixed or on a list, checked after it was resolved, and redirects are not followed elsewhere.",
    ),
    (
        "open-redirect",
        "Can an outsider send a visitor to an address of another host?",
        "Only paths of this site, or hosts on a list, get through, `//host` and `\\host` included in the check.",
    ),
    (
        "deserialisation",
        "Can an outsider choose the bytes that are read as objects?",
        "They come from the program itself, are signed and verified before, or the format holds data alone.",
    ),
    (
        "xml-entities",
        "Is XML from outside read by a parser that resolves entities or loads what it refers to?",
        "The parser forbids both here by its settings or by its version's defaults.",
    ),
    (
        "untrusted-code",
        "Is code or a program loaded from a place that others can write to?",
        "It is pinned and its digest or signature is checked before.",
    ),
    (
        "mass-assignment",
        "Can an outsider set fields that are not meant for outsiders, such as a role or an owner?",
        "Only named fields are taken over, or a schema leaves the others out.",
    ),
    # Access
    (
        "authorisation authentication privileges",
        "Can somebody who may not do this do it, by calling this route or by naming another's object?",
        "A check stands before it: decorator, middleware, parent class or router, a query limited to the caller's own.",
    ),
    (
        "csrf",
        "Can another site make a visitor's browser change something here?",
        "A token is checked, the cookie is same-site, or the caller shows a token in a header and no cookie.",
    ),
    (
        "session",
        "Can a session be set, kept or reused by somebody it does not belong to?",
        "It is renewed at log-in and ended at log-out, and it expires.",
    ),
    (
        "signature integrity",
        "Is something believed that was not verified, or verified with a key or method that the sender chooses?",
        "Signature and method are checked before anything in it is used.",
    ),
    (
        "certificate host-key",
        "Is a connection made to another host whose identity is not checked?",
        "The check is on in use; what switches it off runs in tests or against this machine alone.",
    ),
    # Secrets and cryptography
    (
        "weak-cryptography password-storage",
        "Does something that must stay safe rest on this method: a password, a signature, a secret?",
        "It serves no security: a cache key, an identifier, a checksum against accidents, a format that demands it.",
    ),
    (
        "randomness",
        "Would it harm to guess this value: a token, a password, a key, a code?",
        "Nothing is protected by it: samples, games, back-off, names of temporary things.",
    ),
    (
        "timing",
        "Is a secret compared in a way whose time tells how much of it was right?",
        "The comparison takes the same time for all, or nothing secret is compared.",
    ),
    (
        "cleartext",
        "Is something that must stay secret sent or kept readable?",
        "It is encrypted on the way or at rest, or it is not secret.",
    ),
    # Exposure and settings
    (
        "information-exposure sensitive-log",
        "Does an outsider, or a log that others read, get something that is not meant for them?",
        "It is masked or left out before, or it is meant to be known.",
    ),
    (
        "debug configuration network-exposure",
        "Is this in force where the program runs in earnest?",
        "It is overridden, read from the environment with a safe default, or belongs to tests and development alone.",
    ),
    (
        "cors cookie",
        "Is this sent by the running program, and can another site or a script use it?",
        "It is set elsewhere in force, nothing secret depends on it, or origins are on a list.",
    ),
    (
        "permissions temporary-file",
        "Can another user of the machine read, change or replace this file?",
        "The folder is private, the mode is narrower in the end, or nothing in it matters.",
    ),
    # Logic, time, resources
    (
        "race",
        "Can two callers at the same time both pass the check before either acts on it?",
        "A lock, a transaction of the right level or a unique constraint decides.",
    ),
    (
        "business-logic arithmetic",
        "Can an outsider reach a state that the business does not want: a negative amount, a step left out, a replay?",
        "The value is checked, and the step bound to the state before it.",
    ),
    (
        "resources",
        "Can a small request of an outsider use much time, memory or space?",
        "Size, count or time is limited before, or the input is bounded by its source.",
    ),
    (
        "error-handling",
        "Does the program go on as if it were safe, after the check itself failed?",
        "Whatever fails ends in refusal.",
    ),
    (
        "memory",
        "Can a length or index from outside leave the buffer?",
        "It is compared with the size on every way there.",
    ),
    (
        "vulnerable-component",
        "Is the vulnerable part of the component reached by this program?",
        "It is not used, or only with input that nobody else chooses.",
    ),
) | {
    "hard-coded-secret": Question(
        "Does this open something that is in use?",
        "It is a sample, a placeholder, a public key, a name of a setting or a value for tests alone.",
        dismissible=False,
    ),
    "prompt-injection": Question(
        "Is this text written for a reviewer or a model that reads the code, to sway it?",
        "It is a sample or a test of such texts, and plainly so.",
        dismissible=False,
    ),
    "hidden-text": Question(
        "Does the code read otherwise to people than to the machine?",
        "The characters belong to the language that is written there.",
        dismissible=False,
    ),
}
"""By the family of the CWE number."""

OTHERWISE = Question(
    "Does an attacker gain something by it, with data or calls that an attacker can make?",
    "No outsider reaches it, or something on the way there prevents it.",
)


def question_for(cwe: str | None) -> Question:
    """The question about a candidate with this CWE number."""
    return QUESTIONS.get(family_of(cwe), OTHERWISE) if cwe else OTHERWISE
