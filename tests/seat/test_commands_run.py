"""Goal: a command in the seat behaves as in any shell. Method: real bash over a toy world."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from opsrange.seat import Completed, Seat
from opsrange.seat.control import pipelines

pytestmark = pytest.mark.seat
Seated = Callable[..., Any]


def shell(seated: Seated, *commands: str) -> list[Completed]:
    async def body(seat: Seat) -> list[Completed]:
        return [await seat.run(command) for command in commands]

    found: list[Completed] = seated(body)
    return found


def test_output_streams_and_exit_code_are_kept_apart(seated: Seated) -> None:
    (done,) = shell(seated, "echo out; echo err >&2; exit 3")
    assert (done.stdout, done.stderr, done.exit_code) == (b"out\n", b"err\n", 3)


def test_a_signal_is_told_as_a_shell_tells_it(seated: Seated) -> None:
    (done,) = shell(seated, "kill -TERM $$")
    assert done.exit_code == 143


def test_the_agent_is_an_ordinary_user_at_home(seated: Seated) -> None:
    (done,) = shell(seated, "id -un; id -u; hostname; pwd; touch file && ls")
    assert done.stdout.decode().split() == ["oncall", "1000", "bastion", "/home/oncall", "file"]


def test_files_and_background_jobs_outlive_a_command(seated: Seated) -> None:
    first, second = shell(
        seated, "echo kept > note; (sleep 600; :) & echo $! > pid", "cat note; kill -0 $(cat pid)"
    )
    assert first.exit_code == 0
    assert (second.stdout, second.exit_code) == (b"kept\n", 0)


def test_standard_input_environment_and_folder_are_handed_over(seated: Seated) -> None:
    async def body(seat: Seat) -> Completed:
        return await seat.run(
            ["sh", "-c", "cat; echo $WORD; pwd"], stdin=b"in\n", env={"WORD": "w"}, cwd="/tmp"
        )

    assert seated(body).stdout == b"in\nw\n/tmp\n"


def test_commands_run_side_by_side(seated: Seated) -> None:
    async def body(seat: Seat) -> list[Completed]:
        waiting = asyncio.ensure_future(seat.run("mkfifo pipe; cat pipe"))
        writing = asyncio.ensure_future(seat.run("until [ -p pipe ]; do :; done; echo met > pipe"))
        return [await waiting, await writing]

    assert seated(body)[0].stdout == b"met\n"


def test_a_missing_command_and_a_plain_file_are_refused_by_the_kernel(seated: Seated) -> None:
    async def body(seat: Seat) -> None:
        with pytest.raises(FileNotFoundError, match="no-such-command"):
            await seat.run(["no-such-command"])
        with pytest.raises(PermissionError):
            await seat.run(["/etc/passwd"])

    seated(body)


def test_files_travel_in_both_directions(seated: Seated) -> None:
    async def body(seat: Seat) -> bytes:
        await seat.write_file("a/b/c", b"\x00\xff")
        assert (await seat.run("stat -c '%s %U' a/b/c")).stdout == b"2 oncall\n"
        with pytest.raises(IsADirectoryError):
            await seat.write_file("a/b", b"")
        with pytest.raises(FileNotFoundError):
            await seat.read_file("nowhere")
        return await seat.read_file("a/b/c")

    assert seated(body) == b"\x00\xff"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("false | true", [[1, 0]]),
        ("true; false | true; (exit 3) | cat", [[1, 0], [3, 0]]),
        ("echo a | grep -q b; true", [[0, 1], [0]]),
        ("for i in 1 2; do true; done", [[0], [0], [0], [0]]),
        ("cat nothing | wc -l; exit 9", [[1, 0]]),
    ],
)
def test_pipelines_tell_the_exit_code_of_each_member(
    seated: Seated, command: str, expected: list[list[int]]
) -> None:
    (done,) = shell(seated, command)
    found = done.pipelines
    assert all(each in found for each in expected)


def test_recording_pipelines_is_invisible_to_the_shell(seated: Seated) -> None:
    plain, last_word, traced = shell(
        seated,
        "echo ${BASH_ENV-unset}; false; echo $?",
        "mkdir deep && cd $_ && pwd",
        "set -x; echo a | cat",
    )
    assert plain.stdout == b"unset\n1\n"
    assert last_word.stdout == b"/home/oncall/deep\n"
    assert sorted(traced.stderr.splitlines()) == [b"+ cat", b"+ echo a"]


def test_pipelines_are_read_from_the_end_backwards() -> None:
    assert pipelines(["0", "0", "0", "1 0 2", "0", "=0"]) == [[1, 0, 2], [0]]


def test_pipelines_of_a_killed_shell_are_unknown() -> None:
    assert pipelines(["0", "1 0"]) == []
