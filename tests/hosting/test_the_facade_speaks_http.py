from __future__ import annotations

import asyncio
import random
import socket
from urllib.error import HTTPError

import pytest

from opsrange.testing.reach import Reach, opened, run_limited, served
from opsrange.testing.toy_world import ADDRESS

_PIECES = [
    *(b"GET /counter HTTP/1.1\r\nHost: t\r\n", b"HEAD /counter HTTP/1.1\r\nHost: t\r\n", b"\r\n"),
    *(b"HEAD /watch HTTP/1.1\r\nHost: t\r\n", b"POST /echo HTTP/1.0\r\n", b"\r\n", b"0\r\n\r\n"),
    *(
        b"CONNECT t:1 HTTP/1.1\r\nHost: t\r\n",
        b"Connection: upgrade\r\n",
        b"Upgrade: x\r\n",
        b"\r\n",
    ),
    *(
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"3\r\nabc\r\n",
        b"\x00",
        b"abc",
    ),
    *(
        b"Expect: 100-continue\r\n",
        b"Connection: close\r\n",
        b"Content-Length: -1\r\n",
        b"a: \xff\r\n",
    ),
]
"""HTTP in shreds."""


def test_answers_and_records_in_order() -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            await world.begin(limit_ms=1000)
            assert (await reach.json(ADDRESS, "/counter"))["value"] == 0
            assert (await reach.json(ADDRESS, "/counter?by=4", "POST"))["value"] == 4
            with pytest.raises(HTTPError, match="404"):
                await reach.fetch(ADDRESS, "/nowhere%20else")
            assert (await world.end())["handled"] == [
                "toy:8080 GET /counter 200 34",
                "toy:8080 POST /counter 201 11",
                "toy:8080 GET /nowhere else 404 30",
            ]

    run_limited(body)


def test_large_bodies_pass_both_ways() -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            assert len(await reach.fetch(ADDRESS, "/big?bytes=30000000")) == 30_000_000
            sent = bytes(range(256)) * 8_000
            assert await reach.fetch(ADDRESS, "/echo", "POST", sent) == sent

    run_limited(body)


def test_too_large_a_body_is_refused() -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            head = b"POST /echo HTTP/1.1\r\nHost: toy\r\nContent-Length: 5000000\r\n\r\n"
            answer = await _say(reach, head + b"x" * 5_000_000)
            assert answer.startswith(b"HTTP/1.1 413 ")

    run_limited(body)


def test_pipelined_requests_are_answered_in_order_until_close() -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            one = b"POST /counter?by=1 HTTP/1.1\r\nHost: toy\r\nContent-Length: 0\r\n\r\n"
            last = b"GET /counter HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n\r\n"
            answer = await _say(reach, one * 3 + last + one)
            values = [part[:1] for part in answer.split(b'"value":')[1:]]
            assert values == [b"1", b"2", b"3", b"3"]
            assert await world.call("value") == 3

    run_limited(body)


def test_old_and_odd_clients_are_understood() -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            old = await _say(reach, b"GET /counter HTTP/1.0\r\n\r\n")
            assert old.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"Connection: close" in old
            head = await _say(
                reach, b"HEAD /counter HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
            )
            assert b"content-length: 34" in head
            assert head.endswith(b"\r\n\r\n")
            assert b"date: Tue, 14 Nov 2023 22:13:20 GMT" in head
            watch = await _say(
                reach, b"HEAD /watch HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
            )
            assert watch.startswith(b"HTTP/1.1 200 ")
            expecting = b"POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            assert (await _say(reach, expecting)).startswith(b"HTTP/1.1 100 ")
            upgrade = b"GET /nowhere HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n"
            assert (await _say(reach, upgrade)).startswith(b"HTTP/1.1 404 ")
            connect = await _say(reach, b"CONNECT a.b:443 HTTP/1.1\r\nHost: a.b\r\n\r\n")
            assert connect.startswith(b"HTTP/1.1 405 ")
            no_url = await _say(reach, b"GET http://[ HTTP/1.1\r\nHost: t\r\n\r\n")
            assert no_url.startswith(b"HTTP/1.1 400 ")
            headless = await _say(reach, b"HEAD http://[ HTTP/1.1\r\nHost: t\r\n\r\n")
            assert headless.endswith(b"\r\n\r\n")
            assert await world.errors() == []

    run_limited(body)


def test_a_handler_that_raises_is_a_500_that_says_nothing_and_an_error_for_the_runner() -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            assert await world.errors() == []
            with pytest.raises(HTTPError, match="500") as caught:
                await reach.fetch(ADDRESS, "/broken")
            assert b"secret" not in caught.value.read()
            caught.value.close()
            (error,) = await world.errors()
            assert "a secret of the world" in error
            assert (await reach.json(ADDRESS, "/counter"))["value"] == 0

    run_limited(body)


def test_a_storm_of_nonsense_changes_nothing() -> None:
    async def body() -> None:
        draw = random.Random(1)
        valid = b"GET /counter HTTP/1.1\r\nHost: toy\r\nContent-Length: 3\r\n\r\nabc"
        async with opened() as world, served(world) as reach:
            before = await world.digest()
            for turn in range(300):
                data = bytearray(valid)
                for _ in range(draw.randint(1, 20)):
                    data[draw.randrange(len(data))] = draw.randrange(256)
                await _say(reach, bytes(data) if turn % 3 else draw.randbytes(turn), hurry=True)
                await _say(
                    reach, b"".join(draw.choices(_PIECES, k=draw.randint(3, 12))), hurry=True
                )
            assert (await _say(reach, b"\x16\x03\x01\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
            assert (await _say(reach, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100_000)).startswith(
                b"HTTP/1.1 431 "
            )
            assert (await reach.json(ADDRESS, "/counter"))["value"] == 0
            assert await world.digest() == before
            assert await world.errors() == []

    run_limited(body)


def test_more_clients_than_connections_are_served_in_the_end() -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            where = ("127.0.0.1", reach.ports[ADDRESS])
            silent = [socket.create_connection(where) for _ in range(520)]
            for each in silent[:20]:
                each.close()
            assert (await reach.json(ADDRESS, "/counter"))["value"] == 0
            for each in silent:
                each.close()

    run_limited(body)


def test_after_unserve_nobody_answers_and_serving_again_works() -> None:
    async def body() -> None:
        async with opened() as world:
            async with served(world) as reach:
                await reach.json(ADDRESS, "/counter")
                await world.unserve()
            with pytest.raises(OSError, match="refused"):
                await reach.json(ADDRESS, "/counter")
            async with served(world) as again:
                await again.json(ADDRESS, "/counter")

    run_limited(body)


async def _say(reach: Reach, data: bytes, *, hurry: bool = False) -> bytes:
    """Everything the server says to raw bytes; with ``hurry`` the client has hung up on its side."""

    def talk() -> bytes:
        with socket.create_connection(("127.0.0.1", reach.ports[ADDRESS]), timeout=20) as client:
            try:
                client.sendall(data)
                if hurry:
                    client.shutdown(socket.SHUT_WR)
                answer = b""
                while chunk := client.recv(1 << 16):
                    answer += chunk
                    if not hurry and answer.startswith((b"HTTP/1.1 100", b"HTTP/1.1 404")):
                        break
            except ConnectionError:
                pass
            return answer

    return await asyncio.to_thread(talk)
