"""Goal: what is inside stays inside, and finds nothing of ours. Method: try, as the agent would, with the tools it has."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import opsrange
from opsrange.seat import Seat
from opsrange.seat.seccomp import supported

pytestmark = pytest.mark.seat
Seated = Callable[..., Any]
PYTHON = "python3 - <<'END'\n{}\nEND"


def attempt(seated: Seated, command: str) -> tuple[int | None, str]:
    async def body(seat: Seat) -> tuple[int | None, str]:
        done = await seat.run(command)
        return done.exit_code, (done.stdout + done.stderr).decode(errors="replace")

    found: tuple[int | None, str] = seated(body)
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/x",
        "/dev/x",
        "/dev/shm/x",
        "/etc/x",
        "/usr/x",
        "/usr/local/bin/x",
        "/opt/x",
        "/run/x",
        "/proc/x",
    ],
)
def test_nothing_can_be_written_outside_home_and_tmp(seated: Seated, path: str) -> None:
    code, _ = attempt(seated, f"touch {path}")
    assert code == 1


@pytest.mark.parametrize(
    "path",
    [
        Path(opsrange.__file__).parent,
        Path(sys.prefix if sys.prefix != "/usr" else "/srv"),  # /usr itself is shown
        Path.home() if Path.home() != Path("/") else Path("/root"),
        Path.cwd(),
        Path("/root"),
        Path("/work"),
        Path("/var/log"),
        Path("/boot"),
        Path("/sys"),
        Path("/etc/shadow"),
        Path("/etc/ssh"),
    ],
)
def test_host_paths_do_not_exist(seated: Seated, path: Path) -> None:
    code, said = attempt(seated, f"ls {path}")
    assert code == 2
    assert "No such file" in said


def test_no_file_inside_speaks_of_us(seated: Seated) -> None:
    folders = "/etc /home /opt /run /tmp /usr/local /usr/lib/python3 /var"
    _, said = attempt(seated, f"grep -rIl opsrange {folders}; find / -xdev -name '*opsrange*'")
    assert said == ""


def test_the_runners_packages_cannot_be_imported(seated: Seated) -> None:
    _, said = attempt(
        seated,
        'for m in opsrange inspect_ai pydantic yaml; do python3 -c "import $m" 2>&1 | tail -1; done',
    )
    assert said.count("ModuleNotFoundError") == 4


def test_the_environment_is_the_sandboxs_own(seated: Seated) -> None:
    os.environ["RED_TEAM_SECRET"] = "secret"
    try:
        _, said = attempt(seated, "env; cat /proc/*/environ | tr '\\0' '\\n'; cat /proc/*/cmdline")
    finally:
        del os.environ["RED_TEAM_SECRET"]
    assert "secret" not in said
    assert "SEAT" not in said


@pytest.mark.parametrize(
    "command",
    [
        "cat environ",
        "cat mem",
        "cat maps",
        "cat stack",
        "ls fd",
        "ls root/",
        "ls cwd/",
        "ls map_files",
    ],
)
def test_process_1_cannot_be_looked_into(seated: Seated, command: str) -> None:
    code, said = attempt(seated, f"cd /proc/1 && {command}")
    assert code != 0
    assert "denied" in said or "not permitted" in said


def test_process_1_cannot_be_killed_or_traced(seated: Seated) -> None:
    program = (
        "import ctypes, os, signal\n"
        "for number in (9, 15, 2, 11, 19):\n    os.kill(1, number)\n"
        "print(ctypes.CDLL(None, use_errno=True).ptrace(16, 1, 0, 0))"
    )
    _, said = attempt(seated, PYTHON.format(program) + "\necho alive")
    assert said == "-1\nalive\n"


def test_only_the_sandboxs_own_processes_are_seen(seated: Seated) -> None:
    _, said = attempt(seated, "ls /proc | grep -c '^[0-9]'")
    assert int(said) <= 5


@pytest.mark.parametrize(
    "command",
    [
        "unshare --user true",
        "unshare --net --map-root-user true",
        "mount -t tmpfs none /tmp",
        "mount --bind /tmp /home",
        "chroot /tmp",
        "su -c true",
        "sudo -n true",
        "mknod /tmp/disk b 8 0",
        "echo 1 > /proc/sys/kernel/core_pattern",
        "echo x > /proc/sysrq-trigger",
        "sysctl -w kernel.hostname=x",
        "hostname other",
        "date -s 2000-01-01",
        "ip link add dummy0 type dummy",
        "dmesg",
    ],
)
def test_privileged_commands_are_refused(seated: Seated, command: str) -> None:
    code, _ = attempt(seated, command)
    assert code != 0


def test_no_capability_is_held_or_can_be_gained(seated: Seated) -> None:
    _, said = attempt(seated, "grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs' /proc/self/status")
    values = [int(line.split()[1], 16) for line in said.splitlines()]
    assert values == [0, 0, 0, 0, 0, 1]


@pytest.mark.skipif(not supported(), reason="no system call filter for this processor")
@pytest.mark.parametrize(
    ("program", "errno"),
    [
        ("socket.socket(40, socket.SOCK_STREAM)", 97),
        ("socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", 97),
        ("socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", 1),
        ("os.memfd_create('x')", 38),
        ("fcntl.ioctl(os.open('/dev/ptmx', os.O_RDWR), 0x5412, b'x')", 1),
    ],
)
def test_doors_that_namespaces_leave_open_are_closed(
    seated: Seated, program: str, errno: int
) -> None:
    _, said = attempt(seated, PYTHON.format(f"import fcntl, os, socket\n{program}"))
    assert f"[Errno {errno}]" in said


def test_the_network_ends_at_the_worlds_addresses(seated: Seated) -> None:
    probes = " ".join(
        f"(echo > /dev/tcp/{target}) 2>/dev/null && echo reached {target};"
        for target in ("127.0.0.1/22", "8.8.8.8/53", "169.254.169.254/80", "10.0.0.1/80")
    )
    _, said = attempt(seated, f"{probes} cut -d: -f1 /proc/net/dev | tail -n +3")
    assert said.split() == ["lo"]


def test_abstract_sockets_of_the_host_are_out_of_reach(seated: Seated) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as mine:
        mine.bind("\0opsrange-red-team")
        mine.listen()
        program = "import socket\nsocket.socket(socket.AF_UNIX).connect('\\0opsrange-red-team')"
        _, said = attempt(seated, PYTHON.format(program))
    assert "ConnectionRefusedError" in said


def test_commands_inherit_no_descriptor_but_their_own(seated: Seated) -> None:
    _, said = attempt(seated, "ls -l /proc/self/fd | awk '{print $9, $11}'")
    assert "socket:" not in said
    assert {line.split()[0] for line in said.splitlines() if line.strip()} <= {
        "0",
        "1",
        "2",
        "3",
        "250",
    }


def test_a_crash_leaves_no_core(seated: Seated) -> None:
    _, said = attempt(seated, "cd /tmp; kill -SEGV $$ & wait; sh -c 'kill -ABRT $$'; ls -A /tmp")
    assert "core" not in said.replace("core dumped", "")


def test_devices_are_the_harmless_ones(seated: Seated) -> None:
    _, said = attempt(seated, "find /dev -type b -o -type c | sort")
    harmless = {"full", "null", "ptmx", "random", "tty", "urandom", "zero"}
    assert {Path(line).name for line in said.split()} <= harmless


def test_reading_a_file_for_the_harness_follows_no_way_out(seated: Seated) -> None:
    async def body(seat: Seat) -> None:
        await seat.run(
            "ln -s /proc/1/environ env; ln -s /proc/self/fd/3 three; ln -s /etc/shadow shadow"
        )
        for name in ("env", "three", "shadow"):
            with pytest.raises(OSError, match=name):
                await seat.read_file(name)

    seated(body)
