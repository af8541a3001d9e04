"""Vendors' doubles that read what they are asked and answer to it: members of a panel, doubters, investigators."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from wire.doubles import Asked, Double, Reply
from wire.vendors import KEY, AnthropicWords, ChatWords, GoogleWords, ResponsesWords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack

    from starlette.requests import Request

    from wire.vendors import VendorWords

_BLOCK = re.compile(r"^Claim (C\d+)( \(one of your own\))?$", re.MULTILINE)


class Member(Double):
    """A double that thinks: `think` is given all texts it was sent, and returns its answer's text or a reply."""

    def __init__(self, words: VendorWords, think: Think) -> None:
        super().__init__()
        self.words = words
        self.think = think

    async def _answer(self, request: Request) -> Reply:
        raw = await request.body()
        asked = Asked(request.url.path, dict(request.headers), json.loads(raw) if raw else None)
        self.asked.append(asked)
        said = self.think(list(strings(asked.json)))
        return said if isinstance(said, Reply) else self.words.says(said)


Think: TypeAlias = "Callable[[list[str]], str | Reply]"
"""What a member makes of all texts that it is sent."""


def seated(
    stack: ExitStack,
    claude: Think | None = None,
    gpt: Think | None = None,
    gemini: Think | None = None,
    *,
    responses: bool = False,
) -> tuple[dict[str, Member], dict[str, str]]:
    """Start members of Anthropic, OpenAI and Google by what they think, and give the variables that lead to them.

    Without a thought there is no member.  `responses` lets OpenAI's speak by that API.
    """
    members: dict[str, Member] = {}
    environ = {"MANYEYES_GOOGLE_API_VERSION": "v1beta"}
    for name, words, think in (
        ("claude", AnthropicWords(), claude),
        ("gpt", ResponsesWords() if responses else ChatWords(), gpt),
        ("gemini", GoogleWords(), gemini),
    ):
        if think is not None:
            members[name] = stack.enter_context(Member(words, think))
    if "claude" in members:
        environ |= {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": members["claude"].url}
    if "gpt" in members:
        environ |= {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{members['gpt'].url}/v1"}
        environ["MANYEYES_OPENAI_API"] = "responses" if responses else "chat"
    if "gemini" in members:
        environ |= {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": members["gemini"].url}
    return members, environ


def strings(value: Any) -> Iterator[str]:
    """Every text in a body, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def claims(texts: list[str]) -> dict[str, str]:
    """The claims of a sheet, by label; empty when none is shown."""
    sheet = next((text for text in texts if "Claims to judge:" in text and "<material" in text), "")
    marks = list(_BLOCK.finditer(sheet))
    ends = [*(mark.start() for mark in marks[1:]), len(sheet)][: len(marks)]
    return {mark[1]: sheet[mark.start() : end] for mark, end in zip(marks, ends, strict=True)}


def readings(texts: list[str], judge: Callable[[str], tuple[str, str, str]]) -> str:
    """An answer to a sheet: `judge` gives stand, reason and quote for each claim's block."""
    said = []
    for label, block in claims(texts).items():
        stand, reason, quote = judge(block)
        said.append({"id": label, "stand": stand, "reason": reason, "quote": quote})
    return json.dumps({"readings": said})


def careful(block: str, source: str) -> tuple[str, str, str] | None:
    """What somebody who looks says of a trial; None for any other claim."""
    if "word for word" in block:
        quote = block.split("Quoted as evidence:\n")[1].split("\n", maxsplit=1)[0]
        return "confirm", "The line stands in the source shown.", quote
    if "_registry.lookup_unchecked" in block:
        return "dispute", "The quoted line is nowhere in the source shown.", source.strip().split("\n")[0]
    return None
