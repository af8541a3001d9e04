"""Text in the code that is meant for whoever reviews it by machine, and text that eyes cannot see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes.cores import compute_on
from manyeyes_tools.evidence.rules import Engine, Hit, Looked, Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.rules import Purpose
    from manyeyes_tools.material import Material, SourceFile

INJECTION = Rule(
    id="prompt-injection",
    title="Text that instructs an automated reviewer",
    severity=Severity.HIGH,
    confidence=0.8,
    cwe="CWE-1427",
    category="prompt_injection",
    explanation=(
        "This text is addressed to a model that reads the code, and tells it what to do or what to report. "
        "It was not followed."
    ),
    remedy="Find out who put it there and why; take it out unless it is a test of such attacks.",
)
BIDI = Rule(
    id="bidi-control",
    title="Invisible characters that reorder the text",
    severity=Severity.HIGH,
    confidence=0.9,
    cwe="CWE-1007",
    category="prompt_injection",
    explanation="Bidirectional control characters make this line look different from what the compiler reads.",
    remedy="Remove the characters, or write them as escapes where a string needs them.",
)
TAGS = Rule(
    id="hidden-text",
    title="Hidden text in invisible characters",
    severity=Severity.HIGH,
    confidence=0.95,
    cwe="CWE-1007",
    category="prompt_injection",
    explanation=(
        "This line holds Unicode tag or variation characters that no editor shows and that models read as text."
    ),
    remedy="Remove the characters and find out how they came there.",
)

_WHO = r"(?:AI|LLM|language\s+model|GPT|Claude|Gemini|Copilot|automated\s+(?:code\s+)?review(?:er)?)"
_PHRASES = re.compile(
    rf"""
    \b(?:ignore|disregard|forget|override)\s+(?:all\s+|any\s+|your\s+|the\s+|these\s+|my\s+)*
        (?:previous|prior|above|earlier|preceding|system)\s+(?:instructions?|prompts?|rules|directions|guidelines)\b
    | \b(?:(?:note|attention|memo)|(?P<told>instructions?|message))\s+(?:to|for)\s+(?:the\s+|any\s+|all\s+|an?\s+)*
        {_WHO}(?:\s+(?:code\s+)?(?:reviewers?|assistants?|agents?|models?|scanners?|tools?))*\s*(?:[:]|(?(told)(?!)|,))
    | \b(?:as\s+an?|(?:if|since)\s+you(?:'re|\s+are)\s+an?)\s+{_WHO}(?:\s+\w+){{0,2}}\s*,?\s*
        (?:you\s+(?:must|should|will)|please|approve|do\s+not|don't|always|never)\b
    | \byou\s+are\s+(?:now\s+)?(?:an?\s+)?(?:{_WHO}|code\s+review(?:er|ing)?)\b[^.\n]{{0,60}}
        \b(?:approve|must|should|ignore|do\s+not|only|never)\b
    | \b(?:AI|LLM|automated|machine)\s+(?:code\s+)?(?:reviewers?|scanners?|review\s+tools?)\s*[:,]?\s*
        (?:must|should|please|do\s+not|don't|ignore|skip|approve|report)\b
    | \b(?:do\s+not|don't|never)\s+(?:report|flag|mention)\s+(?:any\s+|this\s+|these\s+|the\s+|an?\s+)*
        (?:\w+\s+){{0,2}}(?:issues?|findings?|vulnerabilit(?:y|ies)|problems?|bugs?)\b[^.\n]{{0,40}}
        \b(?:review|file|code|function|module|below|here|report)\b
    | \b(?:report|respond|answer|reply)\s+(?:that\s+)?(?:there\s+(?:are|is)\s+)?(?:with\s+)?
        ["']?no\s+(?:issues?|findings?|vulnerabilities|problems?)\s+(?:found|were\s+found|in\s+(?:this|the))\b
    | \bapprove\s+(?:this|the)\s+(?:pull\s+request|PR|change|code|diff|merge\s+request|patch)\s+
        (?:without|immediately|unconditionally|regardless|no\s+matter|and\s+(?:do\s+not|report|say))
    | <\|(?:im_start|im_end|system|endoftext)\|> | (?-i:<</?SYS>>) | (?-i:\[/?INST\])
    """,
    re.IGNORECASE | re.VERBOSE,
)
_QUICK = re.compile(
    r"ignore|disregard|forget|override|reviewer|assistant|\bAI\b|LLM|\bGPT|claude|gemini|copilot|language\s+model|"
    r"automated|do\s+not|don't|never|approve|no\s+(?:issues|findings|vulnerabilities|problems)|<\||<<|\[/?INST",
    re.IGNORECASE,
)
_WORDS = (
    "ignore", "disregard", "forget", "override", "reviewer", "assistant", "ai", "llm", "gpt", "claude", "gemini",
    "copilot", "model", "automated", "not", "don't", "never", "approve", "issues",
    "findings", "vulnerabilities", "problems", "<|", "<<", "inst",
)  # fmt: skip
"""In lower case, a part of each of `_QUICK`: many times as fast to ask for."""
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_TAGS = re.compile("[\U000e0001\U000e0020-\U000e007f]|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,}")
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
_COMMENT = re.compile(r"^\s*(?:#|//|/?\*|--|;|%|\"\"\"|''')+\s?")
_LONGEST = 20_000
"""Characters of a line that are looked at; longer ones are data, and some phrases cost much to seek in them."""
RULES = (INJECTION, BIDI, TAGS)


async def _look(material: Material, purpose: Purpose) -> Looked:  # noqa: ARG001  # the same for either purpose
    return Looked(hits=await compute_on(material.size, _hits, material), rules=len(RULES))


def _hits(material: Material) -> tuple[Hit, ...]:
    return tuple(hit for file in material.files for hit in _instructions(file))


def _instructions(file: SourceFile) -> Iterator[Hit]:
    lines = file.masked.split("\n")
    told = 0
    for number, line in enumerate(lines, start=1):
        if not line.isascii():
            if _BIDI.search(line):
                yield _hit(file, BIDI, number, number)
            if _TAGS.search(_FLAG.sub("", line)):
                yield _hit(file, TAGS, number, number)
        line = line[:_LONGEST]  # noqa: PLW2901  # the rest of it is of no further use
        if number <= told or not _may_speak(line):
            continue
        # A sentence in a comment may go on in the next line.
        following = _COMMENT.sub("", lines[number][:_LONGEST]) if number < len(lines) else ""
        match = _PHRASES.search(line) or _PHRASES.search(f"{_COMMENT.sub('', line)} {following}")
        if match:
            here = _PHRASES.search(line) is not None
            if not here and _PHRASES.search(lines[number][:_LONGEST]):
                continue  # it stands wholly in the next line and is told there
            told = number if here else number + 1
            yield _hit(file, INJECTION, number, told)


def _may_speak(line: str) -> bool:
    """Whether a line holds a word that such a sentence cannot do without; nearly all hold none."""
    lowered = line.lower()
    return any(word in lowered for word in _WORDS) and _QUICK.search(line) is not None


def _hit(file: SourceFile, rule: Rule, first: int, last: int) -> Hit:
    return Hit(file=file, rule=rule, source=f"manyeyes:{rule.id}", start_line=first, end_line=last)


ENGINE: Engine = Engine(name="instructions", prefix="manyeyes", languages=frozenset(), look=_look)
