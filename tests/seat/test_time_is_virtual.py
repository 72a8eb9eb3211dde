"""Goal: inside, only virtual time exists, and waiting costs none of ours. Method: steps that wait; the record says how long."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest

from opsrange.seat import Completed, Seat
from opsrange.types import Json

pytestmark = pytest.mark.seat
Seated = Callable[..., Any]


def steps(seated: Seated, *commands: str) -> list[tuple[Completed, Json]]:
    async def body(seat: Seat) -> list[tuple[Completed, Json]]:
        return [await seat.step(command, virtual_s=600) for command in commands]

    found: list[tuple[Completed, Json]] = seated(body)
    return found


def waited_s(record: Json) -> float:
    return float(record["ended_ms"] - record["started_ms"]) / 1000


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        ("true", 0),
        ("sleep 30", 30),
        ("/usr/bin/sleep 1m 1.5", 61.5),
        ("python3 -c 'import time; time.sleep(12.25)'", 12.25),
        ("sleep 5 & sleep 8; wait", 8),
        ("sleep 3 | sleep 2; sleep 1", 4),
        ("timeout 7 sleep 100", 7),
        ("timeout 100 sleep 7", 7),
        ("timeout -k 2 -s INT 3 bash -c 'trap : INT; sleep 10; sleep 10'", 5),
        ("timeout 20 kubectl get pods -w", 20),
        ("kubectl wait --for=condition=Ready pod/web --timeout=20s", 20),
        ("kubectl wait --for=condition=Ready pod/web", 30),
    ],
)
def test_a_command_takes_the_virtual_time_it_waits(
    seated: Seated, command: str, seconds: float
) -> None:
    ((_, record),) = steps(seated, command)
    assert waited_s(record) == seconds


def test_date_and_python_show_the_worlds_instant(seated: Seated) -> None:
    _, (done, record) = steps(
        seated, "sleep 90", "date +%s; python3 -c 'import time; print(int(time.time()))'"
    )
    assert done.stdout.split() == [b"%d" % (record["started_ms"] // 1000)] * 2


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("timeout 1 sleep 9", 124),
        ("timeout -s KILL 1 sleep 9", 137),
        ("timeout --preserve-status 1 sleep 9", 143),
        ("timeout 9 sh -c 'exit 5'", 5),
        ("timeout 9 no-such-command", 127),
        ("timeout 9 /etc/passwd", 126),
        ("timeout x true", 125),
        ("sleep x", 1),
        ("sleep", 1),
    ],
)
def test_timeout_and_sleep_exit_as_coreutils_do(seated: Seated, command: str, code: int) -> None:
    ((done, _),) = steps(seated, command)
    assert done.exit_code == code


def test_kubectl_words_its_own_timeout(seated: Seated) -> None:
    ((done, _),) = steps(seated, "kubectl wait --for=condition=Ready pod/web --timeout=5s")
    assert done.stderr == b"error: timed out waiting for the condition on pods/web\n"
    assert done.exit_code == 1


def test_the_virtual_limit_ends_a_step(seated: Seated) -> None:
    async def body(seat: Seat) -> Json:
        done, record = await seat.step("sleep 1000", virtual_s=60)
        assert done.stopped == "virtual_timeout"
        assert (await seat.run("echo alive")).stdout == b"alive\n"
        return record

    record = seated(body)
    assert (waited_s(record), record["stopped"], record["exit_code"]) == (
        60,
        "virtual_timeout",
        None,
    )


def test_a_chain_of_short_processes_never_loses_time(seated: Seated) -> None:
    chain = "for i in 1 2 3 4 5; do (sleep 3; cat /etc/hosts | sort | tail -1; date +%s >> log) & sleep 4; done; cat log"
    ((done, record),) = steps(seated, chain)
    began = record["started_ms"] // 1000
    assert [int(line) - began for line in done.stdout.split()[-5:]] == [3, 7, 11, 15, 19]


def test_a_step_records_what_it_asked_the_world(seated: Seated) -> None:
    ((_, record),) = steps(seated, "curl -s toy:8080/counter | cat")
    (request,) = record["requests"]
    assert (request["address"], request["path"], request["status"]) == (
        "toy:8080",
        "/counter",
        200,
    )
    assert record["pipeline_exit_codes"] == [[0, 0]]


def test_files_may_be_listed_while_time_passes(seated: Seated) -> None:
    """What we ourselves run in the seat writes into no pipe; asked whether it waits, the seat once died of that."""

    async def body(seat: Seat) -> bytes:
        await seat.step("for i in $(seq 500); do : > f$i; done; sleep 100000 >/dev/null 2>&1 &")
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            for _ in range(3):
                listing = seat.pass_through(("/usr/bin/find", "/", "-xdev"), nothing, nothing)
                await asyncio.gather(listing, seat.world.advance(20_000))
        finally:
            os.close(nothing)
        done, _ = await seat.step("ls | wc -l")
        return bytes(done.stdout)

    assert seated(body) == b"500\n"
