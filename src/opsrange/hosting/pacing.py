"""How virtual time moves: not at all, or in jumps while everybody only waits, or with the wall clock.

Theory of operation: between ``begin`` and ``end`` of a step the clock stands still as long as anything might still happen at
the present instant: a client is computing, a request or an answer is under way. Once some client holds a stream, everything
sent has arrived and the seat says that no process is runnable, nothing can happen until time passes; so it passes, up to the
next instant at which a stream has something to say. Wall time decides only *when* this is noticed, never what is found, so
the world's history does not depend on the speed of the machine. A busy loop never moves time.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from enum import Enum, auto

from opsrange.hosting.facade import Facade
from opsrange.world import Kernel

QUIET_S = 0.002
"""How long to wait before asking the seat again; without a seat, how long silence must last to count as idle."""
STUCK_ROUNDS = 25
"""After so many rounds with nothing moving but something undelivered, the client is taken not to want it now."""
PATIENCE_S = 1.0
"""How long one ``advance`` waits, in all, for clients that are not idle."""
SLICE_MS = 10_000
"""The longest jump between two looks at the sockets."""
_WALL_TICK_S = 0.25


class _Seat(Enum):
    """What is known of the seat."""

    UNKNOWN = auto()
    ASKED = auto()
    STALE = auto()
    """Asked, but something has happened since, so the answer will not count."""
    CONFIRMING = auto()
    """It said idle; one more look at the sockets, for what was on its way."""
    IDLE = auto()


class IdleProbe:
    """The question whether every process of the seat only waits.

    Args:
        connection: answers ``?`` with ``1`` or ``0``; owned from now on.
        selector: the process's own.
        answered: told of each answer; ``False`` for ever once the seat has gone.
    """

    def __init__(
        self,
        connection: socket.socket,
        selector: selectors.BaseSelector,
        answered: Callable[[bool], None],
    ) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._selector = selector
        self._answered = answered
        self.lost = False
        selector.register(self, selectors.EVENT_READ, lambda _: self._read())

    def fileno(self) -> int:
        """For selectors."""
        return self._connection.fileno()

    def ask(self) -> None:
        """Put the question."""
        try:
            self._connection.send(b"?")
        except OSError:
            self._lose()

    def close(self) -> None:
        """Let go of the socket. An answer that was already waiting is no longer heard."""
        self._lose()
        self._connection.close()

    def disown(self) -> None:
        """In a fork: the socket is the parent's."""
        self._connection.close()

    def _read(self) -> None:
        if self.lost:
            return
        try:
            answer = self._connection.recv(64)
        except BlockingIOError:
            return
        except OSError:
            answer = b""
        if not answer:
            self._lose()
        self._answered(answer.endswith(b"1"))

    def _lose(self) -> None:
        if not self.lost:
            self.lost = True
            self._selector.unregister(self)


