"""The audit trail: one JSON line per event, each holding the hash of the line before it.

Beside the file stands its head, ``FILE.head``: how many lines there are and the hash of the last one, so that a shorter file
is noticed too. The head is announced before a line is written and confirmed after; a crash between the two leaves a file that
still verifies. Who can rewrite both files can forge a trail; keep the head's hash elsewhere (every attempt's log does) to notice.

Belongs here: writing, reading and verifying trails. Does not: what is worth writing down (``overseer``).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from opsrange.errors import OperatorError
from opsrange.trace import Record
from opsrange.types import Json

GENESIS = "0" * 64
"""What the first line holds instead of a predecessor's hash."""


class Entry(Record):
    """One line."""

    number: int
    """From 0."""
    previous: str
    kind: str
    """``request``, ``decision`` or ``outcome``."""
    attempt: str
    virtual_ms: int
    wall_s: float
    """Since the Unix epoch."""
    body: Json = Field(default_factory=dict)
    hash: str = ""

    def sealed(self) -> str:
        """The hash this entry must have."""
        document = self.model_dump(mode="json", exclude={"hash"})
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Head(Record):
    """How far a trail goes."""

    count: int = 0
    hash: str = GENESIS
    announced: str = ""
    """Of the line about to be written; empty when none is."""


HEAD_MISSING = "is missing; it is copied with its trail"
"""How the problem ends that tells nothing of an edit."""


class AuditTrail:
    """Appends to one trail. Several writers, also in other processes, take turns.

    Args:
        path: of the file; created with its folder when missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, kind: str, attempt: str, virtual_ms: int, body: Json) -> Entry:
        """Write one entry; when this returns, it is on the disk.

        Raises:
            OperatorError: when the file and its head no longer belong together.
            OSError: when it cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(self.path) as file:
            head = self._settled(file)
            entry = Entry(
                number=head.count,
                previous=head.hash,
                kind=kind,
                attempt=attempt,
                virtual_ms=virtual_ms,
                wall_s=round(time.time(), 3),
                body=json.loads(json.dumps(body)),
            )
            entry.hash = entry.sealed()
            head.announced = entry.hash
            _write_head(self.path, head)
            os.write(file, entry.model_dump_json().encode() + b"\n")
            os.fsync(file)
            _write_head(self.path, Head(count=head.count + 1, hash=entry.hash))
        return entry

    def head(self) -> Head:
        """How far it goes now."""
        return _read_head(self.path)

    def _settled(self, file: int) -> Head:
        """The head, once what a crash left between announcement and confirmation is settled."""
        head = _read_head(self.path)
        size = os.fstat(file).st_size
        if not head.announced:
            if head.count == 0 and size:
                raise OperatorError(
                    f"asked to write to {self.path}; its head is missing; start another file"
                )
            if size and os.pread(file, 1, size - 1) != b"\n":
                raise OperatorError(
                    f"asked to write to {self.path}; its last line was cut; start another file"
                )
            return head
        content = Path(f"/proc/self/fd/{file}").read_bytes()
        last = content[content.rfind(b"\n", 0, -1) + 1 :]
        written = _entry(last) if last.endswith(b"\n") else None
        if written is not None and written.hash == head.announced == written.sealed():
            return Head(count=head.count + 1, hash=written.hash)
        if not content.endswith(b"\n"):
            os.ftruncate(file, content.rfind(b"\n") + 1)  # half a line, of which nobody was told
        return Head(count=head.count, hash=head.hash)


def entries(path: Path) -> list[Entry]:
    """Every entry of a trail, unverified.

    Raises:
        OperatorError: when the file cannot be read as a trail.
    """
    found = []
    for number, line in enumerate(_lines(path)[0]):
        entry = _entry(line)
        if entry is None:
            raise OperatorError(f"read {path}; line {number + 1} is no entry of an audit trail")
        found.append(entry)
    return found


def verify(path: Path, head_hash: str = "") -> list[str]:
    """What is wrong with a trail; nothing when it is as it was written.

    Args:
        path: of the file; its head must lie beside it.
        head_hash: the last entry's hash as kept elsewhere; empty when it was not.

    Raises:
        OperatorError: when there is no such file, or it is no trail at all.
    """
    problems: list[str] = []
    previous, count, hashes = GENESIS, 0, {GENESIS}
    lines, whole = _lines(path)
    for number, line in enumerate(lines):
        entry = _entry(line)
        if entry is None:
            problems.append(f"line {number + 1} is no entry")
            continue
        if entry.model_dump_json().encode() != line:
            problems.append(f"line {number + 1} is not as it was written")
        if entry.sealed() != entry.hash:
            problems.append(f"line {number + 1} was edited: its hash is another one")
        if entry.previous != previous:
            problems.append(f"line {number + 1} does not follow the line before it")
        if entry.number != number:
            problems.append(f"line {number + 1} is entry {entry.number}")
        previous, count = entry.hash, count + 1
        hashes.add(entry.hash)
    if not count and not _head_path(path).exists():
        raise OperatorError(
            f"asked to verify {path}; it holds no entry of an audit trail, and {_head_path(path).name} is not beside it"
        )
    if not whole:
        problems.append("the last line was cut: it has no end")
    problems += _against_head(path, previous, count)
    if head_hash and head_hash not in hashes:
        problems.append("the hash that was kept elsewhere is not in the file: it was cut or forged")
    return problems


def _against_head(path: Path, last: str, count: int) -> Iterator[str]:
    try:
        head = _read_head(path, missing_ok=False)
    except OperatorError as error:
        yield str(error)
        return
    whole = (count, last) == (head.count, head.hash)
    crashed = bool(head.announced) and (count, last) == (head.count + 1, head.announced)
    if not whole and not crashed:
        yield f"the head says {head.count} entries ending in {head.hash[:12]}; found {count} ending in {last[:12]}"


def _lines(path: Path) -> tuple[list[bytes], bool]:
    """The lines, and whether the last one has its end."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise OperatorError(f"asked for the audit trail {path}; {error.strerror}") from error
    whole = lines[-1] == b""
    return (lines[:-1] if whole else lines), whole


def _entry(line: bytes) -> Entry | None:
    try:
        return Entry.model_validate_json(line)
    except ValidationError:
        return None


def _head_path(path: Path) -> Path:
    return path.with_name(path.name + ".head")


def _read_head(path: Path, *, missing_ok: bool = True) -> Head:
    try:
        return Head.model_validate_json(_head_path(path).read_bytes())
    except FileNotFoundError:
        if missing_ok:
            return Head()
        raise OperatorError(f"{_head_path(path)} {HEAD_MISSING}") from None
    except ValidationError:
        raise OperatorError(f"{_head_path(path)} is not the head of an audit trail") from None


def _write_head(path: Path, head: Head) -> None:
    target = _head_path(path)
    fresh = target.with_name(target.name + ".new")
    with fresh.open("wb") as file:
        file.write(head.model_dump_json().encode())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(target)


@contextmanager
def _locked(path: Path) -> Iterator[Any]:
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)
