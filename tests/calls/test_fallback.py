from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from manyeyes import errors
from manyeyes.calls.fallback import Fallback
from manyeyes.model import no_pulse
from manyeyes.types import Attempt, Candidate, Completion, Message, ModelRef, Request, Route, Usage

pytestmark = pytest.mark.anyio
ASK = Request(messages=(Message(role="user", text="hello"),))
A1, A2, B1, B2, C1 = (ModelRef(*name) for name in ("a1", "a2", "b1", "b2", "c1"))


@dataclass
class Scripted:
    ref: ModelRef
    error: type[errors.ModelError] | None = None
    notices: tuple[str, ...] = ()
    usage: Usage | None = None

    async def complete(self, request, pulse):
        if self.error:
            raise self.error(self.ref, "no", usage=self.usage)
        return Completion(ref=self.ref, text="answer", notices=self.notices)


@dataclass
class Run:
    """A fallback over models that fail as named, and what it told."""

    fails: dict[ModelRef, type[errors.ModelError]]
    order: tuple[ModelRef, ...]
    windows: dict[ModelRef, int] = field(default_factory=dict)
    successors: dict[ModelRef, ModelRef] = field(default_factory=dict)
    told: list[Attempt] = field(default_factory=list)

    def model(self, ref: ModelRef) -> Scripted:
        return Scripted(ref, self.fails.get(ref))

    def successor(self, ref: ModelRef) -> Scripted | None:
        return self.model(self.successors[ref]) if ref in self.successors else None

    async def complete(self) -> Completion:
        return await Fallback(
            tuple(map(self.model, self.order)),
            Route(tuple(Candidate(ref, taken=True, reason="") for ref in self.order)),
            lambda attempt, _error: self.told.append(attempt),
            window_of=self.windows.get,
            successor_of=self.successor,
        ).complete(ASK, no_pulse)

    @property
    def asked(self) -> list[ModelRef]:
        return [attempt.ref for attempt in self.told]


TOO_LONG, GONE, REFUSED = errors.ContextTooLong, errors.ModelGone, errors.Refused


@pytest.mark.parametrize(
    ("windows", "answered"),
    [
        ({A1: 100, A2: 100, B1: 50, C1: 200}, C1),  # as large is not larger
        ({A1: 100, A2: 101, B1: 200}, A2),  # the route's order, not the largest first
        ({A1: 100, A2: 50}, B1),  # one that nobody knows may fit
        ({A2: 10, B1: 10}, A2),  # nothing to compare with
        ({}, A2),
    ],
)
async def test_a_prompt_too_long_goes_to_a_larger_window(windows, answered):
    run = Run({A1: TOO_LONG}, (A1, A2, B1, C1), windows)
    assert (await run.complete()).ref == answered
    assert run.asked == [A1]


async def test_each_window_that_is_too_small_raises_the_bar():
    run = Run({A1: TOO_LONG, A2: TOO_LONG}, (A1, A2, B1, C1), {A1: 100, A2: 200, B1: 150, C1: 300})
    assert (await run.complete()).ref == C1
    assert run.asked == [A1, A2]


async def test_who_is_passed_over_for_its_window_is_named():
    run = Run({A1: TOO_LONG}, (A1, B1, C1), dict.fromkeys((A1, B1, C1), 100))
    with pytest.raises(errors.AllFailed) as caught:
        await run.complete()
    assert str(caught.value) == (
        "No model answered: a:1 context too long (no); not asked, since the window is no larger: b:1, c:1"
    )
    assert [attempt.error for attempt in caught.value.attempts] == ["context_too_long"]


async def test_a_refusal_goes_to_another_vendor():
    run = Run({A1: REFUSED}, (A1, A2, B1))
    assert (await run.complete()).ref == B1


async def test_a_refusal_of_every_vendor_lists_each():
    run = Run({A1: REFUSED, B1: REFUSED}, (A1, A2, B1, B2))
    with pytest.raises(errors.AllFailed, match=r"a:1 refused \(no\); b:1 refused \(no\)$"):
        await run.complete()


async def test_a_retired_model_is_followed_by_its_successor_with_a_notice():
    run = Run({A1: GONE}, (A1, B1), successors={A1: A2})
    completion = await run.complete()
    assert completion.ref == A2
    assert completion.notices == ("a:1 is not served, or no longer; its successor a:2 was asked.",)
    assert [(attempt.ref, attempt.error) for attempt in run.told] == [(A1, "model_gone")]


async def test_the_notice_remains_when_another_model_answers_in_the_end():
    run = Run({A1: GONE, A2: errors.Overloaded}, (A1, B1), successors={A1: A2})
    completion = await run.complete()
    assert completion.ref == B1
    assert len(completion.notices) == 1
    assert run.asked == [A1, A2]


async def test_a_successor_that_stands_later_in_the_route_is_asked_once_and_first():
    run = Run({A1: GONE, A2: errors.Truncated}, (A1, B1, A2), successors={A1: A2})
    assert (await run.complete()).ref == B1
    assert run.asked == [A1, A2]
    failing = Run({A1: GONE, A2: errors.Truncated, B1: errors.Truncated}, (A1, B1, A2), successors={A1: A2})
    with pytest.raises(errors.AllFailed):
        await failing.complete()
    assert failing.asked == [A1, A2, B1]


async def test_successors_of_successors_are_followed_and_never_round_in_a_circle():
    run = Run(dict.fromkeys((A1, A2, B1), GONE), (A1,), successors={A1: A2, A2: B1, B1: A1})
    with pytest.raises(errors.AllFailed) as caught:
        await run.complete()
    assert [attempt.ref for attempt in caught.value.attempts] == [A1, A2, B1]


async def test_a_successor_is_not_asked_where_its_vendor_is_out():
    """Its key was refused just before: the successor at the same vendor would be too."""
    run = Run({B1: errors.AccessDenied, A1: GONE}, (B1, A1, C1), successors={A1: B2})
    assert (await run.complete()).ref == C1
    assert run.asked == [B1, A1]


async def test_a_model_gone_without_a_successor_leaves_no_notice():
    completion = await Run({A1: GONE}, (A1, B1)).complete()
    assert (completion.ref, completion.notices) == (B1, ())


async def test_notices_of_the_answer_itself_are_kept():
    one = Fallback((Scripted(A1, notices=("look",)),), Route(()), lambda *_: None)
    assert (await one.complete(ASK, no_pulse)).notices == ("look",)


async def test_what_a_failed_attempt_used_is_told():
    usage = Usage(input_tokens=7, output_tokens=3)
    told: list[Attempt] = []
    models = (Scripted(A1, errors.Truncated, usage=usage), Scripted(B1))
    await Fallback(models, Route(()), lambda attempt, _: told.append(attempt)).complete(ASK, no_pulse)
    assert [attempt.usage for attempt in told] == [usage]
