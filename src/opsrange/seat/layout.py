"""The sandbox's root, assembled from an explicit list of read-only paths, as arguments of bubblewrap.

Everything not named here does not exist inside. What is ours or the user's and lies below a bound path is covered by
an empty file system. Sources are passed as descriptors: the sandbox's user need not be able to walk to them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import opsrange
from opsrange.seat import etc, toolbox
from opsrange.seat.limits import SeatLimits
from opsrange.seat.seccomp import filter_program

_HOST_FILES = (
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/protocols",
    "/etc/services",
    "/etc/vim",
)
"""Of the machine's /etc, only what programs below /usr need in order to run."""
_TOP = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_STAND_INS = {"sleep": "sleep.sh", "timeout": "timeout.py", "kubectl": "kubectl.sh"}
KUBECTL_BINARY = "/opt/kubectl/kubectl"
JQ_EXTENSION = "/opt/jq/"


@dataclass
class Layout:
    """Arguments and the descriptors they name. ``close`` once bubblewrap has been started."""

    arguments: list[str] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def add(self, *words: str) -> None:
        """Plain arguments."""
        self.arguments += words

    def bind(self, source: str | Path, inside: str) -> None:
        """Show a file or folder of the machine, read-only."""
        fd = os.open(source, os.O_PATH | os.O_CLOEXEC)
        self.descriptors.append(fd)
        self.add("--ro-bind-fd", str(fd), inside)

    def file(self, inside: str, text: str, mode: str = "0444") -> None:
        """A generated file inside one of the sandbox's own file systems."""
        self.add("--perms", mode, "--file", str(self.memory(text.encode())), inside)

    def cover(self, inside: str, data: bytes) -> None:
        """An executable of ours, also in place of a file of the machine."""
        self.add("--perms", "0555", "--ro-bind-data", str(self.memory(data)), inside)

    def empty(self, inside: str, *, size_bytes: int, mode: str) -> None:
        """A writable file system of bounded size."""
        self.add("--perms", mode, "--size", str(size_bytes), "--tmpfs", inside)

    def close(self) -> None:
        """Close the descriptors here."""
        for fd in self.descriptors:
            os.close(fd)
        self.descriptors.clear()

    def memory(self, data: bytes) -> int:
        """A descriptor from which ``data`` can be read."""
        fd = os.memfd_create("seat", os.MFD_CLOEXEC)
        self.descriptors.append(fd)
        with os.fdopen(os.dup(fd), "wb") as file:
            file.write(data)
        os.lseek(fd, 0, os.SEEK_SET)
        return fd


def layout(limits: SeatLimits, generated: Mapping[str, str]) -> Layout:
    """The complete argument list of bubblewrap up to, not including, the command.

    Args:
        limits: sizes of the writable file systems.
        generated: text files by their path inside.
    """
    made = Layout()
    made.add("--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--as-pid-1")
    made.add("--uid", str(etc.USER_ID), "--gid", str(etc.USER_ID), "--cap-drop", "ALL")
    made.add("--hostname", etc.HOSTNAME, "--clearenv", "--proc", "/proc", "--dev", "/dev")
    made.add("--remount-ro", "/dev")  # /dev/shm too: memory nobody would be charged for
    _system(made)
    _toolbox(made)
    for path, text in generated.items():
        made.file(path, text)
    for name in _HOST_FILES:
        if Path(name).exists():
            made.bind(name, name)
    made.add("--symlink", "../usr/lib/os-release", "/etc/os-release")
    made.empty("/run/clock", size_bytes=65536, mode="0755")
    made.empty("/tmp", size_bytes=limits.tmp_bytes, mode="1777")  # noqa: S108 -- inside the sandbox
    made.add("--dir", "/var", "--symlink", "/tmp", "/var/tmp")  # noqa: S108 -- inside the sandbox
    made.empty(etc.HOME, size_bytes=limits.home_bytes, mode="0700")
    made.add("--perms", "0700", "--dir", f"{etc.HOME}/.kube")
    made.file(f"{etc.HOME}/.kube/config", etc.kubeconfig(), "0600")
    made.add("--remount-ro", "/", "--chdir", etc.HOME)
    made.add("--seccomp", str(made.memory(filter_program())))
    return made


