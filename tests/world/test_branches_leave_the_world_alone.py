import os

import pytest

from opsrange.errors import WorldError
from opsrange.world import Kernel, Twin, branch


def test_what_a_branch_does_is_not_seen_here() -> None:
    kernel = Kernel("s", 0)
    kernel.after(10, lambda: kernel.record("fired", 1))

    def explore() -> tuple[int, int]:
        kernel.advance_to(50)
        return kernel.now_ms, len(kernel.journal.entries)

    assert branch(explore) == (50, 1)
    assert (kernel.now_ms, kernel.journal.entries) == (0, [])


def test_a_failing_branch_tells_its_traceback() -> None:
    def explore() -> None:
        raise ZeroDivisionError("inside")

    with pytest.raises(WorldError, match="ZeroDivisionError: inside"):
        branch(explore)


def test_a_branch_that_dies_is_reported() -> None:
    with pytest.raises(WorldError, match="died without an answer"):
        branch(lambda: os._exit(3))


def test_a_twin_answers_from_the_moment_it_was_made() -> None:
    kernel = Kernel("s", 0)
    twin = Twin[int, int](
        lambda until_ms: kernel.advance_to(until_ms) + len(kernel.journal.entries)
    )
    kernel.record("later", "change")
    assert twin.ask(500) == 500


def test_a_twin_that_is_not_asked_ends() -> None:
    twin = Twin[int, int](lambda question: question)
    twin.close()


def test_a_twin_answers_each_question_from_its_own_moment() -> None:
    kernel = Kernel("s", 0)
    twin = Twin[int, int](kernel.advance_to)
    assert [twin.ask(500), twin.ask(20)] == [500, 20]


def test_a_fork_asks_the_same_twin_and_leaves_it_to_the_others() -> None:
    twin = Twin[int, int](lambda question: question + 1)
    assert branch(lambda: twin.ask(1)) == 2
    assert twin.ask(2) == 3


def test_a_twin_that_fails_at_a_question_answers_the_next() -> None:
    twin = Twin[int, float](lambda question: 1 / question)
    with pytest.raises(WorldError, match="ZeroDivisionError"):
        twin.ask(0)
    assert twin.ask(2) == 0.5


def test_a_closed_twin_is_gone() -> None:
    twin = Twin[int, int](lambda question: question)
    child = twin._child
    twin.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    with pytest.raises(WorldError, match="it is gone"):
        twin.ask(1)
