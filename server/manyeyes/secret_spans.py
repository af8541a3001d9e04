# ruff: noqa: PLR2004 -- the figures are lengths of keys and words, and say no more under a name
"""Where in a text a secret stands: key formats, credentials in addresses, secret-sounding names, random strings.

The formats come from detect-secrets and from a table of our own; everything is cheap until a text holds
something that looks like a secret.  `find` reads a text and keeps nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from manyeyes.private_keys import private_key_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString, HexHighEntropyString

PLACEHOLDER = re.compile(r"<secret:[a-z0-9-]+:\d+>")
"""What a masked secret looks like; never taken for a secret itself."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A secret at `start` to `end` (characters).  `sure` ones are masked wherever their value appears again."""

    start: int
    end: int
    kind: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class _Format:
    """A key format: looked for only where one of the `hints` occurs.  The last group, if any, is the secret."""

    kind: str
    hints: tuple[str, ...]
    regex: re.Pattern[str]


def _format(kind: str, hints: str, regex: str) -> _Format:
    return _Format(kind, tuple(hints.split()), re.compile(regex))


_A = r"(?<![A-Za-z0-9])"
_FORMATS = (
    _format("anthropic-key", "sk-ant-", _A + r"sk-ant-[A-Za-z0-9_-]{16,}"),
    _format(
        "openai-key",
        "sk-",
        _A + r"sk-(?!ant-)(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{16,}",
    ),
    _format("google-key", "AIza", _A + r"AIza[A-Za-z0-9_-]{30,}"),
    _format("google-oauth", "GOCSPX- ya29.", _A + r"(?:GOCSPX-[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{20,})"),
    _format("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", _A + r"gh[pousr]_[A-Za-z0-9_]{16,}"),
    _format("github-token", "github_pat_", _A + r"github_pat_[A-Za-z0-9_]{20,}"),
    _format("gitlab-token", "glpat- gldt- glrt- glptt- glsoat-", _A + r"gl(?:pat|dt|rt|ptt|soat)-[A-Za-z0-9_.-]{16,}"),
    _format("slack-token", "xox xapp-", _A + r"(?:xox[abeoprs](?:\.xox[bp])?|xapp)-[A-Za-z0-9-]{10,}"),
    _format("slack-webhook", "hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9_/+-]{10,})"),
    _format("discord-webhook", "/api/webhooks/", r"discord(?:app)?\.com/api/webhooks/(\d+/[\w-]{20,})"),
    _format("aws-key", "AKIA ASIA ABIA ACCA", _A + r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _format("huggingface-token", "hf_", _A + r"(?<!_)hf_(?=[A-Za-z]*\d|[a-z]*[A-Z])[A-Za-z0-9]{16,}"),
    _format("npm-token", "npm_", _A + r"(?<!_)npm_[A-Za-z0-9]{30,}"),
    _format(
        "npm-token",
        "_authToken= _auth= _password=",
        r"(?m)(?://[^\s=]+:|^)_(?:authToken|auth|password)=([^\s\"'$<]{8,})",
    ),
    _format("pypi-token", "pypi-", _A + r"pypi-[A-Za-z0-9_-]{32,}"),
    _format("jwt", "eyJ", _A + r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,3}"),
    _format(
        "stripe-key",
        "k_live_ k_test_ whsec_",
        _A + r"(?:[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{20,})",
    ),
    _format("sendgrid-key", "SG.", _A + r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    _format("twilio-key", "SK AC", _A + r"(?:SK|AC)[0-9a-f]{32}(?![A-Za-z0-9])"),
    _format("digitalocean-token", "_v1_", _A + r"do[opr]_v1_[0-9a-f]{32,}"),
    _format("azure-key", "AccountKey= SharedAccessKey=", r"(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/=]{20,})"),
    _format("azure-signature", "sig=", r"[?&]sig=([A-Za-z0-9%+/=_-]{30,})"),
    _format("basic-auth", "://", r"://[^\s:/?#@\"'`<>{}\\]*:([^\s/@\"'`<>\\]{1,200})@(?=[\w.\[%{$-])"),
    _format("bearer-token", "earer EARER", r"(?i:\bbearer)[ \t]+(?=[^\s\d]*\d)([A-Za-z0-9._~+/-]{16,}=*)"),
    _format("basic-auth", "Basic basic", r"\b[Bb]asic[ \t]+(?=[A-Za-z+/]*\d)([A-Za-z0-9+/]{12,}={0,2})(?![\w.])"),
)

_NAMES = (
    r"pass_?words?|passwd|pwd|pass_?phrase|secret(?:_?(?:access_?)?key)?|client_?secret|credentials?|"
    r"(?:api|auth|access|service|account|db|database|priv(?:ate)?|client|encryption|signing|master)[_-]?key|"
    r"(?:db|database|user|root|admin)_?pass|(?:access|auth|api|bearer|refresh|bot|session)?_?token|contrase[ñn]a"
)
_NAME_HINT = re.compile(r"pass|pwd|secret|credential|key|token|contrase", re.IGNORECASE)
_QUOTE = re.compile(r"[\"'`]")
_QUOTED = r"(?P<quote>\"\"\"|'''|[\"'`])(?P<value>(?:\\.|(?!(?P=quote))[^\\\n]){1,400}?)(?P=quote)"
_NAMED = re.compile(
    rf"(?i)(?P<name>(?:{_NAMES})\w{{0,40}})[\"'\]]{{0,2}}\s{{0,8}}"
    rf"(?:(?P<sep>:=|=>|={{1,3}}|!==?|:\s{{0,4}}[A-Za-z_][\w.\[\]| ]{{0,40}}=|:|,|\()\s{{0,8}})"
    rf"@?(?:[rbuf]{{0,2}}){_QUOTED}"
)
_NAME_END = re.compile(rf"(?i)(?:{_NAMES})\d*")
_UNQUOTED = re.compile(
    rf"(?im)^[ \t+-]*(?:export[ \t]+|env[ \t]+|set[ \t]+|-e[ \t]+|- )?[\w.-]{{0,60}}?(?:{_NAMES})[\"']?"
    r"[ \t]{0,4}[=:][ \t]{0,4}(?P<value>[^\s\"'`<>(){}\[\],;$&]{6,200})(?=[ \t]*(?:\#.*)?$)"
)
_CODE_ENDINGS = frozenset(
    [
        ".py",
        ".pyi",
        ".js",
        ".jsx",
        ".mjs",
        ".cjs",
        ".ts",
        ".tsx",
        ".go",
        ".rs",
        ".java",
        ".kt",
        ".kts",
        ".c",
        ".h",
        ".cc",
        ".cpp",
        ".hpp",
        ".cs",
        ".rb",
        ".php",
        ".swift",
        ".scala",
        ".m",
        ".mm",
        ".lua",
        ".dart",
        ".ex",
        ".exs",
        ".erl",
        ".hs",
        ".ml",
        ".clj",
        ".r",
        ".jl",
        ".pl",
        ".pm",
        ".sql",
        ".vue",
        ".svelte",
        ".groovy",
        ".ps1",
        ".zig",
        ".html",
        ".css",
    ]
)
_RANDOM = re.compile(r"([\"'`])([A-Za-z0-9+/_=-]{20,500})\1")
_HASHES = re.compile(
    r"(?i)sha-?\d|md5|checksum|digest|integrity|hash|commit|\brev|etag|fingerprint|uuid|guid|blake|crc|hex|oid|"
    r"alphabet|charset"
)
_KEYWORD_IN_VALUE = re.compile(rf"(?i){_NAMES}|key|user|login|auth")
_WORDS = re.compile(r"[a-z]+(?:[A-Z][a-z]+)+|[A-Za-z]?[a-z]*(?:[_ .:/-]+[A-Za-z]?[a-z]*)*|[A-Z]+(?:[_ .:/-]+[A-Z]+)*")
_TEMPLATE = re.compile(r"\$?\{\{?[^{}]*\}\}?|%\(\w+\)[sdr]|%[sdr]|\$\w+|\$\([^)]*\)|<[\w .:/-]+>|\[[\w .-]+\]")
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
        "string",
    ]
)
_LONG = re.compile(r"[A-Za-z0-9+/=]{16,}")
_LONG_LINE = 4_000
_OVERLAP = 500


