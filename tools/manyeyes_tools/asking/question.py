"""What is asked: words, material and media put together, with the task that the router is given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manyeyes.types import TEXT_ONLY, Message, Request, Task, Tier
from manyeyes_tools.chunks import delimited, tokens
from manyeyes_tools.prompts import load_prompt

if TYPE_CHECKING:
    from pydantic import BaseModel

    from manyeyes.types import Media
    from manyeyes_tools.asking.arguments import Depth, TaskType

MEDIA_TOKENS = 8_192
"""What one image or document counts as, for the choice of a model; the most that a vendor charges for an image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, with secrets masked.

    Attributes:
        prompt: What is asked.
        material: Text that was given with it; empty when there was none.
        media: What was given that is no text.
        kind: The kind of work.
        depth: How much is spent on it.
        max_tokens: The longest answer.
        model: A model that the caller insists on.
        search: The vendor's own web search is to be used.
    """

    prompt: str
    material: str = ""
    media: tuple[Media, ...] = ()
    kind: TaskType = "chat"
    depth: Depth = "standard"
    max_tokens: int = 8_000
    model: str | None = None
    search: bool = False

    @property
    def text(self) -> str:
        """The material first, so that questions about the same material begin alike, which vendors' caches reward."""
        return f"{delimited(self.material)}\n\n{self.prompt}" if self.material else self.prompt

    @property
    def size(self) -> int:
        """An upper estimate of the prompt's tokens."""
        return tokens(load_prompt("ask")) + tokens(self.text) + MEDIA_TOKENS * len(self.media)

    def task(self) -> Task:
        """The question as the router sees it."""
        return Task(
            kind=self.kind,
            tier=Tier.FAST if self.depth == "quick" else None,
            input_tokens=self.size,
            output_tokens=self.max_tokens,
            modalities=TEXT_ONLY | {one.modality for one in self.media},
            search=self.search,
            model=self.model,
        )

    def request(self, *, extra: str = "", answer: type[BaseModel] | None = None) -> Request:
        """The question as a model is asked it.

        Args:
            extra: The name of a further prompt.
            answer: The shape of the answer.
        """
        system = load_prompt("ask") if not extra else f"{load_prompt('ask')}\n\n{load_prompt(extra)}"
        return Request(
            system=system,
            messages=(Message(role="user", text=self.text, media=self.media),),
            max_tokens=self.max_tokens,
            answer=answer,
            search=self.search,
        )

    def without_search(self) -> Question:
        """The same, answered from what models know."""
        return replace(self, search=False)
