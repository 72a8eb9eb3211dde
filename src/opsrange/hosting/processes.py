"""A tree of single-threaded processes in which children die with their parents and are reaped."""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
from pathlib import Path
from typing import Protocol

_PR_SET_PDEATHSIG = 1


class Role(Protocol):
    """What a process is. A forked child leaves its parent's role by returning its own from :meth:`run`."""

    def run(self) -> Role | None:
        """Live; returns what this process is next, or ``None`` to exit."""
        ...


def tie_children_to_parents() -> None:
    """From now on every fork of this process, and of its forks, is killed when its parent dies.

    Covers a process that is too busy to see the end of file on its control channel.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def remember() -> None:
        nonlocal parent
        parent = os.getpid()

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died between the fork and the line above
            os._exit(1)

    os.register_at_fork(before=remember, after_in_child=tie)


class Children:
    """The children of this process: reaped as they end.

    Args:
        selector: each child's pidfd is registered with it; the key's data is :meth:`reap` bound to the child.
    """

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._pidfds: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._pidfds)

    def add(self, pid: int) -> None:
        """Watch over a child that was just forked."""
        self._pidfds[pid] = os.pidfd_open(pid)
        self._selector.register(self._pidfds[pid], selectors.EVENT_READ, lambda _: self.reap(pid))

    def reap(self, pid: int) -> None:
        """Collect a child that has ended."""
        descriptor = self._pidfds.pop(pid)
        self._selector.unregister(descriptor)
        os.close(descriptor)
        os.waitpid(pid, 0)

    def disown(self) -> None:
        """In a fork: these are the parent's children. The selector is left alone; it is shared."""
        for descriptor in self._pidfds.values():
            os.close(descriptor)
        self._pidfds.clear()


def private_bytes() -> int:
    """Resident memory that this process shares with no other, in bytes."""
    rows = [line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()]
    return sum(int(row[1]) for row in rows if row[0].startswith("Private_")) * 1024
