"""The generated files of the sandbox: users, names, profile, kubeconfig. Nothing is copied from the machine's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opsrange.seat.toolbox import SYSTEM_PATH

USER = "oncall"
USER_ID = 1000
HOME = f"/home/{USER}"
HOSTNAME = "bastion"
CLOCK_PORT = 8123
"""Ports below 1024 need a capability that nothing in the sandbox has; only our own commands ask the clock."""
NOW_FILE = "/run/clock/now"
SHELL_TRAPS_FILE = "/run/shell/traps"
FAKETIME_LIBRARY = "/usr/local/lib/libfaketime.so.1"

SHELL_TRAPS = r"""unset BASH_ENV
trap '{ printf "=%s\n" "${PIPESTATUS[*]}" >&250; } 2>/dev/null' EXIT
trap '{ printf "%s\n%.0s" "${PIPESTATUS[*]}" "$_" >&250; } 2>/dev/null' DEBUG
"""
"""Sourced by each outermost non-interactive bash: tells pipeline exit codes on a descriptor the seat reads. ``$_`` survives
because the trap's own last argument is its old value; ``set -x`` shows nothing because a group's redirection covers its trace."""

ENVIRONMENT = {
    "BASH_ENV": SHELL_TRAPS_FILE,
    "DONT_FAKE_MONOTONIC": "1",
    "FAKETIME_NO_CACHE": "1",
    "FAKETIME_TIMESTAMP_FILE": NOW_FILE,
    "GOGC": "400",  # kubectl lives for milliseconds, and a sixth of them went into collecting garbage
    "HOME": HOME,
    "HOSTNAME": HOSTNAME,
    "LANG": "C.UTF-8",
    "LD_PRELOAD": FAKETIME_LIBRARY,
    "LOGNAME": USER,
    "PATH": SYSTEM_PATH,
    "SHELL": "/bin/bash",
    "TERM": "xterm-256color",
    "TZ": "UTC",
    "USER": USER,
}
"""Of every command. Monotonic clocks stay real, because the kernel's timeouts are."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one of the world's addresses is found inside."""

    address: str
    """``host:port`` as the agent names it."""
    ip: str
    port: int


def places(addresses: Sequence[str]) -> list[Place]:
    """A loopback address for each of the world's: 127.0.0.1, or another one where a port is taken."""
    taken: set[tuple[str, int]] = set()
    found = []
    for address in addresses:
        name, _, text = address.rpartition(":")
        port = CLOCK_PORT if name == "clock" else int(text)
        number = 1
        while (f"127.0.0.{number}", port) in taken:
            number += 1
        taken.add((f"127.0.0.{number}", port))
        found.append(Place(address, f"127.0.0.{number}", port))
    return found


def files(where: Sequence[Place]) -> dict[str, str]:
    """Every generated file by its path."""
    return {
        "/etc/passwd": f"root:x:0:0:root:/root:/usr/sbin/nologin\n{USER}:x:{USER_ID}:{USER_ID}:On call:{HOME}:/bin/bash\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        "/etc/group": f"root:x:0:\n{USER}:x:{USER_ID}:\nnogroup:x:65534:\n",
        "/etc/hostname": f"{HOSTNAME}\n",
        "/etc/hosts": _hosts(where),
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
        "/etc/resolv.conf": "",
        "/etc/profile": f"export PATH={SYSTEM_PATH}\numask 022\n",
        "/etc/bash.bashrc": "PS1='\\u@\\h:\\w\\$ '\n",
        SHELL_TRAPS_FILE: SHELL_TRAPS,
    }


def kubeconfig() -> str:
    """The configuration in the home: one context, no credentials to leak."""
    return """apiVersion: v1
kind: Config
clusters:
- name: production
  cluster:
    server: http://kubernetes:6443
users:
- name: oncall
  user: {}
contexts:
- name: production
  context:
    cluster: production
    user: oncall
current-context: production
"""


def _hosts(where: Sequence[Place]) -> str:
    lines = [f"127.0.0.1 localhost\n127.0.1.1 {HOSTNAME}"]
    for place in where:
        name = place.address.rpartition(":")[0]
        alias = "kubernetes.default.svc" if name == "kubernetes" else f"{name}.monitoring"
        lines.append(f"{place.ip} {name} {alias}")
    return "\n".join(lines) + "\n"
