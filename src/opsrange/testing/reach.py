"""Worlds in real processes, served on the loopback and reached over real HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import select
import socket
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsrange.hosting import Stable, World

TOY = "opsrange.testing.toy_world:build"
_LIMIT_S = 60


@dataclass(frozen=True)
class Reach:
    """A served world and the port of each of its addresses."""

    world: World
    ports: dict[str, int]

    async def fetch(
        self, address: str, path: str, method: str = "GET", body: bytes | None = None
    ) -> bytes:
        """The body of a successful answer.

        Raises:
            urllib.error.HTTPError: for any other.
        """
        return await asyncio.to_thread(_fetch, self.ports[address], path, method, body)

    async def json(self, address: str, path: str, method: str = "GET") -> Any:
        """The JSON document of a successful answer."""
        return json.loads(await self.fetch(address, path, method))

    async def sleep(self, ms: int) -> bytes:
        """Wait ``ms`` virtual milliseconds, as the seat's ``sleep`` does."""
        return await self.fetch("clock:80", f"/sleep?ms={ms}", "POST")


@asynccontextmanager
async def opened(
    scenario: str = "plain", seed: int = 1, builder: str = TOY
) -> AsyncIterator[World]:
    """A world with a stable of its own, both gone afterwards."""
    stable = await Stable.open(builder)
    try:
        async with await stable.world(scenario, seed) as world:
            yield world
    finally:
        await stable.close()


@asynccontextmanager
async def served(
    world: World, *, idle: socket.socket | None = None, now_file: Path | None = None
) -> AsyncIterator[Reach]:
    """Serve every address of a world on a port of 127.0.0.1."""
    listeners = {
        address: socket.create_server(("127.0.0.1", 0)) for address in await world.addresses()
    }
    try:
        await world.serve(listeners, idle=idle, now_file=now_file)
        yield Reach(world, {name: each.getsockname()[1] for name, each in listeners.items()})
    finally:
        for each in listeners.values():
            each.close()


def run_limited(body: Callable[[], Awaitable[None]]) -> None:
    """Run ``body`` on an event loop of its own, for at most a minute of wall time."""

    async def limited() -> None:
        async with asyncio.timeout(_LIMIT_S):
            await body()

    asyncio.run(limited())


def wait_until_gone(pids: Iterable[int]) -> None:
    """Block until each process has exited. For processes known to have existed.

    Raises:
        TimeoutError: when one lives on for a minute of wall time.
    """
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        exited = poll.poll(_LIMIT_S * 1000)
        os.close(descriptor)
        if not exited:
            raise TimeoutError(f"process {pid} is still alive")


def _fetch(port: int, path: str, method: str, body: bytes | None) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method, data=body)
    with urllib.request.urlopen(request, timeout=_LIMIT_S) as response:  # noqa: S310 - always http
        data: bytes = response.read()
    return data
