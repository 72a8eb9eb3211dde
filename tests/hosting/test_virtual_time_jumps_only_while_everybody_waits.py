from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

from opsrange.testing.reach import Reach, opened, run_limited, served
from opsrange.testing.toy_world import ADDRESS, START_MS


def test_reading_costs_no_time() -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            await world.begin(limit_ms=60_000)
            for _ in range(20):
                assert (await reach.json(ADDRESS, "/counter"))["now_ms"] == START_MS
            assert await reach.fetch("clock:80", "/now") == b"1700000000.000\n"
            await world.end()
            assert await world.now() == START_MS

    run_limited(body)


def test_a_sleep_jumps_to_its_end_and_no_further() -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            await world.begin(limit_ms=7_200_000)
            assert await reach.sleep(3_600_000) == b""
            step = await world.end()
            assert await world.now() == START_MS + 3_600_000
            assert step["handled"] == []  # sleeping is no request to the world
            assert not world.virtual_timeout.is_set()

    run_limited(body)


def test_a_woken_sleeper_acts_at_its_own_instant() -> None:
    """With a seat that is idle exactly while both clients wait."""

    async def body() -> None:
        here, there = socket.socketpair()
        here.setblocking(False)
        loop = asyncio.get_running_loop()
        awake = 2

        async def seat() -> None:
            while question := await loop.sock_recv(here, 1):
                assert question == b"?"
                for _ in range(5):  # whoever was sent something before the question is awake by now
                    await asyncio.sleep(0)
                await loop.sock_sendall(here, b"0" if awake else b"1")

        async def sleeper(reach: Reach, ms: int) -> int:
            nonlocal awake
            reader, writer = await asyncio.open_connection("127.0.0.1", reach.ports["clock:80"])
            writer.write(f"POST /sleep?ms={ms} HTTP/1.0\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            awake -= 1
            await reader.read()
            awake += 1
            writer.close()
            instant_ms = int((await reach.json(ADDRESS, "/counter"))["now_ms"])
            awake -= 1
            return instant_ms - START_MS

        async with opened() as world, served(world, idle=there) as reach:
            there.close()
            answering = asyncio.ensure_future(seat())
            await world.begin(limit_ms=600_000)
            instants = await asyncio.gather(sleeper(reach, 7_000), sleeper(reach, 3_000))
            assert tuple(instants) == (7_000, 3_000)
            await world.end()
            answering.cancel()
            await asyncio.wait([answering])
            here.close()

    run_limited(body)


def test_a_watch_stops_the_clock_at_each_event() -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            await world.begin(limit_ms=600_000)
            lines = (await reach.fetch(ADDRESS, "/watch?until=10")).splitlines()
            step = await world.end()
            last = json.loads(lines[-1])
            assert last["value"] >= 10
            assert await world.now() == last["now_ms"]
            total = sum(len(line) + 1 for line in lines)
            assert step["handled"] == [f"toy:8080 GET /watch 200 {total}"]

    run_limited(body)


def test_a_stream_still_open_is_reported_at_the_end_of_the_step() -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            await world.begin(limit_ms=60_000)
            watching = asyncio.ensure_future(reach.fetch(ADDRESS, "/watch?until=1000"))
            await world.virtual_timeout.wait()
            first = await world.end()
            assert len(first["handled"]) == 1
            assert await world.now() == START_MS + 60_000
            await world.begin(limit_ms=60_000)
            await world.virtual_timeout.wait()
            second = await world.end()
            assert await world.now() == START_MS + 120_000
            await world.unserve()
            await asyncio.wait([watching])
            sizes = [int(step["handled"][0].split()[-1]) for step in (first, second)]
            assert all(size > 0 for size in sizes)

    run_limited(body)


def test_the_limit_stops_the_clock_and_is_reported() -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            await world.begin(limit_ms=5_000)
            sleeping = asyncio.ensure_future(reach.sleep(3_600_000))
            await world.virtual_timeout.wait()
            assert await world.now() == START_MS + 5_000
            await world.end()
            assert not sleeping.done()
            await world.unserve()
            await asyncio.wait([sleeping])

    run_limited(body)


def test_nothing_moves_while_the_seat_is_busy() -> None:
    async def body() -> None:
        here, there = socket.socketpair()
        here.setblocking(False)
        loop = asyncio.get_running_loop()
        async with opened() as world, served(world, idle=there) as reach:
            there.close()
            await world.begin(limit_ms=600_000)
            sleeping = asyncio.ensure_future(reach.sleep(30_000))
            for _ in range(20):
                assert await loop.sock_recv(here, 10) == b"?"
                assert await world.now() == START_MS
                await loop.sock_sendall(here, b"0")
            assert await loop.sock_recv(here, 10) == b"?"
            await loop.sock_sendall(here, b"1")
            assert await sleeping == b""
            await world.end()
            assert await world.now() == START_MS + 30_000
            here.close()

    run_limited(body)


def test_an_answer_that_something_overtook_does_not_count() -> None:
    async def body() -> None:
        here, there = socket.socketpair()
        here.setblocking(False)
        loop = asyncio.get_running_loop()
        async with opened() as world, served(world, idle=there) as reach:
            there.close()
            await world.begin(limit_ms=600_000)
            sleeping = asyncio.ensure_future(reach.sleep(30_000))
            assert await loop.sock_recv(here, 10) == b"?"
            await reach.json(ADDRESS, "/counter")
            await loop.sock_sendall(here, b"1")
            assert await loop.sock_recv(here, 10) == b"?"
            assert await world.now() == START_MS
            await loop.sock_sendall(here, b"1")
            while not sleeping.done():  # the client that overtook may still be hanging up
                asked = asyncio.ensure_future(loop.sock_recv(here, 10))
                await asyncio.wait([asked, sleeping], return_when=asyncio.FIRST_COMPLETED)
                if asked.done():
                    await loop.sock_sendall(here, b"1")
                else:
                    asked.cancel()
            here.close()

    run_limited(body)


def test_a_lost_seat_stops_time() -> None:
    async def body() -> None:
        here, there = socket.socketpair()
        async with opened() as world, served(world, idle=there) as reach:
            there.close()
            await world.begin(limit_ms=600_000)
            sleeping = asyncio.ensure_future(reach.sleep(30_000))
            here.close()
            await reach.json(ADDRESS, "/counter")
            await world.end()
            assert await world.now() == START_MS
            await world.unserve()
            await asyncio.wait([sleeping])

    run_limited(body)


def test_advance_lets_background_sleepers_act_on_the_way() -> None:
    async def body() -> None:
        async with opened() as world, served(world) as reach:
            reader, writer = await asyncio.open_connection("127.0.0.1", reach.ports["clock:80"])
            writer.write(b"POST /sleep?ms=20000 HTTP/1.0\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")

            async def act_after_waking() -> int:
                await reader.read()
                writer.close()
                return int((await reach.json(ADDRESS, "/counter"))["now_ms"])

            acting = asyncio.ensure_future(act_after_waking())
            assert await world.advance(60_000) == START_MS + 60_000
            assert START_MS + 20_000 <= await acting <= START_MS + 60_000

    run_limited(body)


def test_the_now_file_follows_the_clock(tmp_path: Path) -> None:
    now_file = tmp_path / "now"
    now_file.touch()

    async def body() -> None:
        async with opened() as world, served(world, now_file=now_file) as reach:
            assert now_file.read_text() == "2023-11-14 22:13:20\n"
            await world.advance(1_500)
            assert now_file.read_text() == "2023-11-14 22:13:21\n"
            await world.begin(limit_ms=600_000)
            await reach.sleep(59_000)
            assert now_file.read_text() == "2023-11-14 22:14:20\n"
            await world.end()

    run_limited(body)


def test_wall_pace_moves_by_itself_and_never_back() -> None:
    async def body() -> None:
        async with opened() as world:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                await world.serve({ADDRESS: listener}, pace="wall")
            before = await world.now()
            while (now := await world.now()) <= before:
                pass
            assert await world.advance(60_000) >= now + 60_000
            await world.unserve()
            stopped = await world.now()
            assert await world.now() == stopped

    run_limited(body)