def find(text: str, path: str = "") -> list[Spot]:
    """All secrets in a text, in order, not overlapping and each within one line.

    Args:
        text: Any text.
        path: Its file name, where it has one: configuration formats have values without quotes.
    """
    taken = [match.span() for match in PLACEHOLDER.finditer(text)]
    spots = [
        *(Spot(start, end, "private-key", sure) for start, end, sure in private_key_spans(text)),
        *_formats(text),
        *_lines(text, path),
        *_random(text),
    ]
    if not spots:
        return []
    return merge((spot for spot in spots if not _overlaps(spot, taken)), text)


def merge(spots: Iterator[Spot], text: str) -> list[Spot]:
    """The spots in order; those that overlap become one, of the longest one's kind."""
    whole: list[Spot] = []
    for spot in sorted(spots, key=lambda spot: (spot.start, -spot.end)):
        last = whole[-1] if whole else None
        if last is None or spot.start >= last.end:
            whole.append(spot)
        elif spot.end > last.end:
            kind = spot.kind if spot.end - spot.start > last.end - last.start else last.kind
            whole[-1] = Spot(last.start, spot.end, kind, last.sure or spot.sure)
        elif spot.sure and not last.sure and (spot.start, spot.end) == (last.start, last.end):
            whole[-1] = spot
    return [spot for spot in whole if len(text[spot.start : spot.end].splitlines()) == 1]


