"""What kind of work an outcome belongs to: models differ by task, by language, and by how much there is to read."""

from __future__ import annotations

from dataclasses import dataclass

SHORT_TOKENS = 4_000
"""A prompt up to this long is `short`."""
MEDIUM_TOKENS = 24_000
"""One up to this long is `medium`; a longer one is `long`."""
OTHER = "other"
"""The language of what has none, or several."""


@dataclass(frozen=True, slots=True, order=True)
class Situation:
    """A kind of work in one language and one class of size; in all of them where both are empty."""

    kind: str
    language: str = ""
    size: str = ""

    @classmethod
    def of(cls, kind: str, language: str, input_tokens: int) -> Situation:
        """The situation of a task; the whole kind where the task does not say which language it is about."""
        return cls(kind, language, size_of(input_tokens)) if language else cls(kind)

    @property
    def broader(self) -> Situation:
        """The same kind over all languages and sizes."""
        return Situation(self.kind)

    def __str__(self) -> str:
        return ", ".join(part for part in (self.kind, self.language, self.size) if part)


def size_of(input_tokens: int) -> str:
    """The class of size of a prompt."""
    if input_tokens <= SHORT_TOKENS:
        return "short"
    return "medium" if input_tokens <= MEDIUM_TOKENS else "long"
