"""Goal: however much clients ask for, the runner is answered. Method: an hour's work in one breath, then one question."""

from __future__ import annotations

import asyncio

import pytest

from opsrange.testing.reach import Reach, opened, run_limited, served
from opsrange.testing.toy_world import ADDRESS

_COSTLY = b"GET /toil?steps=20000000 HTTP/1.1\r\nHost: toy\r\n\r\n"


async def _client(reach: Reach, requests: int) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", reach.ports[ADDRESS])
    writer.write(_COSTLY * requests)
    await writer.drain()
    return writer


@pytest.mark.parametrize(("clients", "requests"), [(1, 4000), (100, 40)])
def test_the_runner_goes_before_clients(clients: int, requests: int) -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            await world.begin(limit_ms=1000)
            writers = [await _client(reach, requests) for _ in range(clients)]
            assert await world.call("value") == 0
            handled = (await world.end())["handled"]
            assert await world.advance(1000) > 0
            assert len(handled) < clients * requests
            for writer in writers:
                writer.transport.abort()

    run_limited(body)


def test_what_is_left_for_later_is_answered_in_order() -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            reader, writer = await asyncio.open_connection("127.0.0.1", reach.ports[ADDRESS])
            last = b"GET /counter HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n\r\n"
            writer.write(_COSTLY * 5 + last)
            answer = await reader.read()
            assert answer.count(b"199999990000000") == 5
            assert answer.count(b"HTTP/1.1 200") == 6
            assert answer.endswith(b"}")
            writer.close()

    run_limited(body)