def _overlaps(spot: Spot, spans: list[tuple[int, int]]) -> bool:
    return any(start < spot.end and spot.start < end for start, end in spans)


def _formats(text: str) -> Iterator[Spot]:
    for form in _FORMATS:
        if any(hint in text for hint in form.hints):
            for match in form.regex.finditer(text):
                start, end = match.span(match.lastindex or 0)
                if form.kind == "basic-auth" and not _is_password(text[start:end]):
                    continue
                yield Spot(start, end, form.kind, sure=end - start >= 8)


def _is_password(value: str) -> bool:
    """Whether what stands before the @ of an address is a value and neither a template nor a stand-in."""
    left = _TEMPLATE.sub("", value)
    return len(left) >= 3 and left.lower() not in {"password", "pass", "pwd", "passwd", "secret", "..."}


def _lines(text: str, path: str) -> Iterator[Spot]:
    """What needs a look at whole lines: secret-sounding names, and the formats of detect-secrets."""
    name = path.rsplit("/", 1)[-1].lower()
    dot = name.rfind(".")
    loose = not (dot != -1 and name[dot:] in _CODE_ENDINGS)
    at = 0
    for line in text.splitlines(keepends=True):
        for offset, piece in _windows(line):
            if len(piece) < 8:
                continue
            if (loose or _QUOTE.search(piece)) and _NAME_HINT.search(piece):
                yield from _named(piece, at + offset, path, loose=loose)
            if _LONG.search(piece) or "xox" in piece or ":" in piece:
                yield from _library_formats(piece, at + offset)
        at += len(line)


def _windows(line: str) -> Iterator[tuple[int, str]]:
    """The line, or overlapping parts of a very long one, so that no expression sees more than it can digest."""
    if len(line) <= _LONG_LINE:
        yield 0, line
        return
    for start in range(0, len(line), _LONG_LINE - _OVERLAP):
        yield start, line[start : start + _LONG_LINE]


def _named(line: str, at: int, path: str, *, loose: bool) -> Iterator[Spot]:  # noqa: C901 -- three tables in turn
    for match in _NAMED.finditer(line):
        value = match["value"]
        plain = bool(_WORDS.fullmatch(value))
        listed = match["sep"] in {",", "("}
        at_end = any(_NAME_END.fullmatch(match["name"], start) for start in range(len(match["name"])))
        if plain and (not at_end or listed or match["name"].lower().endswith("token")):
            continue  # `password_field = "login"`, `["password", "name"]`, `token == "if"`: names, not values
        if listed and (not at_end or " " in value or not _mixed(value)):
            continue  # `tokenize("x = 1")`
        if is_value(value):
            start, end = match.span("value")
            yield Spot(at + start, at + end, "password", sure=is_distinct(value))
    if loose:
        for match in _UNQUOTED.finditer(line.rstrip("\r\n")):
            if is_value(match["value"]) and _mixed(match["value"]):
                start, end = match.span("value")
                yield Spot(at + start, at + end, "password", sure=is_distinct(match["value"]))
    ending = path.rsplit(".", 1)[-1] if "." in path else ""
    for regex, group in _keyword_expressions(f"file.{ending[:12]}"):
        for match in regex.finditer(line.rstrip("\r\n")):
            start, end = match.span(group)
            quote = line[start - 1 : start]
            if quote in {'"', "'", "`"}:
                end = _closing(line, start, quote)
            elif not loose:
                continue
            value = line[start:end]
            if _mixed(value) and " " not in value.strip() and is_value(value):
                yield Spot(at + start, at + end, "password", sure=is_distinct(value))


def _closing(line: str, start: int, quote: str) -> int:
    """Where the quote that opened before `start` closes; a backslash does not let it."""
    at = start
    while at < len(line) and line[at] not in "\r\n":
        if line[at] == "\\":
            at += 2
        elif line[at] == quote:
            return at
        else:
            at += 1
    return len(line.rstrip("\r\n"))


def _mixed(value: str) -> bool:
    """Whether it is made up rather than written: letters with digits, or with signs that words do not have."""
    letters = any(char.isalpha() for char in value)
    digits = any(char.isdigit() for char in value)
    return (letters and (digits or bool(re.search(r"[!@#%^&*+=~|?]", value)))) or (digits and len(value) >= 6)


