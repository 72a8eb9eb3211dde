"""Goal: nothing a command does harms the machine, the world or the seat. Method: do it, then go on working."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opsrange.seat import Completed, Seat, SeatLimits

pytestmark = pytest.mark.seat
Seated = Callable[..., Any]
MIB = 1 << 20


def after(seated: Seated, command: str, limits: SeatLimits) -> Completed:
    """What became of a command; the seat must still work afterwards."""

    async def body(seat: Seat) -> Completed:
        done = await seat.run(command)
        alive = await seat.run("echo alive; curl -s toy:8080/counter")
        assert alive.stdout.startswith(b'alive\n{"value"')
        return done

    found: Completed = seated(body, limits)
    return found


def test_endless_output_is_cut_and_the_command_killed(seated: Seated) -> None:
    limits = SeatLimits(output_bytes=1000, output_bytes_max=MIB)
    done = after(seated, "yes", limits)
    assert done.stopped == "output_limit"
    assert len(done.stdout) == 1000


def test_output_beyond_what_is_kept_does_not_end_a_command(seated: Seated) -> None:
    limits = SeatLimits(output_bytes=1000)
    done = after(seated, "head -c 100000 /dev/zero; echo end >&2", limits)
    assert (done.exit_code, done.truncated, done.stderr) == (0, ("stdout",), b"end\n")


def test_memory_of_all_processes_together_is_bounded(seated: Seated) -> None:
    limits = SeatLimits(memory_bytes=100 * MIB)
    assert after(seated, "cat /dev/zero | tail", limits).stopped == "memory_limit"


def test_memory_of_one_process_is_refused_beyond_its_bound(seated: Seated) -> None:
    limits = SeatLimits(process_memory_bytes=200 * MIB)
    done = after(seated, "python3 -c 'bytearray(300 << 20)'", limits)
    assert b"MemoryError" in done.stderr


def test_a_fork_bomb_ends_with_its_command(seated: Seated) -> None:
    limits = SeatLimits(processes=64, wall_s=1.0)
    after(seated, "f() { f | f & f; }; f", limits)


def test_a_file_cannot_outgrow_its_file_system(seated: Seated) -> None:
    limits = SeatLimits(home_bytes=2 * MIB, tmp_bytes=MIB)
    done = after(seated, "head -c 5M /dev/zero > big; stat -c %s big; rm big", limits)
    assert 0 < int(done.stdout) <= 2 * MIB


def test_a_busy_loop_ends_at_the_wall_limit(seated: Seated) -> None:
    limits = SeatLimits(wall_s=0.3)
    done = after(seated, "while :; do :; done", limits)
    assert (done.stopped, done.exit_code) == ("wall_timeout", None)


def test_everything_a_stopped_command_started_is_gone(seated: Seated) -> None:
    async def body(seat: Seat) -> bytes:
        await seat.run("(while :; do :; done) & while :; do :; done")
        return (await seat.run("ps -e -o comm= > all; grep -c bash all")).stdout

    assert seated(body, SeatLimits(wall_s=0.3)) == b"1\n"
