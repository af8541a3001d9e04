"""What keeps the event loop free: where work is done, and what is searched for garbage."""

from __future__ import annotations

import gc
import threading

import pytest

from manyeyes.cores import AT_ONCE, compute_on
from manyeyes.garbage import building, settle
from manyeyes_tools.material import Material, SourceFile

pytestmark = pytest.mark.anyio


async def test_small_work_is_done_at_once_and_large_work_in_a_thread():
    assert await compute_on(AT_ONCE, threading.current_thread) is threading.main_thread()
    assert await compute_on(AT_ONCE + 1, threading.current_thread) is not threading.main_thread()


def test_many_empty_files_are_no_small_work():
    files = [SourceFile(path=f"part_{n}/__init__.py", language="python", text="", masked="") for n in range(1_000)]
    assert Material(files=tuple(files[:3])).size < AT_ONCE < Material(files=tuple(files)).size


@pytest.fixture
def loose():
    """Nothing kept out of the search, before and after."""
    with building():
        pass
    yield
    with building():
        pass


def test_what_has_settled_is_searched_again_only_while_and_after_a_large_thing_is_made(loose):
    def most_is_kept_out():
        return gc.get_freeze_count() > len(gc.get_objects())

    settle()
    assert most_is_kept_out()
    made = [[] for _ in range(1_000)]
    settle()
    assert gc.is_tracked(made)
    assert len(gc.get_objects()) > 1_000  # what came later is searched
    with building() as keep:
        with building() as keep_too:
            keep_too()
        assert most_is_kept_out()  # one of two is still at it
        keep()
        settle()
    assert gc.get_freeze_count() == 0
    settle()
    assert most_is_kept_out()