def is_value(value: str) -> bool:
    """Whether what is assigned to a secret-sounding name may be a secret, not a name, path, message or template."""
    bare = value.strip()
    if len(bare) < 4 or bare.lower() in _NOTHING or len(set(bare)) <= 2:
        return False
    if bare.startswith(("/", "./", "../", "~/", "http://", "https://", "urn:", "--", "\\", ".")) or "://" in bare:
        return False
    left = _TEMPLATE.sub("", bare)
    if left != bare and not (_mixed(left) and len(left) >= 6):
        return False
    if not any(char.isalnum() for char in bare):
        return False
    words = bool(_WORDS.fullmatch(bare))
    if " " in bare and (_KEYWORD_IN_VALUE.search(bare) or bare[-1] in ".:!?," or bare.count(" ") > 6):
        return False
    return not (
        words and (_KEYWORD_IN_VALUE.search(bare) or bare.lower().startswith(("your", "my-", "my_", "example")))
    )


def is_distinct(value: str) -> bool:
    """Whether a value can be looked for everywhere without hitting ordinary words, numbers and names."""
    if value.isdigit():
        return False
    if value.isidentifier():
        return len(value) >= (12 if "_" in value else 8) and _mixed(value) and not _KEYWORD_IN_VALUE.search(value)
    return len(value) >= 8 and _mixed(value)


def _random(text: str) -> Iterator[Spot]:
    """Quoted strings that look random.  Hashes beside a word that says so are left as they are."""
    for match in _RANDOM.finditer(text):
        value = match[2]
        hexadecimal = not re.search(r"[^0-9a-fA-F]", value)
        if hexadecimal:
            if len(value) < 32 or value.isdigit():
                continue
        elif not (re.search(r"\d", value) and re.search(r"[a-z]", value) and re.search(r"[A-Z]", value)):
            continue
        if _looks_random(value, hexadecimal=hexadecimal) and not _HASHES.search(
            text, max(text.rfind("\n", 0, match.start()) + 1, match.start() - 200), match.start()
        ):
            yield Spot(*match.span(2), "random-string")


def _looks_random(value: str, *, hexadecimal: bool) -> bool:
    from detect_secrets.filters import heuristic

    base64, hexes = _entropies()
    if hexadecimal:
        enough = hexes.calculate_shannon_entropy(value) > hexes.entropy_limit
    else:
        enough = base64.calculate_shannon_entropy(value) > base64.entropy_limit
        pieces = [piece for piece in re.split(r"[/_=+-]|(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)", value) if piece]
        enough = enough and len(value) / len(pieces) < 5
    return enough and not (heuristic.is_sequential_string(value) or heuristic.is_potential_uuid(value))


def _library_formats(line: str, at: int) -> Iterator[Spot]:
    for kind, regex in _expressions():
        for match in regex.finditer(line):
            groups = [group for group in range(1, (match.lastindex or 0) + 1) if len(match[group] or "") >= 16]
            start, end = match.span(groups[0] if groups else 0)
            while start < end and line[start] in " \t\r\n=:\"'":
                start += 1
            while end > start and line[end - 1] in " \t\r\n\"'":
                end -= 1
            if _mixed(line[start:end]):
                yield Spot(at + start, at + end, kind)


@cache
def _expressions() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The expressions of those detectors of detect-secrets that know a format; none of their network checks."""
    from detect_secrets.plugins import (
        artifactory,
        aws,
        cloudant,
        discord,
        ibm_cloud_iam,
        ibm_cos_hmac,
        mailchimp,
        softlayer,
        square_oauth,
        telegram_token,
    )

    detectors = {
        "artifactory-token": artifactory.ArtifactoryDetector,
        "aws-secret": aws.AWSKeyDetector,
        "cloudant-key": cloudant.CloudantDetector,
        "discord-token": discord.DiscordBotTokenDetector,
        "ibm-key": ibm_cloud_iam.IbmCloudIamDetector,
        "ibm-secret": ibm_cos_hmac.IbmCosHmacDetector,
        "mailchimp-key": mailchimp.MailchimpDetector,
        "softlayer-key": softlayer.SoftlayerDetector,
        "square-secret": square_oauth.SquareOAuthDetector,
        "telegram-token": telegram_token.TelegramBotTokenDetector,
    }
    denied: list[tuple[str, Iterable[re.Pattern[str]]]] = [
        (kind, cast("Iterable[re.Pattern[str]]", detector.denylist)) for kind, detector in detectors.items()
    ]
    return tuple((kind, regex) for kind, expressions in denied for regex in expressions)


@cache
def _keyword_expressions(path: str) -> tuple[tuple[re.Pattern[str], int], ...]:
    """What detect-secrets looks for behind secret-sounding names in a file of this kind, and in which group."""
    from detect_secrets.plugins import keyword
    from detect_secrets.util.filetype import determine_file_type

    table = keyword.REGEX_BY_FILETYPE.get(determine_file_type(path), keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP)
    return tuple(table.items())


@cache
def _entropies() -> tuple[Base64HighEntropyString, HexHighEntropyString]:
    from detect_secrets.plugins import high_entropy_strings

    return high_entropy_strings.Base64HighEntropyString(), high_entropy_strings.HexHighEntropyString()
