# ruff: noqa: PLR2004 -- the figures are lengths of keys and words, and say no more under a name
"""Whether a value may be a secret, judged by nothing but its own characters."""

from __future__ import annotations

import re

NAMES = (
    r"passwords?|pass_words?|passwd|pwd|passphrase|pass_phrase|p(?<![a-z]p)w(?![a-z])|secret(?:_?(?:access_?)?key)?|"
    r"credentials?|api[_-]?key|auth[_-]?key|access[_-]?key|service[_-]?key|account[_-]?key|db[_-]?key|"
    r"database[_-]?key|priv(?:ate)?[_-]?key|client[_-]?key|encryption[_-]?key|signing[_-]?key|master[_-]?key|"
    r"db_?pass|database_?pass|key_?pass|user_?pass|root_?pass|admin_?pass|token|contrase[ñn]a"
)
"""The names that secrets go by, in small letters; an expression of which each part begins with a letter: that is
what makes a search for them fast."""

_KEYWORD_IN_VALUE = re.compile(rf"{NAMES}|key|user|login|auth")
_WORDS = re.compile(
    r"[a-z]++(?:[A-Z][a-z]++)++|[A-Za-z]?[a-z]*+(?:[_ .:/-]++[A-Za-z]?[a-z]*+)*+|[A-Z]++(?:[_ .:/-]++[A-Z]++)*+"
)
_TEMPLATE = re.compile(
    r"\$?\{\{?[^{}]{0,200}+\}\}?|%\(\w{1,60}+\)[sdr]|%[sdr]|\$\w+|\$\([^)]{0,200}+\)|"
    r"<[\w .:/-]{1,200}+>|\[[\w .-]{1,200}+\]"
)
_NOTHING = frozenset(
    [
        "none",
        "null",
        "nil",
        "true",
        "false",
        "undefined",
        "required",
        "optional",
        "redacted",
        "omitted",
        "masked",
        "hidden",
        "placeholder",
        "string",
    ]
)
_STAND_IN = re.compile(r"(?i)tok(?:en)?[_-]?\d{1,3}")
_SIGNS = re.compile(r"[!@#%^&*+=~|?]")
_ESCAPED_CHARACTER = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-7])")


def fold(text: str) -> str:
    """The text in small letters, each character where it was."""
    return text.replace("\u0130", "i").lower()  # the only character that becomes two


def is_plain(value: str) -> bool:
    """Whether it is written like words: `in_these`, `ThatWay` or `OR_SO`."""
    return bool(_WORDS.fullmatch(value))


def without_templates(value: str) -> str:
    """What is left of it when the places for other values are taken out, such as `${NAME}` and `<password>`."""
    return _TEMPLATE.sub("", value)


def is_mixed(value: str) -> bool:
    """Whether it is made up rather than written: letters with digits, or with signs that words do not have."""
    letters = any(char.isalpha() for char in value)
    digits = any(char.isdigit() for char in value)
    return (letters and (digits or bool(_SIGNS.search(value)))) or (digits and len(value) >= 6)


def is_value(value: str) -> bool:  # noqa: PLR0911 -- one reason after another to call it none
    """Whether what is assigned to a secret-sounding name may be a secret, not a name, path, message or template."""
    bare = value.strip()
    if len(bare) < 4 or bare.lower() in _NOTHING or len(set(bare)) <= 2:
        return False
    if (
        bare.startswith(
            ("/", "./", "../", "~/", "http://", "https://", "urn:", "--", ".", "(?", "([", "[a-z", "[A-Z", "^")
        )
        or "://" in bare
    ):
        return False
    if bare.startswith("\\") and not _ESCAPED_CHARACTER.match(bare):
        return False  # a path or an expression; bytes may well begin with an escape
    left = without_templates(bare)
    if left != bare and not (is_mixed(left) and len(left) >= 6):
        return False
    if not any(char.isalnum() for char in bare) or _STAND_IN.fullmatch(bare):
        return False
    if " " in bare and (_KEYWORD_IN_VALUE.search(fold(bare)) or bare[-1] in ".:!?," or bare.count(" ") > 6):
        return False
    return not (
        is_plain(bare)
        and (_KEYWORD_IN_VALUE.search(fold(bare)) or bare.lower().startswith(("your", "my-", "my_", "example")))
    )


def is_distinct(value: str) -> bool:
    """Whether a value can be looked for everywhere without hitting ordinary words, numbers and names."""
    if value.isdigit():
        return False
    if value.isidentifier():
        return (
            len(value) >= (12 if "_" in value else 8) and is_mixed(value) and not _KEYWORD_IN_VALUE.search(fold(value))
        )
    return len(value) >= 8 and is_mixed(value)
