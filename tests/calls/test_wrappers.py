from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import anyio
import pytest

from manyeyes import errors
from manyeyes.calls.clamped import Clamped
from manyeyes.calls.deadline import Deadline
from manyeyes.calls.fallback import Fallback
from manyeyes.calls.observed import Caller, Observed
from manyeyes.calls.redacted import Redacted
from manyeyes.model import no_pulse
from manyeyes.redaction import Redactor
from manyeyes.types import Attempt, Candidate, Completion, Message, ModelRef, Request, Route, ToolOutput, Usage

pytestmark = pytest.mark.anyio
ASK = Request(messages=(Message(role="user", text="hello"),))
A1, A2, B1 = ModelRef("a", "one"), ModelRef("a", "two"), ModelRef("b", "one")
USAGE = Usage(input_tokens=10, output_tokens=2)


@dataclass
class Fake:
    """Answers, or fails with the error given; remembers what it was asked."""

    ref: ModelRef
    error: errors.ModelError | None = None
    wait: float = 0
    asked: list[Request] = field(default_factory=list)

    async def complete(self, request, pulse):
        self.asked.append(request)
        pulse()
        await anyio.sleep(self.wait)
        if self.error:
            raise self.error
        return Completion(ref=self.ref, text="answer", usage=USAGE)


@dataclass
class Ear:
    events: list = field(default_factory=list)

    def note(self, event):
        self.events.append(event)


def route(*refs: ModelRef) -> Route:
    return Route(tuple(Candidate(ref, taken=True, reason="") for ref in refs))


def fallback(*models: Fake, failed=lambda _attempt, _error: None) -> Fallback:
    return Fallback(tuple(models), route(*(model.ref for model in models)), failed)


EVERY_ERROR = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.ModelError) and kind is not errors.ModelError
]


@pytest.mark.parametrize("kind", EVERY_ERROR)
async def test_every_error_has_its_policy(kind):
    """After a failure the route goes on as the class says."""
    first, same, other = Fake(A1, kind(A1, "no")), Fake(A2), Fake(B1)
    if kind.skips == "route":
        with pytest.raises(errors.AllFailed):
            await fallback(first, same, other).complete(ASK, no_pulse)
        assert not same.asked
        assert not other.asked
        return
    completion = await fallback(first, same, other).complete(ASK, no_pulse)
    assert completion.ref == (B1 if kind.skips == "provider" else A2)


async def test_when_all_fail_every_attempt_is_listed():
    seen: list[Attempt] = []
    models = (Fake(A1, errors.VendorFault(A1, "500")), Fake(B1, errors.Truncated(B1, "cut", usage=USAGE)))
    with pytest.raises(errors.AllFailed, match=r"a:one vendor fault \(500\); b:one truncated \(cut\)") as caught:
        await fallback(*models, failed=lambda attempt, _: seen.append(attempt)).complete(ASK, no_pulse)
    assert [(one.ref, one.error, one.usage) for one in caught.value.attempts] == [
        (A1, "vendor_fault", None),
        (B1, "truncated", USAGE),
    ]
    assert list(caught.value.attempts) == seen


async def test_other_exceptions_are_not_swallowed():
    class Bug(Exception):
        pass

    broken = Fake(A1)
    broken.error = Bug()  # type: ignore[assignment]
    with pytest.raises(Bug):
        await fallback(broken, Fake(B1)).complete(ASK, no_pulse)


async def test_a_deadline_ends_a_call_and_the_route():
    slow, other = Fake(A1, wait=60), Fake(B1)
    at = anyio.current_time() + 0.05
    with anyio.fail_after(5), pytest.raises(errors.AllFailed, match="deadline passed"):
        await Fallback((Deadline(slow, at), Deadline(other, at)), route(A1, B1), lambda *_: None).complete(
            ASK, no_pulse
        )
    assert not other.asked


async def test_a_deadline_in_the_past_asks_nobody():
    model = Fake(A1)
    with pytest.raises(errors.DeadlinePassed):
        await Deadline(model, anyio.current_time() - 1).complete(ASK, no_pulse)
    assert not model.asked


async def test_cancellation_passes_through_a_deadline():
    model = Deadline(Fake(A1, wait=60), anyio.current_time() + 60)
    with anyio.move_on_after(0.01) as scope:
        await model.complete(ASK, no_pulse)
    assert scope.cancelled_caught


@pytest.mark.parametrize(
    ("error", "kind", "cost"),
    [
        (None, "", 1.5),
        (errors.VendorFault(A1, "no"), "vendor_fault", None),  # the fake had begun to answer
        (errors.TimedOut(A1, "no"), "timed_out", None),
        (errors.Truncated(A1, "no", usage=USAGE), "truncated", 1.5),
    ],
)
async def test_each_wire_call_is_one_event(error, kind, cost):
    ear = Ear()
    model = Observed(Fake(A1, error), Caller(run_id="r", tool="t", role="x"), ear, lambda _ref, _usage: 1.5)
    with contextlib.suppress(errors.ModelError):
        await model.complete(ASK, no_pulse)
    (event,) = ear.events
    assert (event.ref, event.error, event.cost_usd, event.run_id, event.tool) == (A1, kind, cost, "r", "t")
    assert event.first_token_s is not None


async def test_a_failure_before_the_first_piece_costs_nothing():
    class Dead(Fake):
        async def complete(self, request, pulse):
            raise errors.VendorFault(self.ref, "no")

    ear = Ear()
    with pytest.raises(errors.VendorFault):
        await Observed(Dead(A1), Caller(run_id="r", tool="t", role="x"), ear, lambda *_: 1.5).complete(ASK, no_pulse)
    assert [event.cost_usd for event in ear.events] == [0.0]


async def test_a_cancelled_call_is_an_event_of_unknown_cost():
    ear = Ear()
    model = Observed(Fake(A1, wait=60), Caller(run_id="r", tool="t", role="x"), ear, lambda _ref, _usage: 1.5)
    with anyio.move_on_after(0.01):
        await model.complete(ASK, no_pulse)
    assert [(event.error, event.cost_usd) for event in ear.events] == [("cancelled", None)]


@pytest.mark.parametrize(("asked", "bound", "sent"), [(8192, 4096, 4096), (1000, 4096, 1000)])
async def test_the_answer_is_bounded_by_what_the_model_gives(asked, bound, sent):
    model = Fake(A1)
    await Clamped(model, bound).complete(Request(messages=ASK.messages, max_tokens=asked), no_pulse)
    assert model.asked[0].max_tokens == sent


async def test_no_secret_passes_the_last_door():
    key = "sk-ant-api03-" + "Zx9" * 20
    model = Fake(A1)
    request = Request(
        system=f"use {key}",
        messages=(
            Message(role="user", text=f'API_KEY = "{key}"'),
            Message(role="user", tool_outputs=(ToolOutput(call_id="1", name="read", text=f"token: {key}"),)),
        ),
    )
    await Redacted(model, Redactor(known=[key])).complete(request, no_pulse)
    assert key not in repr(model.asked[0])
    assert "<secret:" in model.asked[0].messages[0].text
