"""Clock and event queue.

Theory of operation: the world has one instant, in integer milliseconds since the Unix epoch. Only
``advance_to`` moves it. Timers fire in order of (instant, priority, sequence of scheduling), each at its own
instant, so two runs that schedule the same timers see the same history. Reading never moves anything.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from opsrange.world.journal import Journal
from opsrange.world.streams import Streams

Action = Callable[[], None]


class Timer:
    """A scheduled action; ``cancel`` makes it never fire."""

    __slots__ = ("_action", "due_ms")

    def __init__(self, due_ms: int, action: Action) -> None:
        self.due_ms = due_ms
        self._action: Action | None = action

    @property
    def pending(self) -> bool:
        """Whether it will still fire."""
        return self._action is not None

    def cancel(self) -> None:
        """Never fire. Harmless when it already did."""
        self._action = None

    def fire(self) -> None:
        """Run the action, once."""
        action, self._action = self._action, None
        if action is not None:
            action()


class Kernel:
    """One world's clock, timers, random streams and journal.

    Args:
        seed: names the random streams.
        start_ms: the first instant, milliseconds since the Unix epoch.
    """

    def __init__(self, seed: str, start_ms: int) -> None:
        self.now_ms = start_ms
        self.streams = Streams(seed)
        self.journal = Journal()
        self.actor = "world"
        self._queue: list[tuple[int, int, int, Timer]] = []
        self._sequence = 0

    def at(self, due_ms: int, action: Action, *, priority: int = 0) -> Timer:
        """Schedule ``action`` at an instant; one in the past fires at the present instant.

        Args:
            due_ms: milliseconds since the Unix epoch.
            action: called once, with the clock standing at the instant.
            priority: lower fires first among timers of the same instant.
        """
        timer = Timer(max(due_ms, self.now_ms), action)
        self._sequence += 1
        heapq.heappush(self._queue, (timer.due_ms, priority, self._sequence, timer))
        return timer

    def after(self, delay_ms: int, action: Action, *, priority: int = 0) -> Timer:
        """Schedule ``action`` after a delay in milliseconds."""
        return self.at(self.now_ms + delay_ms, action, priority=priority)

    def every(self, period_ms: int, action: Action, *, priority: int = 0) -> None:
        """Run ``action`` each time the instant is a multiple of ``period_ms``, for ever."""

        def tick() -> None:
            self.at(self.now_ms + period_ms, tick, priority=priority)
            action()

        self.at((self.now_ms // period_ms + 1) * period_ms, tick, priority=priority)

    def next_due_ms(self) -> int | None:
        """The instant of the next pending timer, or ``None``."""
        while self._queue and not self._queue[0][3].pending:
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def advance_to(self, until_ms: int, *, interrupt: Callable[[], bool] | None = None) -> int:
        """Fire every timer due up to and including ``until_ms`` and move the clock there.

        Args:
            until_ms: the instant to reach; one in the past changes nothing.
            interrupt: asked after each instant's timers have all fired; true stops the clock there.

        Returns:
            The instant reached.
        """
        while (due_ms := self.next_due_ms()) is not None and due_ms <= until_ms:
            self.now_ms = due_ms
            while self.next_due_ms() == due_ms:
                heapq.heappop(self._queue)[3].fire()
            if interrupt is not None and interrupt():
                return self.now_ms
        self.now_ms = max(self.now_ms, until_ms)
        return self.now_ms

    def leap(self, duration_ms: int) -> None:
        """Let a stretch pass in which nothing happens: the clock and every pending timer move together.

        Builds age cheaply: an estate that was installed days ago need not be simulated for days.

        Args:
            duration_ms: a multiple of one hour keeps periodic timers on their grid.
        """
        self.now_ms += duration_ms
        for timer in {id(item[3]): item[3] for item in self._queue}.values():
            timer.due_ms += duration_ms
        self._queue = [
            (due + duration_ms, rank, order, timer) for due, rank, order, timer in self._queue
        ]

    @contextmanager
    def acting(self, actor: str) -> Iterator[None]:
        """Attribute what happens inside the block to ``actor``."""
        before, self.actor = self.actor, actor
        try:
            yield
        finally:
            self.actor = before

    def record(self, topic: str, data: object) -> None:
        """Append to the journal at the present instant, for the present actor."""
        self.journal.record(self.now_ms, topic, self.actor, data)
