# ruff: noqa: PLR2004 -- the figures are lengths of keys and words, and say no more under a name
"""Where in a text a secret stands: key formats, credentials in addresses, secret-sounding names, random strings.

The formats come from detect-secrets and from a table of our own; everything is cheap until a text holds
something that looks like a secret.  `find` reads a text and keeps nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from manyeyes.pieces import scan
from manyeyes.private_keys import private_key_spans
from manyeyes.secret_names import named_values
from manyeyes.secret_values import fold, is_distinct, is_mixed, is_value, without_templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from detect_secrets.plugins.high_entropy_strings import Base64HighEntropyString, HexHighEntropyString

__all__ = ["PLACEHOLDER", "Spot", "find", "is_value", "merge", "outside_placeholders"]

PLACEHOLDER = re.compile(r"<secret:[a-z0-9-]+:\d+>")
"""What a masked secret looks like; never taken for a secret itself."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A secret at `start` to `end` (characters).  `sure` ones are masked wherever their value appears again."""

    start: int
    end: int
    kind: str
    sure: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class _Format:
    """A key format: looked for only where one of the `hints` occurs.  The last group, if any, is the secret.

    The expressions take a run of characters whole and never give it back (`+` behind a count); `accept` then says
    whether the run is a secret.  So the time grows with the length of the text and no faster.
    """

    kind: str
    hints: tuple[str, ...]
    regex: re.Pattern[str]
    accept: Callable[[str], bool] | None = None


def _format(kind: str, hints: str, regex: str, accept: Callable[[str], bool] | None = None) -> _Format:
    return _Format(kind, tuple(hints.split()), re.compile(regex), accept)


def _has_digit(value: str) -> bool:
    return any(char.isdigit() for char in value)


def _has_dot(value: str) -> bool:
    return "." in value


def _is_password(value: str) -> bool:
    """Whether what stands before the @ of an address is a value and neither a template nor a stand-in."""
    left = without_templates(value)
    return len(left) >= 3 and left.lower() not in {"password", "pass", "pwd", "passwd", "secret", "..."}


def _is_argument(value: str) -> bool:
    """Whether what follows an option such as `--token` is a value that somebody made up."""
    return is_mixed(value) and is_value(value) and without_templates(value) == value


def _is_glued_key(value: str) -> bool:
    """Whether a key's prefix that stands within a word begins one, and is not the end of `risk-ant-colony`."""
    return _has_digit(value) and any(char.isupper() for char in value)


def _is_login(value: str) -> bool:
    """Whether what follows `-u name:` is a password, and not a path or the number of a group."""
    return "/" not in value and not value.isdigit() and _is_argument(value)


