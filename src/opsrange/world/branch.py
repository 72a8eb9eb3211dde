"""What would happen if: run a function in a copy-on-write copy of this process."""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from opsrange.errors import WorldError

T = TypeVar("T")
Q = TypeVar("Q")


def branch(explore: Callable[[], T]) -> T:
    """Run ``explore`` in a forked copy of this process and return what it returned.

    Nothing it does to the world is seen here: that is the point. The process must be single-threaded.

    Args:
        explore: may change anything; its result must be picklable.

    Raises:
        WorldError: when the copy died or ``explore`` raised; the message carries its traceback.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _explore_and_exit(explore, writer)
    os.close(writer)
    result: T = _collect(child, reader)
    return result


class Twin(Generic[Q, T]):
    """A copy of this process, made now, that stands still until it is asked one question.

    The counterfactual: forked before an agent acts, asked afterwards what the world would have become. It costs
    little more than the pages that the original changes meanwhile, and ends when its original does.

    Args:
        answer: run in the copy on the question given to :meth:`ask`; both must be picklable.
    """

    def __init__(self, answer: Callable[[Q], T]) -> None:
        question_reader, self._question = os.pipe()
        self._answer, answer_writer = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(self._question)
            os.close(self._answer)
            _wait_and_exit(answer, question_reader, answer_writer)
        os.close(question_reader)
        os.close(answer_writer)

    def ask(self, question: Q) -> T:
        """Put the question and return the answer; the copy is then gone.

        Raises:
            WorldError: when the copy died or ``answer`` raised.
        """
        with os.fdopen(self._question, "wb") as pipe:
            pipe.write(pickle.dumps(question))
        result: T = _collect(self._child, self._answer)
        return result

    def close(self) -> None:
        """End the copy without asking."""
        os.close(self._question)
        os.close(self._answer)
        os.waitpid(self._child, 0)


def _collect(child: int, reader: int) -> Any:
    """What a child sent before it ended."""
    with os.fdopen(reader, "rb") as pipe:
        payload = pipe.read()
    _, status = os.waitpid(child, 0)
    if not payload:
        raise WorldError(f"a branch of the world died without an answer (wait status {status})")
    succeeded, value = pickle.loads(payload)  # noqa: S301 - written by our own child
    if not succeeded:
        raise WorldError(f"a branch of the world failed:\n{value}")
    return value


def _wait_and_exit(answer: Callable[[Q], T], reader: int, writer: int) -> None:
    """A twin's whole life: end of file without a question means that its original has gone."""
    with os.fdopen(reader, "rb") as pipe:
        payload = pipe.read()
    if not payload:
        os._exit(0)
    _explore_and_exit(lambda: answer(pickle.loads(payload)), writer)  # noqa: S301 - from our own original


def _explore_and_exit(explore: Callable[[], T], writer: int) -> None:
    """The child's whole life. Exits without running any of the parent's clean-up."""
    try:
        try:
            payload = pickle.dumps((True, explore()))
        except BaseException:  # noqa: BLE001 - the parent must hear of any ending
            payload = pickle.dumps((False, traceback.format_exc()))
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(payload)
    finally:
        os._exit(0)
