"""Personal data in what a customer writes becomes placeholders before anything leaves the machine.

What can be told by its form alone is found: e-mail addresses, telephone numbers, payment cards, bank accounts, IP
addresses, and national numbers that have a form or a check digit of their own.  Names and street addresses are not.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PLACEHOLDER = re.compile(r"<(?:email|phone|card|iban|ip|national-id):\d{1,6}>")
"""What personal data looks like once it is replaced."""

_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}+@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_IBAN = re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{2,4}){2,8}(?:[ -]?[A-Za-z0-9])?(?!\w)")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_IP = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:]|\.\d)")
_PHONE = re.compile(
    r"(?<![\w.-])(?:"
    r"(?:\+|00)[1-9](?:[ ().\-/]{0,2}\d){6,13}"  # with the country
    r"|\(?0\d{1,4}\)?(?:[ .\-/]{0,2}\d){5,10}"  # within a country that dials 0 first
    r"|\(?[2-9]\d{2}\)?[ .-]{1,2}\d{3}[ .-]\d{4}"  # North America
    r")(?![\w-])"
)
_SSN = re.compile(r"(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
_NINO = re.compile(r"(?<!\w)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)", re.IGNORECASE)
_CODICE = re.compile(r"(?<!\w)[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z](?!\w)", re.IGNORECASE)
_DNI = re.compile(r"(?<!\w)(?:\d{8}|[XYZ]\d{7})-?[A-Z](?!\w)", re.IGNORECASE)
_NIR = re.compile(r"(?<!\w)[12] ?\d{2} ?\d{2} ?\d{2} ?\d{3} ?\d{3} ?\d{2}(?!\w)")
_CPF = re.compile(r"(?<!\w)\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)")

_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_IBAN_LENGTHS = range(15, 35)


class Personal:
    """Replaces personal data by placeholders, the same by the same during one conversation, and puts it back.

    Args:
        known: What placeholders stand for from earlier turns.
        enabled: False replaces nothing.
    """

    def __init__(self, known: Mapping[str, str] | None = None, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._values = dict(known or {})
        self._placeholders = {value: placeholder for placeholder, value in self._values.items()}

    @property
    def known(self) -> Mapping[str, str]:
        """What each placeholder stands for."""
        return dict(self._values)

    def mask(self, text: str) -> str:
        """The text with all personal data replaced, also what was learned before and stands there in its own form."""
        if not self._enabled:
            return text
        taken = set(PLACEHOLDER.findall(text))  # a customer may write such a thing; it must not come to mean another's
        parts: list[str] = []
        at = 0
        for start, end, kind in _spans(text):
            parts += (text[at:start], self._placeholder(text[start:end], kind, taken))
            at = end
        return "".join((*parts, text[at:]))

    def restore(self, text: str) -> str:
        """The text with placeholders of this conversation replaced by what they stand for."""
        return PLACEHOLDER.sub(lambda match: self._values.get(match[0], match[0]), text)

    def _placeholder(self, value: str, kind: str, taken: set[str]) -> str:
        if value not in self._placeholders:
            number = 1 + sum(placeholder.startswith(f"<{kind}:") for placeholder in self._values)
            while (placeholder := f"<{kind}:{number}>") in taken or placeholder in self._values:
                number += 1
            self._placeholders[value] = placeholder
            self._values[placeholder] = value
        return self._placeholders[value]


def _spans(text: str) -> list[tuple[int, int, str]]:
    """Where personal data stands, in order; of two that overlap the one whose kind is surer."""
    found: list[tuple[int, int, str]] = []
    for kind, spans in _KINDS:
        for start, end in spans(text):
            if all(end <= other_start or start >= other_end for other_start, other_end, _ in found):
                found.append((start, end, kind))
    return sorted(found)


def _matching(
    regex: re.Pattern[str], accept: Callable[[str], bool] | None = None
) -> Callable[[str], Iterator[tuple[int, int]]]:
    def spans(text: str) -> Iterator[tuple[int, int]]:
        for match in regex.finditer(text):
            if accept is None or accept(match[0]):
                yield match.span()

    return spans


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    """Bank accounts, which end where their check digits come out right: words may follow without a sign."""
    for match in _IBAN.finditer(text):
        end = match.end()
        while end > match.start():
            if _is_iban(text[match.start() : end]):
                yield match.start(), end
                break
            end = max(text.rfind(" ", match.start(), end), match.start())


def _is_iban(text: str) -> bool:
    plain = re.sub(r"[ -]", "", text).upper()
    if len(plain) not in _IBAN_LENGTHS or not plain.isascii():
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _is_card(text: str) -> bool:
    """Luhn's check; a row of one digit is nobody's card."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]  # noqa: PLR2004  # two digits are added up
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(sign.isdigit() for sign in text)


def _is_dni(text: str) -> bool:
    plain = text.replace("-", "").upper()
    number = str("XYZ".find(plain[0])) + plain[1:-1] if plain[0] in "XYZ" else plain[:-1]
    return _DNI_LETTERS[int(number) % 23] == plain[-1]


def _is_nir(text: str) -> bool:
    plain = text.replace(" ", "")
    return 97 - int(plain[:-2]) % 97 == int(plain[-2:])


_KINDS: tuple[tuple[str, Callable[[str], Iterator[tuple[int, int]]]], ...] = (
    ("email", _matching(_EMAIL)),
    ("iban", _ibans),
    ("national-id", _matching(_NIR, _is_nir)),
    ("card", _matching(_CARD, _is_card)),
    ("national-id", _matching(_SSN)),
    ("national-id", _matching(_NINO)),
    ("national-id", _matching(_CODICE)),
    ("national-id", _matching(_DNI, _is_dni)),
    ("national-id", _matching(_CPF)),
    ("ip", _matching(_IP, _is_address)),
    ("phone", _matching(_PHONE)),
)
"""The surest first."""
