"""Previews: what a command would do, found out where nobody is harmed.

A fork of the world runs the command in a second sandbox, which has a copy of the seat's files and is kept from preview to
preview: assembling one takes longer than most commands. What runs in the background of the seat is not copied.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from opsrange.errors import SeatError
from opsrange.hosting.client import World
from opsrange.seat import etc
from opsrange.seat.control import Completed
from opsrange.seat.limits import SeatLimits
from opsrange.seat.seat import Command, CommandRefused, Seat
from opsrange.trace import Outlook, Preview, Step
from opsrange.types import MINUTE_MS

HORIZON_MS = 5 * MINUTE_MS
WALL_S = 10.0
"""A command that takes longer is previewed no further."""
OUTPUT_CHARS = 4000
"""Of each stream, so much is kept."""
_FOLDERS = (etc.HOME, "/tmp")  # noqa: S108 -- inside the sandbox
_LIST = ("/usr/bin/find", *_FOLDERS, "-mindepth", "1", "-printf", r"%p %y %m %s %T@ %l\0")
_PACK = ("/bin/tar", "--create", "--format=posix", "--absolute-names", *_FOLDERS)
_PACKED_WELL = (0, 1)
"""1: a file changed meanwhile, which is as good as a moment later."""
_EMPTY = f"/usr/bin/find {' '.join(_FOLDERS)} -mindepth 1 -delete"
_UNPACK = (
    "/bin/sh",
    "-c",
    f"{_EMPTY}; exec /bin/tar --extract --absolute-names --preserve-permissions",
)

MISSING = "files_missing"
"""What a preview is that had not all files of the seat."""
RUNNING = "still_running"
"""What it is when the command left something running, which may act later."""

Files = frozenset[bytes]
"""Name, kind, mode, size, time of each."""
Look = Callable[[World, World], Awaitable[None]]
"""Shown the fork with the command and the fork without it, both at the horizon."""


class Previewer:
    """Makes the previews of one seat, one at a time.

    Args:
        seat: where the command would run.
        cost_ms: virtual time that a command takes, beside what it waits for.
    """

    def __init__(self, seat: Seat, cost_ms: int) -> None:
        self._seat = seat
        self._cost_ms = cost_ms
        self._shadow: Seat | None = None
        self._tidied: asyncio.Task[Files] | None = None
        """The second sandbox's files, once nothing runs in it any more."""
        self._one = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()

    async def preview(
        self,
        command: Command,
        *,
        think_ms: int = 0,
        horizon_ms: int = HORIZON_MS,
        look: Look | None = None,
    ) -> Preview:
        """What ``command`` would do now.

        Args:
            command: as it would be run.
            think_ms: virtual time before it.
            horizon_ms: how far to look beyond it, when it changes something.
            look: shown both forks at the horizon, when it changes something.

        Raises:
            SeatError: when no sandbox could be had, or it was lost.
            WorldError: when a fork failed.
        """
        began_s = asyncio.get_running_loop().time()
        async with self._one:
            listing = asyncio.get_running_loop().create_task(_listed(self._seat))
            try:
                fork = await self._seat.world.fork()
            except BaseException:
                listing.cancel()
                raise
            try:
                found = await self._run(fork, await listing, command, think_ms)
                if found.changes:
                    await self._look_ahead(fork, found, horizon_ms, look)
            except BaseException:
                await self._lose_shadow()
                raise
            finally:
                self._leave(fork)
        found.wall_ms = round((asyncio.get_running_loop().time() - began_s) * 1000, 3)
        return found

    async def close(self) -> None:
        """End the second sandbox. Harmless when there is none."""
        try:
            await self._lose_shadow()
        finally:
            await asyncio.gather(*self._leaving)

    async def _run(self, fork: World, mine: Files, command: Command, think_ms: int) -> Preview:
        shadow, whole = await self._moved(fork, mine)
        try:
            done, record = await shadow.step(command, think_ms=think_ms, cost_ms=self._cost_ms)
        except CommandRefused as refused:
            done, record = Completed(None, b"", b""), refused.record
        left = await shadow.clear()
        self._tidied = asyncio.get_running_loop().create_task(_listed(shadow))
        for name in ("stdout", "stderr"):
            record[name] = record[name][:OUTPUT_CHARS]
        return Preview(
            step=Step.model_validate(record),
            unfinished=done.stopped or ("" if whole else MISSING) or (RUNNING if left else ""),
        )

    async def _look_ahead(
        self, fork: World, found: Preview, horizon_ms: int, look: Look | None
    ) -> None:
        found.horizon_ms = horizon_ms
        idle = await self._seat.world.fork()
        try:
            window = {"since_ms": found.step.ended_ms, "window_ms": horizon_ms}
            acted_to, idle_to = await asyncio.gather(
                fork.call("outlook", **window), idle.call("outlook", **window)
            )
            found.acted, found.idle = (
                Outlook.model_validate(acted_to),
                Outlook.model_validate(idle_to),
            )
            if look is not None:
                await look(fork, idle)
        finally:
            self._leave(idle)

    def _leave(self, fork: World) -> None:
        """Nobody waits for a fork to die."""
        task = asyncio.get_running_loop().create_task(fork.close())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _moved(self, fork: World, mine: Files) -> tuple[Seat, bool]:
        """The second sandbox over ``fork`` with the seat's files, and whether it has them all."""
        theirs = await self._theirs()
        if self._shadow is None:
            bounds = {"wall_s": min(WALL_S, self._seat.limits.wall_s)}
            limits = SeatLimits.model_validate(self._seat.limits.model_dump() | bounds)
            self._shadow = await Seat.open(fork, limits, movable=True)
        else:
            await asyncio.gather(*self._leaving)  # who still lives there would answer too
            await self._shadow.move(fork)
        whole = mine == theirs or await _copy_files(self._seat, self._shadow)
        return self._shadow, whole

    async def _theirs(self) -> Files | None:
        """The second sandbox's files, as the last preview left them; ``None`` when that is not known."""
        tidied, self._tidied = self._tidied, None
        if tidied is not None:
            with suppress(SeatError):  # lost since: the next one is assembled
                return await tidied
            await self._lose_shadow()
        return None

    async def _lose_shadow(self) -> None:
        tidied, self._tidied = self._tidied, None
        if tidied is not None:
            tidied.cancel()
            await asyncio.gather(tidied, return_exceptions=True)
        shadow, self._shadow = self._shadow, None
        if shadow is not None:
            await shadow.close()


async def _listed(seat: Seat) -> Files:
    """Every file of the agent's. In no order: a folder lists a copy of its files in another one than the files themselves."""
    with _memory() as found, _nothing() as nothing:
        await seat.pass_through(_LIST, nothing.fileno(), found.fileno())
        found.seek(0)
        return frozenset(found.read().split(b"\0"))


async def _copy_files(source: Seat, target: Seat) -> bool:
    """Make the files of one sandbox those of another, times included; whether all could be."""
    with _memory() as packed, _nothing() as nothing:
        read = await source.pass_through(_PACK, nothing.fileno(), packed.fileno())
        packed.seek(0)
        written = await target.pass_through(_UNPACK, packed.fileno(), nothing.fileno())
    return read in _PACKED_WELL and written == 0


def _memory() -> BinaryIO:
    return os.fdopen(os.memfd_create("files", os.MFD_CLOEXEC), "r+b", buffering=0)


def _nothing() -> BinaryIO:
    return Path(os.devnull).open("r+b", buffering=0)