class Pacer:
    """Moves the clock of a served world.

    Args:
        kernel: whose clock.
        facade: whose streams are waited on.
        moved: called after the clock has moved and before anybody is told.
        timed_out: called when a step reached its virtual limit.
    """

    def __init__(
        self,
        kernel: Kernel,
        facade: Facade,
        moved: Callable[[], None],
        timed_out: Callable[[], None],
    ) -> None:
        self.probe: IdleProbe | None = None
        self._kernel = kernel
        self._facade = facade
        self._moved = moved
        self._timed_out = timed_out
        self._limit_ms: int | None = None
        self._target_ms: int | None = None
        self._arrived: Callable[[], None] | None = None
        self._seat = _Seat.UNKNOWN
        self._undelivered = 0
        self._turned_s = 0.0
        self._patience_s = 0.0
        self._wall_offset_ms: int | None = None

    def begin(self, limit_ms: int) -> None:
        """Let time jump for at most ``limit_ms`` from now, until :meth:`end`."""
        self._limit_ms = self._kernel.now_ms + limit_ms
        self._reset()

    def end(self) -> None:
        """Time stands still."""
        self._limit_ms = None

    def advance(self, delay_ms: int, arrived: Callable[[], None]) -> bool:
        """Let ``delay_ms`` pass, then call ``arrived``; false when an earlier advance is still under way."""
        if self._target_ms is not None:
            return False
        self._target_ms = self._kernel.now_ms + delay_ms
        self._arrived = arrived
        self._patience_s = PATIENCE_S
        self._turned_s = time.monotonic()
        self._reset()
        return True

    def lock_to_wall(self) -> None:
        """From now on a virtual second takes a wall second."""
        self._wall_offset_ms = self._kernel.now_ms - _monotonic_ms()

    def unlock(self) -> None:
        """Back to virtual pace."""
        self._wall_offset_ms = None

    def heard(self, idle: bool) -> None:
        """The seat answered."""
        counts = idle and self._seat is _Seat.ASKED
        self._seat = _Seat.CONFIRMING if counts else _Seat.UNKNOWN

    def timeout_s(self) -> float | None:
        """How long the process may sleep before the next :meth:`turn`; ``None`` for until something happens."""
        if self._wall_offset_ms is not None:
            return self._until_next_s() if self._target_ms is None else 0
        if not self._wanted():
            return None
        if self._seat is _Seat.IDLE or not self._facade.waiting:
            return 0
        if self._seat in {_Seat.ASKED, _Seat.STALE}:
            return None if self._target_ms is None else PATIENCE_S
        return QUIET_S

    def turn(self, *, active: bool) -> None:
        """Called once per round of the process's loop.

        Args:
            active: whether anything but an answer of the seat came in during this round.
        """
        if self._wall_offset_ms is not None:
            self._follow_wall()
            return
        if not self._wanted():
            return
        now_s = time.monotonic()
        self._patience_s -= now_s - self._turned_s
        if active:
            self._reset()
        elif self._seat is _Seat.CONFIRMING:
            self._seat = _Seat.IDLE
        elif self._all_wait():
            self._jump()
        if self._target_ms is not None and self._patience_s < 0:
            self._jump()
        self._turned_s = time.monotonic()

    def _wanted(self) -> bool:
        return self._target_ms is not None or (self._limit_ms is not None and self._facade.waiting)

    def _reset(self) -> None:
        """Something happened: whatever the seat said, or is about to say, is out of date."""
        asked = self._seat in {_Seat.ASKED, _Seat.STALE}
        self._seat = _Seat.STALE if asked else _Seat.UNKNOWN
        self._undelivered = 0

    def _all_wait(self) -> bool:
        """Whether nothing can happen before time passes. Asks the seat when everything else says so."""
        if not self._facade.waiting:
            return True
        if self._seat is _Seat.UNKNOWN and not self._facade.drained():
            self._undelivered += 1
            if self._undelivered < STUCK_ROUNDS:
                return False
        if self.probe is None or (self.probe.lost and self._target_ms is not None):
            return True
        if self._seat is _Seat.UNKNOWN and not self.probe.lost:
            self._seat = _Seat.ASKED
            self.probe.ask()
        return self._seat is _Seat.IDLE

    def _jump(self) -> None:
        """Move to the next instant at which a stream has something to say, or a slice towards it."""
        now_ms = self._kernel.now_ms
        bounds = [self._limit_ms, self._target_ms, self._facade.deadline_ms(), now_ms + SLICE_MS]
        until_ms = min(bound for bound in bounds if bound is not None)
        if until_ms > now_ms:
            try:
                self._kernel.advance_to(until_ms, interrupt=self._facade.collect)
            except Exception:  # noqa: BLE001 - the world's own code failed; the runner must hear of it
                self._facade.blame()
            self._moved()
        if self._facade.pump():
            self._reset()
        elif self._target_ms is not None and self._kernel.now_ms >= self._target_ms:
            self._arrive()
        elif self._limit_ms is not None and self._kernel.now_ms >= self._limit_ms:
            self._limit_ms = None
            self._timed_out()
        elif self.probe is None:
            self._seat = _Seat.IDLE  # nobody was told anything, so the silence still counts

    def _arrive(self) -> None:
        arrived, self._arrived, self._target_ms = self._arrived, None, None
        if arrived is not None:
            arrived()

    def _until_next_s(self) -> float:
        """Wall seconds until something is due, at wall pace."""
        dues = [self._kernel.next_due_ms(), self._facade.deadline_ms()]
        waits = [(due - self._kernel.now_ms) / 1000 for due in dues if due is not None]
        return max(0.001, min([_WALL_TICK_S, *waits]))

    def _follow_wall(self) -> None:
        assert self._wall_offset_ms is not None
        if self._target_ms is not None:
            self._wall_offset_ms += max(0, self._target_ms - self._kernel.now_ms)
        before_ms = self._kernel.now_ms
        try:
            self._kernel.advance_to(_monotonic_ms() + self._wall_offset_ms)
        except Exception:  # noqa: BLE001 - as above
            self._facade.blame()
        if self._kernel.now_ms != before_ms:
            self._moved()
            self._facade.pump()
        if self._target_ms is not None and self._kernel.now_ms >= self._target_ms:
            self._arrive()


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000
