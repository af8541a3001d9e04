"""Whoever waits is served together; nobody's fault, and nobody's leaving, is another's."""

from __future__ import annotations

import anyio
import pytest

from manyeyes_tools.evidence.together import Together

pytestmark = pytest.mark.anyio


class Broken(Exception):
    pass


class Work:
    """Doubles numbers, once it may go on; breaks on a negative one."""

    def __init__(self) -> None:
        self.done: list[list[int]] = []
        self.go = anyio.Event()

    async def __call__(self, _how: str, numbers: list[int]) -> list[int]:
        self.done.append(list(numbers))
        await self.go.wait()
        if min(numbers) < 0:
            raise Broken
        return [2 * number for number in numbers]


async def ask_all(numbers: list[int], work: Work, *, most: int = 100) -> tuple[dict[int, int], set[int]]:
    together = Together(work, fault=Broken, at_once=1, most=most)
    answers: dict[int, int] = {}
    broken: set[int] = set()

    async def ask(number: int) -> None:
        try:
            answers[number] = await together.ask("so", number, 10)
        except Broken:
            broken.add(number)

    async with anyio.create_task_group() as group:
        for number in numbers:
            group.start_soon(ask, number)
        await anyio.wait_all_tasks_blocked()
        work.go.set()
    return answers, broken


async def test_who_waits_is_served_in_one_go() -> None:
    work = Work()
    answers, broken = await ask_all([1, 2, 3, 4], work)
    assert answers == {1: 2, 2: 4, 3: 6, 4: 8}
    assert not broken
    assert work.done == [[1, 2, 3, 4]]


async def test_no_more_than_may_be_done_together() -> None:
    work = Work()
    answers, _ = await ask_all([1, 2, 3, 4], work, most=20)
    assert len(answers) == 4
    assert work.done == [[1, 2], [3, 4]]


async def test_the_fault_of_one_is_that_one_s_alone() -> None:
    answers, broken = await ask_all([1, 2, -3, 4], Work())
    assert answers == {1: 2, 2: 4, 4: 8}
    assert broken == {-3}


async def test_who_did_the_work_for_all_is_cancelled_and_the_others_are_answered() -> None:
    work = Work()
    together = Together(work, fault=Broken, at_once=1, most=100)
    answers: list[int] = []
    scopes: list[anyio.CancelScope] = []

    async def ask(number: int) -> None:
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            answers.append(await together.ask("so", number, 10))

    async with anyio.create_task_group() as group:
        for number in (1, 2, 3):
            group.start_soon(ask, number)
        await anyio.wait_all_tasks_blocked()
        scopes[0].cancel()  # who works for all
        await anyio.wait_all_tasks_blocked()
        scopes[1].cancel()  # who works for itself now
        await anyio.wait_all_tasks_blocked()
        work.go.set()
    assert answers == [6]
    assert work.done == [[1, 2, 3], [2], [3]]
