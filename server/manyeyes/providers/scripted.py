"""A provider that answers from a script: for tests, and for whoever builds a plug-in and has no key.

In a file named by `scripted.file` (models as `scripted:NAME`):

    {"models": {"reviewer": [
        {"contains": "SELECT", "json": {"findings": []}, "times": null},
        {"error": "rate_limited", "retry_after": 0.5},
        {"text": "Fine."}
    ]}}

and in Python: `ScriptedModel(ModelRef("scripted", "reviewer"), [Answer(text="Fine.")])`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003  # pydantic reads the annotations
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import anyio
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator

from manyeyes.errors import ModelError, RequestRejected, SettingsError
from manyeyes.providers.shapes import faults, parsed
from manyeyes.types import Completion, ModelRef, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from manyeyes.model import Pulse
    from manyeyes.settings import Settings
    from manyeyes.types import Request

PROVIDER = "scripted"
ERRORS: Mapping[str, type[ModelError]] = {
    kind(ModelRef(PROVIDER, "*"), "").kind: kind for kind in ModelError.__subclasses__()
}
"""The errors that can be scripted, by their kinds."""


class Call(BaseModel):
    """A tool to ask for."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    arguments: Mapping[str, JsonValue] = Field(default_factory=dict)


class Answer(BaseModel):
    """What to answer, and to which requests.

    Attributes:
        contains: Only to requests with this in their system text, messages or tool outputs.
        shape: Only to requests for an answer of the type with this name.
        times: How often; None for as often as asked.
        text: The answer's text.
        json_: The answer as a value, written as text; `json` in a file.
        tool_calls: The tools to ask for.
        error: The kind of error to raise instead (`rate_limited`, `refused`, …), with `message`, `status`,
            `retry_after` (seconds) and `partial`.
        usage: Tokens to report.
        delay_s: Seconds to wait before answering.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    contains: str = ""
    shape: str = ""
    times: int | None = Field(default=1, gt=0)
    text: str = ""
    json_: object = Field(default=None, alias="json")
    tool_calls: tuple[Call, ...] = ()
    error: str = ""
    message: str = "as scripted"
    status: int | None = None
    retry_after: float | None = None
    partial: str = ""
    usage: Usage | None = None
    delay_s: float = Field(default=0.0, ge=0)

    @field_validator("error")
    @classmethod
    def _known(cls, error: str) -> str:
        if error and error not in ERRORS:
            raise ValueError(f"no such error; there are {', '.join(sorted(ERRORS))}")
        return error

    def fits(self, request: Request) -> bool:
        """Whether this is an answer to the request."""
        if self.shape and (request.answer is None or request.answer.__name__ != self.shape):
            return False
        return not self.contains or any(self.contains in text for text in _texts(request))


class Script(BaseModel):
    """What the file holds: the answers of each model, by name, in order."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    models: Mapping[str, tuple[Answer, ...]]


def providers(settings: Settings) -> Sequence[ScriptedProvider]:
    """The scripted provider when the settings name a script.

    Raises:
        SettingsError: the script cannot be read.
    """
    path = settings.scripted.file
    if path is None:
        return ()
    try:
        script = Script.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"MANYEYES_SCRIPTED_FILE: {path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise SettingsError(f"MANYEYES_SCRIPTED_FILE: {path}: {faults(error)}") from None
    return (ScriptedProvider({name: ScriptedModel(_ref(name), answers) for name, answers in script.models.items()}),)


@dataclass(slots=True)
class ScriptedModel:
    """A model that says what it was told to.  Of the answers that fit a request, the first that is left is given.

    Attributes:
        ref: Its reference.
        answers: What to say.
        sleep: Waits; a test puts a clock of its own here.
        asked: The requests so far, for tests to look at.
    """

    ref: ModelRef
    answers: Iterable[Answer]
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    asked: list[Request] = field(default_factory=list)
    _left: list[tuple[Answer, int | None]] = field(init=False)

    def __post_init__(self) -> None:
        self._left = [(answer, answer.times) for answer in self.answers]

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer as scripted; see `manyeyes.model.Model`.

        Raises:
            RequestRejected: nothing in the script fits.
        """
        self.asked.append(request)
        answer = self._take(request)
        pulse()
        if answer.delay_s:
            await self.sleep(answer.delay_s)
            pulse()
        if answer.error:
            raise ERRORS[answer.error](
                self.ref,
                answer.message,
                status=answer.status,
                retry_after=answer.retry_after,
                usage=answer.usage,
                partial=answer.partial,
            )
        said = answer.text if answer.json_ is None else json.dumps(answer.json_, ensure_ascii=False)
        text, value = parsed(self.ref, None if answer.tool_calls else request.answer, said, answer.usage)
        return Completion(
            ref=self.ref,
            served=self.ref.model,
            text=text,
            parsed=value,
            tool_calls=tuple(ToolCall(call.id, call.name, call.arguments) for call in answer.tool_calls),
            usage=answer.usage,
        )

    def _take(self, request: Request) -> Answer:
        for index, (answer, left) in enumerate(self._left):
            if answer.fits(request):
                if left == 1:
                    del self._left[index]
                elif left is not None:
                    self._left[index] = (answer, left - 1)
                return answer
        raise RequestRejected(self.ref, "the script holds no answer to this request")


@dataclass(frozen=True, slots=True)
class ScriptedProvider:
    """The models of one script."""

    models: Mapping[str, ScriptedModel]
    name: str = PROVIDER
    local: bool = True

    def model(self, name: str) -> ScriptedModel:
        """The model of that name; one that the script does not know answers nothing."""
        return self.models.get(name) or ScriptedModel(_ref(name), ())

    async def warm(self) -> None:
        """Do nothing: there is no SDK."""

    async def served(self) -> Sequence[str]:
        """The models in the script."""
        return tuple(self.models)

    async def aclose(self) -> None:
        """Do nothing: there are no connections."""


def _ref(name: str) -> ModelRef:
    return ModelRef(PROVIDER, name)


def _texts(request: Request) -> Iterable[str]:
    yield request.system
    for message in request.messages:
        yield message.text
        for output in message.tool_outputs:
            yield output.text
