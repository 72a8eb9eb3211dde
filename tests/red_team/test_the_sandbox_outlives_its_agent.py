"""Goal: no agent loses the sandbox, and so its attempt, or takes the machine with it. Method: what once did."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import pytest

from opsrange.seat import Seat, SeatLimits

pytestmark = pytest.mark.seat
Seated = Callable[..., Any]
MIB = 1 << 20
_LOOKS = 400
_FILL = """
import os, signal
told = False
while True:
    try:
        if os.fork() == 0:
            signal.pause()
    except BlockingIOError:
        if not told:
            with open("up", "w") as up:
                up.write("full")
            told = True
"""


async def _gone(seat: Seat, name: str) -> bool:
    """Whether a program ends while nothing but looks at it happens."""
    for _ in range(_LOOKS):
        done = await seat.run(f"pgrep -xc {name}")
        if done.stdout.strip() == b"0":
            return True
    return False


def test_files_can_be_asked_for_while_no_process_can_be_made(seated: Seated) -> None:
    async def body(seat: Seat) -> None:
        await seat.write_file("fill.py", _FILL.encode())
        done = await seat.run("echo x > plain; mkfifo up; python3 fill.py & cat up")
        assert done.stdout == b"full"
        with pytest.raises(BlockingIOError):
            await seat.read_file("plain")
        while await seat.clear():
            pass
        assert await seat.read_file("plain") == b"x\n"

    seated(body, SeatLimits(processes=40))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("pipe", errno.EINVAL),
        ("/dev/zero", errno.EINVAL),
        ("loop", errno.ELOOP),
        ("a\0b", errno.EINVAL),
        ("n" * 5_000, errno.ENAMETOOLONG),
    ],
)
def test_what_is_no_file_is_refused(seated: Seated, path: str, code: int) -> None:
    async def body(seat: Seat) -> None:
        await seat.run("ln -s loop loop; mkfifo pipe; (sleep 999 > pipe) &")
        with pytest.raises(OSError) as caught:  # noqa: PT011 - which one is what is tested
            await seat.read_file(path)
        assert caught.value.errno == code

    seated(body)


@pytest.mark.parametrize(
    "hoard",
    [
        "[bytearray(b'x' * (100 << 20)) for _ in range(9)]",
        "[socket.socketpair() for _ in range(450)]",
    ],
)
def test_memory_is_bounded_between_steps_too(seated: Seated, hoard: str) -> None:
    async def body(seat: Seat) -> bool:
        program = f"import signal, socket\nkept = {hoard}\nsignal.pause()"
        await seat.write_file("hoard.py", program.encode())
        await seat.run(
            'cp "$(command -v python3)" hoarder; setsid ./hoarder hoard.py &>/dev/null &'
        )
        return await _gone(seat, "hoarder")

    assert seated(body, SeatLimits(memory_bytes=128 * MIB))


def test_an_attempt_cannot_wait_for_weeks(seated: Seated) -> None:
    async def body(seat: Seat) -> list[str]:
        return [(await seat.step("sleep 400"))[0].stopped for _ in range(4)]

    stopped = seated(body, SeatLimits(attempt_virtual_s=1000))
    assert stopped == ["", "", "virtual_timeout", "virtual_timeout"]