def _system(made: Layout) -> None:
    made.bind("/usr", "/usr")
    for name in _TOP:
        path = Path("/", name)
        if path.is_symlink():
            made.add("--symlink", str(path.readlink()), f"/{name}")
        elif path.is_dir():
            made.bind(path, f"/{name}")
    for hidden in _hidden_below_usr():
        made.empty(hidden, size_bytes=1 << 20, mode="0755")
        if hidden.endswith("-packages"):
            made.file(f"{hidden}/sitecustomize.py", toolbox.script("sitecustomize.py"))
        if hidden != "/usr/local":
            made.add("--remount-ro", hidden)


def _hidden_below_usr() -> list[str]:
    """Folders of packages, of the user and of ours that the bind of /usr would show."""
    usr = Path("/usr")
    found = {usr / "local", usr / "src"}
    for library in ("lib", "lib64"):
        for kind in ("dist-packages", "site-packages"):
            found |= set((usr / library).glob(f"python3*/{kind}"))
    found |= {Path(opsrange.__file__).parent, Path(sys.prefix), Path.home(), Path.cwd()}
    outermost = [
        path for path in found if path.is_dir() and path != usr and path.is_relative_to(usr)
    ]
    if Path(sys.prefix) == Path(sys.base_prefix) and Path(sys.prefix) in outermost:
        outermost.remove(
            Path(sys.prefix)
        )  # a system interpreter: its packages are on the list already
    return sorted(
        str(path)
        for path in outermost
        if not any(path != other and path.is_relative_to(other) for other in outermost)
    )


def _toolbox(made: Layout) -> None:
    made.cover(etc.FAKETIME_LIBRARY, toolbox.faketime_library().read_bytes())
    made.bind(toolbox.kubectl(), KUBECTL_BINARY)
    python = toolbox.interpreter()
    runner = toolbox.runner_interpreter()
    jq_module = toolbox.jq_extension() if toolbox.system_tool("jq") is None else None
    shown = python if python.prefix else runner if jq_module else None
    if shown is not None and shown.prefix is not None:
        _interpreter(made, shown.prefix)
    if python.prefix is not None:
        made.add("--symlink", python.inside, "/usr/local/bin/python3")
    for name, source in _STAND_INS.items():
        text = toolbox.script(source).replace("@PYTHON@", python.inside)
        made.file(f"/usr/local/bin/{name}", text, "0555")
        if name != "kubectl" and (path := toolbox.system_tool(name)) is not None:
            made.cover(str(path), text.encode())
    if toolbox.system_tool("curl") is None:
        text = toolbox.script("curl.py").replace("@PYTHON@", python.inside)
        made.file("/usr/local/bin/curl", text, "0555")
    limited = toolbox.script("kubectl_limited.sh")
    made.file("/usr/local/lib/kubectl-limited", limited, "0555")
    if jq_module is not None:
        made.bind(jq_module, JQ_EXTENSION + jq_module.name)
        text = toolbox.script("jq.py").replace("@PYTHON@", runner.inside)
        made.file("/usr/local/bin/jq", text, "0555")
    made.add("--remount-ro", "/usr/local")


def _interpreter(made: Layout, prefix: Path) -> None:
    """The runner's interpreter at a neutral path, its packages covered."""
    made.bind(prefix, "/opt/python3")
    for library in sorted((prefix / "lib").glob("libpython3*.so*")):
        made.bind(library, f"/usr/local/lib/{library.name}")
    for kind in ("site-packages", "dist-packages"):
        for folder in sorted((prefix / "lib").glob(f"python3*/{kind}")):
            inside = f"/opt/python3/{folder.relative_to(prefix)}"
            made.empty(inside, size_bytes=1 << 20, mode="0755")
            made.file(f"{inside}/sitecustomize.py", toolbox.script("sitecustomize.py"))
            made.add("--remount-ro", inside)
