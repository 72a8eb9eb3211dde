"""The runner's side: open a stable, get worlds from it, talk to them. asyncio; never forks the runner.

Every wait has a limit in wall seconds and ends in a ``WorldError`` that says what was asked.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from opsrange.errors import WorldError
from opsrange.hosting.channel import decode_failure
from opsrange.hosting.link import Link
from opsrange.types import Json

OPEN_TIMEOUT_S = 60.0
BUILD_TIMEOUT_S = 300.0
CALL_TIMEOUT_S = 600.0
QUICK_TIMEOUT_S = 60.0
_EXIT_TIMEOUT_S = 10.0


class World:
    """One attempt's world process, as the runner sees it. Made by :meth:`Stable.world` and :meth:`fork`."""

    def __init__(self, link_end: socket.socket, name: str) -> None:
        self.name = name
        """``scenario@seed``, for messages."""
        self.pid = 0
        self.virtual_timeout = asyncio.Event()
        """Set when the open step's virtual limit was reached; cleared by :meth:`begin`."""
        self._pidfd = -1
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._link = Link(link_end, f"world {name}", self._notified)

    @property
    def ended(self) -> bool:
        """Whether the process is gone or was given up."""
        return self._link.ended.done()

    async def call(self, name: str, **arguments: Any) -> Any:
        """``Hosted.call`` in the world.

        Raises:
            OpsrangeError: what it raised, with its owner.
            WorldError: anything else.
        """
        fields = {"name": name, "arguments": arguments}
        return await self._link.request("call", fields, timeout_s=CALL_TIMEOUT_S)

    async def addresses(self) -> list[str]:
        """Every ``host:port`` the world answers at, ``clock:80`` included, sorted."""
        found: list[str] = await self._link.request("addresses", timeout_s=QUICK_TIMEOUT_S)
        return found

    async def now(self) -> int:
        """The world's instant, milliseconds since the Unix epoch."""
        return int(await self._link.request("now", timeout_s=QUICK_TIMEOUT_S))

    async def advance(self, ms: int) -> int:
        """Let ``ms`` virtual milliseconds pass (think time, soak); returns the instant reached.

        Clients that hold streams get each chunk at its own instant and are waited for (at most 1 s of wall
        time each time) before the clock goes on.
        """
        return int(await self._link.request("advance", {"ms": ms}, timeout_s=CALL_TIMEOUT_S))

    async def digest(self) -> str:
        """The digest of the world's journal."""
        return str(await self._link.request("digest", timeout_s=QUICK_TIMEOUT_S))

    async def errors(self) -> list[str]:
        """Tracebacks of every exception a handler let escape. Not empty means the attempt is void."""
        found: list[str] = await self._link.request("errors", timeout_s=QUICK_TIMEOUT_S)
        return found

    async def memory(self) -> int:
        """Private (unshared) resident memory of the process, in bytes."""
        return int(await self._link.request("memory", timeout_s=QUICK_TIMEOUT_S))

    async def serve(
        self,
        sockets: Mapping[str, socket.socket],
        *,
        idle: socket.socket | None = None,
        now_file: Path | None = None,
        pace: Literal["virtual", "wall"] = "virtual",
    ) -> None:
        """Answer HTTP on listening sockets. Descriptors are duplicated; close your own copies.

        Args:
            sockets: listening TCP or Unix stream sockets by address (one of :meth:`addresses`).
            idle: a connected Unix stream socket that answers ``?`` with ``1`` (idle) or ``0`` (busy); without it two
                quiet milliseconds count as idle.
            now_file: rewritten with the instant, ``YYYY-MM-DD HH:MM:SS`` in UTC and a newline, whenever the clock has
                moved; must exist.
            pace: ``wall`` locks virtual time to wall time from now on.

        Raises:
            WorldError: for an address the world does not have.
        """
        fields = {
            "addresses": list(sockets),
            "idle": idle is not None,
            "now_file": None if now_file is None else str(now_file),
            "pace": pace,
        }
        given = [*sockets.values(), *([] if idle is None else [idle])]
        await self._link.request("serve", fields, sockets=given, timeout_s=QUICK_TIMEOUT_S)

    async def unserve(self) -> None:
        """Stop listening, drop every connection, forget the idle socket and the now file."""
        await self._link.request("unserve", timeout_s=QUICK_TIMEOUT_S)

    async def begin(self, *, limit_ms: int, **arguments: Any) -> Any:
        """Open a step: ``Hosted.call("begin_step", arguments)``, then let time jump while every client only waits.

        Args:
            limit_ms: how much virtual time the step may take; reaching it stops the clock and sets
                :attr:`virtual_timeout`.
            arguments: handed to the hosted object.

        Returns:
            What the hosted object answered.
        """
        self.virtual_timeout.clear()
        fields = {"limit_ms": limit_ms, "arguments": arguments}
        return await self._link.request("begin", fields, timeout_s=CALL_TIMEOUT_S)

    async def end(self, **arguments: Any) -> Any:
        """Close the step: time stands still again, then ``Hosted.call("end_step", arguments)``; returns its answer."""
        fields = {"arguments": arguments}
        return await self._link.request("end", fields, timeout_s=CALL_TIMEOUT_S)

    async def fork(self) -> World:
        """An independent copy of the world as it is now, without sockets. It dies with this one at the latest."""
        mine, theirs = socket.socketpair()
        copy = World(mine, f"{self.name} (fork)")
        try:
            self._link.send({"op": "fork"}, [theirs])
        finally:
            theirs.close()
        return await copy.ready(QUICK_TIMEOUT_S)

    async def close(self) -> None:
        """Kill the process and wait until it is gone. Harmless when it already is."""
        self._link.close()
        descriptor, self._pidfd = self._pidfd, -1
        if descriptor < 0:
            return
        try:
            await _kill(descriptor, f"world {self.name}")
        finally:
            os.close(descriptor)

    async def ready(self, timeout_s: float) -> Self:
        """Wait until the process is there. Part of opening; callers of the public API need not.

        Raises:
            OpsrangeError: what the builder raised, or a ``WorldError``.
        """
        ended = self._link.ended
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.wait([self._ready, ended], return_when=asyncio.FIRST_COMPLETED)
            if not self._ready.done():
                self._ready.set_exception(WorldError(f"world {self.name} died before it was ready"))
            self._ready.result()
        except TimeoutError:
            await self.close()
            raise WorldError(f"world {self.name} was not ready in {timeout_s:g} s") from None
        except BaseException:
            await self.close()
            raise
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def _notified(self, message: Json, descriptors: list[int]) -> None:
        match message["event"]:
            case "ready":
                self.pid = message["pid"]
                (self._pidfd,) = descriptors
                self._ready.set_result(None)
            case "failed":
                self._ready.set_exception(decode_failure(message["error"]))
            case "virtual_timeout":
                self.virtual_timeout.set()


