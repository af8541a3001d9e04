"""A bench double with scripted answers, and material made from text."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from manyeyes.errors import NoModel
from manyeyes.redaction import Redactor
from manyeyes.results import Run
from manyeyes.settings import Settings
from manyeyes.types import Candidate, Completion, ModelRef, Request, Route, Task
from manyeyes_tools.material import Material, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable

WRITER = ModelRef("google", "writer")
CHECKER = ModelRef("openai", "checker")


@dataclass
class ScriptedBench:
    """Answers with whatever `answer` makes of a request; without it there is no model."""

    answer: Callable[[Request, str], object] | None = None
    providers: tuple[ModelRef, ...] = (WRITER,)
    requests: list[tuple[Task, Request, str]] = field(default_factory=list)
    steps: list[tuple[float, float]] = field(default_factory=list)
    run_id: str = "r1"
    settings: Settings = field(default_factory=Settings)
    roots: tuple[Path, ...] = ()
    redactor: Redactor = field(default_factory=Redactor)
    notices: tuple[str, ...] = ()

    def route(self, task: Task) -> Route:
        taken = [ref for ref in self.providers if task.providers is None or ref.provider in task.providers]
        return Route(tuple(Candidate(ref, taken=True, reason="scripted") for ref in taken))

    async def complete(self, task: Task, request: Request, *, role: str) -> Completion:
        self.requests.append((task, request, role))
        route = self.route(task)
        if self.answer is None:
            raise NoModel("no key is set", route=Route(()))
        said = self.answer(request, role)
        if isinstance(said, Exception):
            raise said
        assert request.answer is not None
        parsed = request.answer.model_validate(said)
        return Completion(ref=route.taken[0], text=parsed.model_dump_json(), parsed=parsed)

    async def progress(self, message: str, done: float, total: float) -> None:
        self.steps.append((done, total))

    def run(self) -> Run:
        return Run(id=self.run_id, models=[], route=[], attempts=[], cost_usd=0.0, seconds=0.0)


@pytest.fixture
def make_bench() -> type[ScriptedBench]:
    return ScriptedBench


@pytest.fixture
def make_material() -> Callable[..., Material]:
    def make(language: str = "python", **files: str) -> Material:
        named = {name.replace("__", "/") + (".py" if language == "python" else ".ts"): t for name, t in files.items()}
        redactor = Redactor()
        return Material(
            files=tuple(
                SourceFile(path=path, language=language, text=text, masked=redactor.mask(text))
                for path, text in sorted(named.items())
            )
        )

    return make


@pytest.fixture
def draft() -> Callable[..., dict[str, object]]:
    def make(symbol: str, **fields: object) -> dict[str, object]:
        blank: dict[str, object] = {
            "summary": "", "details": "", "parameters": [], "returns": "", "raises": [], "example": "",
        }  # fmt: skip
        return blank | {"symbol": symbol} | fields

    return make


@pytest.fixture
def corpus() -> Callable[[str], str]:
    def read(name: str) -> str:
        return (Path(__file__).parent / "corpus" / name).read_text("utf-8")

    return read
