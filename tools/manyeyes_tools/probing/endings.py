"""Requests that a page means to change nothing with, and whose names say that they do."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

_ENDS = re.compile(
    r"log_?-?(?:out|off)|sign_?-?(?:out|off)|end_?-?session|delete|remove|destroy|purge|erase|wipe|truncate|"
    r"revoke|cancel|terminate|unsubscribe|unregister|uninstall|unlink|deactivate|disable|shut_?-?down|reboot|restart|"
    r"(?<!p)reset|drop(?!down|box|zone|let|ship|-down|_down)|(?<!s)kill|(?<![a-z])(?:del|rm|trash|clear)(?![a-z])",
    re.IGNORECASE,
)
_LEAVES = re.compile(r"log_?-?(?:out|off)|sign_?-?(?:out|off)|end_?-?session", re.IGNORECASE)
_MOST_LAYERS = 8


def ends(target: str) -> bool:
    """Whether a request's path or query reads as if it ended a session or took something away.

    Servers decode what they are sent, some of them twice, so it is the decoded words that count.  What is encoded
    more often than anyone means honestly is taken to hide such a word.
    """
    return _says(_ENDS, target)


def leaves(target: str) -> bool:
    """Whether a request reads as if it ended the session, which no scan has a use for: it would see less after it."""
    return _says(_LEAVES, target)


def _says(pattern: re.Pattern[str], target: str) -> bool:
    for _ in range(_MOST_LAYERS):
        if pattern.search(unicodedata.normalize("NFKC", target)):
            return True
        plain = unquote(target)
        if plain == target:
            return False
        target = plain
    return True
