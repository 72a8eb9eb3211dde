"""What would happen if: run a function in a copy-on-write copy of this process."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

from opsrange.errors import WorldError

T = TypeVar("T")
Q = TypeVar("Q")

_QUESTION_BYTES = 1 << 16


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
    """A copy of this process, made now, that stands still and answers questions.

    The counterfactual: forked before an agent acts, asked afterwards what the world would have become. Each question is
    answered in a copy of the copy, so it may be asked often, and by every fork of its original, each at its own time.
    It costs little more than the pages that the original changes meanwhile, and ends when the last who could ask has.

    Args:
        answer: run on each question given to :meth:`ask`; both must be picklable.
    """

    def __init__(self, answer: Callable[[Q], T]) -> None:
        self._owner = os.getpid()
        asking, listening = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._child = os.fork()
        if self._child == 0:
            asking.close()
            _answer_and_exit(answer, listening)
        listening.close()
        self._line = asking.detach()

    def ask(self, question: Q) -> T:
        """Put a question and return the answer.

        Raises:
            WorldError: when the copy died or ``answer`` raised.
        """
        reader, writer = os.pipe()
        try:
            with socket.socket(fileno=os.dup(self._line)) as line:
                socket.send_fds(line, [pickle.dumps(question)], [writer])
        except OSError as error:
            os.close(reader)
            raise WorldError(f"asked the twin of a world; it is gone ({error})") from error
        finally:
            os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            payload = pipe.read()
        result: T = _opened(payload, "no answer came")
        return result

    def close(self) -> None:
        """Ask no more; in the process that made the copy, end it."""
        line, self._line = self._line, -1
        os.close(line)
        if os.getpid() == self._owner:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)


def _collect(child: int, reader: int) -> Any:
    """What a child sent before it ended."""
    with os.fdopen(reader, "rb") as pipe:
        payload = pipe.read()
    _, status = os.waitpid(child, 0)
    return _opened(payload, f"wait status {status}")


def _opened(payload: bytes, otherwise: str) -> Any:
    """The result in what a copy wrote."""
    if not payload:
        raise WorldError(f"a branch of the world died without an answer ({otherwise})")
    succeeded, value = pickle.loads(payload)  # noqa: S301 - written by our own child
    if not succeeded:
        raise WorldError(f"a branch of the world failed:\n{value}")
    return value


def _answer_and_exit(answer: Callable[[Q], T], listening: socket.socket) -> None:
    """A twin's whole life: end of file means that nobody is left who could ask."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the answering copies
        while True:
            payload, descriptors, _, _ = socket.recv_fds(listening, _QUESTION_BYTES, 1)
            if not payload:
                break
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listening.close()
                question = pickle.loads(payload)  # noqa: S301 - from our own original
                _explore_and_exit(partial(answer, question), descriptors[0])
            os.close(descriptors[0])
    finally:
        os._exit(0)


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
