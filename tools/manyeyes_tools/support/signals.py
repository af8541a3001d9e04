"""When a person must take over: what the operator's duty of care demands, whatever a model would answer.

Phrases of English are looked for; a model sees the rest.  They are meant to err on the side of a person.
"""

from __future__ import annotations

import re

_URGENT: tuple[tuple[str, str], ...] = (
    (
        "the customer may be thinking of harming themselves",
        (
            r"kill(?:ing)? myself|suicid|end(?:ing)? (?:it all|my (?:own )?life)|(?:harm|hurt)(?:ing)? myself"
            r"|self[- ]?harm|(?:want|wish) to die|don'?t want to (?:live|be alive)|no reason to live"
        ),
    ),
    (
        "somebody may be in danger",
        (
            r"caught (?:on )?fire|(?:is|was|started) (?:burning|smoking)|smell(?:s|ing)? (?:of )?gas"
            r"|gas leak|electric shock|electrocuted|explo(?:ded|sion)|carbon monoxide"
            r"|(?:was|got|is|were|badly) (?:injured|hurt|burn(?:t|ed))"
            r"|in hospital|allergic reaction|poison"
        ),
    ),
    (
        "the customer asks for a person",
        (
            r"(?:speak|talk|chat|connect me|put me through|transfer me|escalate)\b.{0,20}\b(?:to|with)\b.{0,20}\b"
            r"(?:human|person|someone|somebody|agent|representative|operator|manager|supervisor|employee)"
            r"|(?:real|actual|live|human) (?:person|human|being|agent|operator)"
            r"|not (?:a|to a|with a) (?:bot|robot|machine)"
            r"|(?:want|need|get me|give me) (?:a|an|the|your) (?:human|manager|supervisor|agent|person|representative)"
            r"|call me back|stop (?:being|using) (?:a )?(?:bot|robot)"
        ),
    ),
    (
        "the customer speaks of legal steps",
        (
            r"\b(?:lawyer|attorney|solicitor|barrister|lawsuit|litigation|ombudsman|small claims)s?\b"
            r"|legal (?:action|steps)"
            r"|\b(?:sue|suing) (?:you|your|the)\b|take (?:you|this) to court|see you in court|trading standards"
            r"|consumer protection|press charges|report (?:you|this) to the (?:police|authorit|regulator)"
        ),
    ),
    (
        "there may be a fraud",
        (
            r"\bfraud|identity theft|phish(?:ing|ed)|(?:un|not )authori[sz]ed|hacked|stolen (?:card|account|identity)"
            r"|(?:card|account|phone|identity) (?:was|has been|got|is) (?:stolen|hacked|cloned|compromised)"
            r"|(?:did not|didn'?t|never) (?:make|made|authori[sz]e|approve) (?:this|that|the|these|those|any)? ?"
            r"(?:payment|purchase|transaction|charge|transfer|withdrawal)"
            r"|someone (?:else )?(?:has )?(?:used|accessed|logged in)"
        ),
    ),
    (
        "the customer asserts rights in their personal data",
        (
            r"\bgdpr\b|\bccpa\b|right to (?:erasure|be forgotten)|subject access|data (?:breach|protection officer)"
            r"|(?:delete|erase) (?:all )?(?:of )?my (?:personal )?data"
        ),
    ),
)
_RULES = tuple((reason, re.compile(pattern, re.IGNORECASE)) for reason, pattern in _URGENT)

_ANGRY = re.compile(
    r"\b(?:furious|outrag\w+|unacceptable|disgrace\w*|disgust\w*|ridiculous|appall\w+|shame(?:ful)?|scandal\w*|scam\w*"
    r"|worst|terrible|awful|horrible|useless|incompetent|pathetic|rip(?:ped)?[- ]?off|fed up|sick of|idiots?|liars?"
    r"|garbage|rubbish|bullshit|fuck\w*|shit\w*|damn|crap|hell|never again|enough|insult\w*|angry|livid|hate)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]{2,}")
_SHOUTED_WORDS, _SHOUTED_SHARE = 4, 0.6
_RAGE = 3


def urgent(text: str) -> str | None:
    """Why a person must see this message whatever it is about; None when nothing says so."""
    return next((reason for reason, pattern in _RULES if pattern.search(text)), None)


def anger(text: str) -> int:
    """How angry a message is: 0 not at all, from `RAGE` on very."""
    words = _WORD.findall(text)
    shouted = len(words) >= _SHOUTED_WORDS and sum(word.isupper() for word in words) / len(words) >= _SHOUTED_SHARE
    return len(_ANGRY.findall(text)) + int("!!" in text or "?!" in text) + int(shouted)


def sentiment(text: str, *, complaint: bool, upset_before: int) -> str | None:
    """Why a person must see this for the customer's mood; None when nothing says so."""
    now = anger(text)
    if now >= _RAGE:
        return "the customer is very angry"
    if now and upset_before:
        return "the customer is angry again"
    if complaint and upset_before > 1:
        return "the customer complains again"
    return None