_A = r"(?<![A-Za-z0-9])"
_ARGUMENT = r"[\"']?([^\s\"'`$<>(){},;]{4,200}+)"
_FORMATS = (
    _format("anthropic-key", "sk-ant-", _A + r"sk-ant-[A-Za-z0-9_-]{16,}+"),
    _format("anthropic-key", "sk-ant-", r"(?<=[A-Za-z0-9])sk-ant-[A-Za-z0-9_-]{16,}+", _is_glued_key),
    _format("openai-key", "sk-proj-", r"(?<=[A-Za-z0-9])sk-proj-[A-Za-z0-9_-]{16,}+", _is_glued_key),
    _format("openai-key", "sk-", _A + r"sk-(?!ant-)[A-Za-z0-9_-]{16,}+", _has_digit),
    _format("google-key", "AIza", _A + r"AIza[A-Za-z0-9_-]{30,}+"),
    _format("google-oauth", "GOCSPX- ya29.", _A + r"(?:GOCSPX-[A-Za-z0-9_-]{20,}+|ya29\.[A-Za-z0-9_-]{20,}+)"),
    _format("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", _A + r"gh[pousr]_[A-Za-z0-9_]{16,}+"),
    _format("github-token", "github_pat_", _A + r"github_pat_[A-Za-z0-9_]{20,}+"),
    _format("gitlab-token", "glpat- gldt- glrt- glptt- glsoat-", _A + r"gl(?:pat|dt|rt|ptt|soat)-[A-Za-z0-9_.-]{16,}+"),
    _format("slack-token", "xox xapp-", _A + r"(?:xox[abeoprs](?:\.xox[bp])?|xapp)-[A-Za-z0-9-]{10,}+"),
    _format("slack-webhook", "hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9_/+-]{10,}+)"),
    _format("discord-webhook", "/api/webhooks/", r"discord(?:app)?\.com/api/webhooks/(\d{1,40}+/[\w-]{20,}+)"),
    _format("aws-key", "AKIA ASIA ABIA ACCA", _A + r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _format(
        "huggingface-token",
        "hf_",
        r"(?<![A-Za-z0-9_])hf_[A-Za-z0-9]{16,}+",
        lambda value: not value[3:].isalpha() or not value[3:].islower(),
    ),
    _format("npm-token", "npm_", _A + r"(?<!_)npm_[A-Za-z0-9]{30,}+"),
    _format(
        "npm-token",
        "_authToken= _auth= _password=",
        r"(?<![^:\n])_(?:authToken|auth|password)=([^\s\"'$<]{8,}+)",
    ),
    _format("pypi-token", "pypi-", _A + r"pypi-[A-Za-z0-9_-]{32,}+"),
    _format(
        "jwt",
        "eyJ",
        _A + r"eyJ[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){0,3}+)?+",
        _has_dot,
    ),
    _format(
        "stripe-key",
        "k_live_ k_test_ whsec_",
        _A + r"(?:[sr]k_(?:live|test)_[A-Za-z0-9]{10,}+|whsec_[A-Za-z0-9+/=]{20,}+)",
    ),
    _format("sendgrid-key", "SG.", _A + r"SG\.[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{16,}+"),
    _format("twilio-key", "SK AC", _A + r"(?:SK|AC)[0-9a-f]{32}(?![A-Za-z0-9])"),
    _format("digitalocean-token", "_v1_", _A + r"do[opr]_v1_[0-9a-f]{32,}+"),
    _format("azure-key", "AccountKey= SharedAccessKey=", r"(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/=]{20,}+)"),
    _format("azure-signature", "sig=", r"[?&]sig=([A-Za-z0-9%+/=_-]{30,}+)"),
    _format(
        "basic-auth",
        "://",
        r"://[^\s:/?#@\"'`<>{}\\]{0,200}+:([^\s/@\"'`<>\\]{1,200}+)@(?=[\w.\[%{$-])",
        _is_password,
    ),
    _format(
        "bearer-token", "earer EARER", r"(?i:bearer)(?<!\w.{6})[ \t]{1,40}+([A-Za-z0-9._~+/-]{16,}+=*+)", _has_digit
    ),
    _format("basic-auth", "Basic basic", r"\b[Bb]asic[ \t]{1,40}+([A-Za-z0-9+/]{12,}+={0,2}+)(?![\w.])", _has_digit),
    _format(
        "authorization",
        "uthorization UTHORIZATION",
        r"(?i:authorization)[\"'`]?[ \t]{0,4}+[:=,][ \t]{0,4}+[\"'`]?[A-Za-z][A-Za-z-]{1,20}+[ \t]{1,4}+"
        r"([A-Za-z0-9._~+/-]{8,}+=*+)",
        is_mixed,
    ),
    _format("authorization", "Token", r"(?<=[\"'`])Token[ \t]{1,4}+([A-Za-z0-9._~+/-]{12,}+=*+)", _has_digit),
    _format(
        "password",
        "-u --user -user",
        r"(?<![\w-])-(?:u|-user|-proxy-user)[ \t=]{1,4}+[\"']?[^\s:\"'`$]{1,80}+:([^\s\"'`]{3,200}+)",
        _is_login,
    ),
    _format(
        "password",
        "auth Auth",
        r"(?:[aA]uth[\"']?\s{0,4}+[:=]\s{0,8}+|(?:Basic|Digest)Auth)\(\s{0,20}+[rbu]?[\"'][^\"'\n]{0,80}+[\"']\s{0,8}+,"
        r"\s{0,20}+(?:password\s{0,4}+=\s{0,4}+)?[rbu]?[\"']([^\"'\n]{4,200}+)[\"']",
        _is_argument,
    ),
    _format(
        "password",
        "</",
        r"(?i)<(?:[\w:.-]{1,20}[_:.-])?(?:password|passwd|pwd|passphrase|secret|token|api[_-]?key|secret[_-]?key)>"
        r"([^<>\s]{4,200}+)</",
        _is_argument,
    ),
    _format(
        "password",
        "machine",
        r"\bmachine[ \t]{1,20}+\S{1,80}+\s{1,20}+login\s{1,20}+\S{1,80}+\s{1,20}+password\s{1,20}+(\S{3,200}+)",
        _is_password,
    ),
    _format(
        "password",
        "ENV",
        r"\bENV[ \t]{1,4}+\w{0,60}?(?:PASSWORD|PASSWD|PWD|SECRET|TOKEN|API_KEY)\w{0,20}+[ \t]{1,4}+" + _ARGUMENT,
        _is_argument,
    ),
    _format("password", "sshpass", r"\bsshpass[ \t]{1,4}+-p[ \t]{0,4}+[\"']?([^\s\"'`$]{3,200}+)"),
    _format("password", "mysql", r"\bmysql(?:dump|admin)?[ \t][^\n|;]{0,80}?[ \t]-p([^\s\"'`$]{4,200}+)", _is_argument),
    _format(
        "password",
        "--",
        r"(?<![\w-])--(?:[A-Za-z0-9]{1,20}+[-_]){0,3}?"
        r"(?:password|passwd|passphrase|pass|pw|token|secret|api-?key|(?:secret|access)-?key)(?:[ \t]{1,4}+|=)"
        + _ARGUMENT,
        _is_argument,
    ),
)
_SHARED = ("sk-", "gh", "gl", "IA", "uth", "k_", "-u", "Key=", "asic", "_p")
"""What several hints have in common: where it is missing none of them need be looked for."""
_HINTED: dict[str, list[tuple[str, _Format]]] = {}
for _form in _FORMATS:
    for _hint in _form.hints:
        _HINTED.setdefault(next((part for part in _SHARED if part in _hint), _hint), []).append((_hint, _form))
# The formats below are those of detect-secrets; the hints are ours, and keep its expressions away from other texts.
_LIBRARY_HINTS: dict[str, tuple[str | re.Pattern[str], ...]] = {
    "artifactory-token": (re.compile(r"A(?:KC|P[\dA-F])[a-zA-Z0-9]{8}"),),
    "discord-token": (re.compile(r"\.[\w-]{6}\.[\w-]{27}"),),
    "mailchimp-key": ("-us",),
    "square-secret": ("sq0csp-",),
    "telegram-token": (re.compile(r":[0-9A-Za-z_-]{35}"),),
}
_LIBRARY_ADDRESSES = ("cloudant", "softlayer")
_KEY_RUN = re.compile(r"[A-Za-z0-9_/+-]{24,}+")
_KEY_WORDS = ("key", "pass", "pw", "token")
_KEY_WORD = re.compile("|".join(_KEY_WORDS))
_WINDOW = 60
_LONGEST_KEY = 66

_RANDOM = re.compile(r"([\"'`])([A-Za-z0-9+/_=-]{20,500}+)\1")
_HASHES = re.compile(
    r"sha-?\d|md5|checksum|digest|integrity|hash|commit|rev|etag|fingerprint|uuid|guid|blake|crc|hex|oid|"
    r"alphabet|charset"
)
_TOLD_HASHES = ("sha256-", "sha384-", "sha512-")
_LINE = re.compile(r"[^\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")


def find(text: str, path: str = "") -> list[Spot]:
    """All secrets in a text, in order, not overlapping and each within one line.

    Args:
        text: Any text.
        path: Its file name, where it has one: configuration formats have values without quotes.
    """
    low = fold(text)
    spots = [
        *(Spot(start, end, "private-key", sure) for start, end, sure in private_key_spans(text)),
        *_formats(text),
        *(
            Spot(start, end, "password", sure=is_distinct(text[start:end]))
            for start, end in named_values(text, low, path)
        ),
        *_library_formats(text, low),
        *_random(text, low),
    ]
    return merge(outside_placeholders(spots, text), text) if spots else []


def outside_placeholders(spots: Iterable[Spot], text: str) -> Iterator[Spot]:
    """Those of the spots that touch no placeholder."""
    taken = [match.span() for match in scan(PLACEHOLDER, text)] if "<secret:" in text else []
    starts = [start for start, _ in taken]
    for spot in spots:
        before = bisect_right(starts, spot.end - 1) - 1  # the last placeholder that begins within the spot or before
        if before < 0 or taken[before][1] <= spot.start:
            yield spot


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
    return [part for spot in whole for part in _within_lines(spot, text)]


def _within_lines(spot: Spot, text: str) -> Iterator[Spot]:
    """The spot without the characters that end a line for anybody; one for each line that it covers."""
    parts = [match.span() for match in _LINE.finditer(text, spot.start, spot.end)]
    if parts == [(spot.start, spot.end)]:
        yield spot
        return
    for start, end in parts:
        if any(char.isalnum() for char in text[start:end]):
            yield Spot(start, end, spot.kind, sure=spot.sure and is_distinct(text[start:end]))


def _formats(text: str) -> Iterator[Spot]:
    hinted = {
        form
        for shared, hints in _HINTED.items()
        if shared in text
        for hint, form in hints
        if hint is shared or hint in text
    }
    for form in _FORMATS if hinted else ():
        if form not in hinted:
            continue
        for match in scan(form.regex, text):
            start, end = match.span(match.lastindex or 0)
            if text[max(start, end - 16) : end].strip("xX") and (form.accept is None or form.accept(text[start:end])):
                sure = is_distinct(text[start:end]) if form.kind == "password" else end - start >= 8
                yield Spot(start, end, form.kind, sure=sure)


def _random(text: str, low: str) -> Iterator[Spot]:
    """Quoted strings that look random.  Hashes beside a word that says so are left as they are."""
    for match in scan(_RANDOM, text):
        value = match[2]
        if value.startswith(_TOLD_HASHES):
            continue  # `'sha256-…'` in a page's policy, `integrity="sha384-…"`
        hexadecimal = not re.search(r"[^0-9a-fA-F]", value)
        if hexadecimal:
            if len(value) < 32 or value.isdigit():
                continue
        elif not (re.search(r"\d", value) and re.search(r"[a-z]", value) and re.search(r"[A-Z]", value)):
            continue
        left = max(0, match.start() - 200)
        if _looks_random(value, hexadecimal=hexadecimal) and not _HASHES.search(
            low, max(left, text.rfind("\n", left, match.start()) + 1), match.start()
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


def _library_formats(text: str, low: str) -> Iterator[Spot]:
    """The formats that detect-secrets knows; those with a name in front only near a key and such a name."""
    hinted = {kind for kind, hints in _LIBRARY_HINTS.items() if any(_hints_at(hint, text) for hint in hints)}
    for kind, regex in _expressions() if hinted else ():
        if kind in hinted:
            for match in scan(regex, text):
                yield from _library_spot(text, kind, match)
    addresses = any(service in low for service in _LIBRARY_ADDRESSES)
    if not addresses and not any(word in low for word in _KEY_WORDS):
        return
    for run in scan(_KEY_RUN, text):
        start, end = run.span()
        start = max(text.rfind("\n", max(0, start - _WINDOW), start) + 1, start - _WINDOW, 0)
        end = min(end, run.start() + _LONGEST_KEY) + 2
        if not (_KEY_WORD.search(low, start, end) or addresses):
            continue
        for kind, regex in _expressions():
            if kind not in _LIBRARY_HINTS:
                for match in regex.finditer(text, start, end):
                    yield from _library_spot(text, kind, match)


def _hints_at(hint: str | re.Pattern[str], text: str) -> bool:
    if isinstance(hint, str):
        return hint in text
    return next(scan(hint, text), None) is not None


def _library_spot(text: str, kind: str, match: re.Match[str]) -> Iterator[Spot]:
    groups = [group for group in range(1, (match.lastindex or 0) + 1) if len(match[group] or "") >= 16]
    start, end = match.span(groups[0] if groups else 0)
    while start < end and text[start] in " \t\r\n=:\"'":
        start += 1
    while end > start and text[end - 1] in " \t\r\n\"'":
        end -= 1
    if is_mixed(text[start:end]):
        yield Spot(start, end, kind)


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
    return tuple(
        (kind, regex)
        for kind, detector in detectors.items()
        for regex in cast("Iterable[re.Pattern[str]]", detector.denylist)
    )


@cache
def _entropies() -> tuple[Base64HighEntropyString, HexHighEntropyString]:
    from detect_secrets.plugins import high_entropy_strings

    return high_entropy_strings.Base64HighEntropyString(), high_entropy_strings.HexHighEntropyString()