class Stable:
    """The warm parent of worlds: one process per (event loop, builder), shared by everyone who opens it."""

    _open: dict[tuple[asyncio.AbstractEventLoop, str], Stable] = {}  # noqa: RUF012 - the registry is the class's

    def __init__(self, builder: str) -> None:
        self.builder = builder
        mine, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "opsrange.hosting", str(theirs.fileno()), builder],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is the runner's business
            )
        self._pidfd = os.pidfd_open(self._process.pid)
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._link = Link(mine, f"stable of {builder}", self._notified)

    @classmethod
    async def open(cls, builder: str) -> Stable:
        """The running stable for ``builder`` on this loop, started when there is none.

        Args:
            builder: ``module:function``; called as ``function(scenario, seed)`` and must return a ``Hosted``.

        Raises:
            OperatorError: when there is no such function.
            WorldError: when the process could not be started or importing failed.
        """
        for key, stable in list(cls._open.items()):
            if key[0].is_closed():
                del cls._open[key]
                stable._abandon()  # noqa: SLF001 - one of us
        key = (asyncio.get_running_loop(), builder)
        found = cls._open.get(key)
        if found is None or found._dead:  # noqa: SLF001 - one of us
            found = cls._open[key] = cls(builder)
        return await found._until_ready()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    async def world(self, scenario: str, seed: int) -> World:
        """A fresh world of ``scenario@seed``. The first one of an instance waits for it to be built.

        Raises:
            OpsrangeError: what the builder raised, with its owner, or a ``WorldError``.
        """
        mine, theirs = socket.socketpair()
        world = World(mine, f"{scenario}@{seed}")
        try:
            self._link.send({"op": "world", "scenario": scenario, "seed": seed}, [theirs])
        except WorldError:
            await world.close()
            raise
        finally:
            theirs.close()
        return await world.ready(BUILD_TIMEOUT_S)

    async def close(self) -> None:
        """End the stable and everything it started. Harmless when already closed."""
        for key, stable in list(self._open.items()):
            if stable is self:
                del self._open[key]
        self._link.close()
        descriptor, self._pidfd = self._pidfd, -1
        if descriptor >= 0:
            try:
                await _kill(descriptor, f"stable of {self.builder}")
            finally:
                os.close(descriptor)
            self._process.wait()

    @property
    def _dead(self) -> bool:
        return self._link.ended.done() or self._process.poll() is not None

    async def _until_ready(self) -> Stable:
        ended = self._link.ended
        done, _ = await asyncio.wait(
            [self._ready, ended], timeout=OPEN_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
        )
        if self._ready.done() and self._ready.exception() is None:
            return self
        await self.close()
        if self._ready.done():
            self._ready.result()
        problem = "died while importing" if done else f"was not ready in {OPEN_TIMEOUT_S:g} s"
        raise WorldError(f"the stable of {self.builder} {problem}; its standard error says why")

    def _abandon(self) -> None:
        """Its loop is closed: end it without one."""
        self._link.abandon()
        if self._pidfd >= 0:
            self._process.kill()
            self._process.wait()
            os.close(self._pidfd)
            self._pidfd = -1

    def _notified(self, message: Json, descriptors: list[int]) -> None:
        if message["event"] == "failed":
            self._ready.set_exception(decode_failure(message["error"]))
        else:
            self._ready.set_result(None)


async def _kill(pidfd: int, name: str) -> None:
    """SIGKILL, then wait for the process to be gone; a pidfd can never mean somebody else's process."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(pidfd, gone.set)
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        async with asyncio.timeout(_EXIT_TIMEOUT_S):
            await gone.wait()
    except ProcessLookupError:
        return
    except TimeoutError:
        raise WorldError(
            f"{name} did not die within {_EXIT_TIMEOUT_S:g} s of being killed"
        ) from None
    finally:
        loop.remove_reader(pidfd)
