"""What would happen if: run a function in a copy-on-write copy of this process."""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable
from typing import TypeVar

from opsrange.errors import WorldError

T = TypeVar("T")


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
        _explore_and_exit(explore, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        payload = pipe.read()
    _, status = os.waitpid(child, 0)
    if not payload:
        raise WorldError(f"a branch of the world died without an answer (wait status {status})")
    succeeded, value = pickle.loads(payload)  # noqa: S301 - written by our own child
    if not succeeded:
        raise WorldError(f"a branch of the world failed:\n{value}")
    result: T = value
    return result


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
