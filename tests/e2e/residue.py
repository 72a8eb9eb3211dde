"""What a run could leave behind on a machine, in forms that can be compared before and after."""

from __future__ import annotations

import os
from pathlib import Path
from zipfile import ZipFile


def descendants(pid: int) -> set[int]:
    """Every process below one, also those in sandboxes."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_bytes()
            except OSError:
                continue
            parents[int(folder.name)] = int(stat.rpartition(b")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def descriptors() -> dict[str, str]:
    """This process's open files by number."""
    found = {}
    for fd in Path("/proc/self/fd").iterdir():
        try:
            found[fd.name] = str(fd.readlink())
        except OSError:
            continue
    return found


def mounts() -> str:
    """What is mounted where this process looks."""
    return Path("/proc/self/mounts").read_text()


def network_namespaces(pids: set[int]) -> set[str]:
    """The network namespaces of some processes."""
    found = set()
    for pid in pids:
        try:
            found.add(str(Path(f"/proc/{pid}/ns/net").readlink()))
        except OSError:
            continue
    return found


def elsewhere(folder: Path) -> dict[str, str]:
    """An environment in which temporary files and Inspect's own go below a folder, to ``tmp`` and ``data``."""
    places = {"TMPDIR": folder / "tmp", "XDG_DATA_HOME": folder / "data"}
    for place in places.values():
        place.mkdir(exist_ok=True)
    return {**os.environ, **{name: str(place) for name, place in places.items()}}


def files(folder: Path) -> list[Path]:
    """What is below a folder. Inspect keeps traces of its last runs, and where the last log is."""
    kept = {"traces", "view"}
    found = [path for path in folder.rglob("*") if not path.is_dir()]
    return [path for path in found if not kept & set(path.relative_to(folder).parts)]


def logged(logs: Path) -> int:
    """How many attempts are in the logs now; each log is opened once, for it may be replaced at any time."""
    names = [name for path in logs.glob("*.eval") for name in ZipFile(path).namelist()]
    return sum(name.startswith("samples/") for name in names)
