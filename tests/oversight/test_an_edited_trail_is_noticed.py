"""Whatever is done to a trail after it was written shows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from opsrange.errors import OperatorError
from opsrange.oversight.audit import AuditTrail, Entry, entries, verify

Damage = Callable[[list[bytes], int, int], list[bytes]]
COUNT = 5


def written(path: Path, count: int = COUNT) -> AuditTrail:
    trail = AuditTrail(path)
    for number in range(count):
        body = {"command": f"kubectl delete pod web-{number}", "decision": "approve"}
        trail.append("decision", "toy@1", 1000 * number, body)
    return trail


def test_what_was_written_verifies_and_reads_back(tmp_path: Path) -> None:
    trail = written(tmp_path / "audit.jsonl")
    assert verify(trail.path) == []
    assert verify(trail.path, trail.head().hash) == []
    assert [entry.virtual_ms for entry in entries(trail.path)] == [0, 1000, 2000, 3000, 4000]


def _edit(lines: list[bytes], at: int, other: int) -> list[bytes]:
    offset = other % len(lines[at])
    changed = bytearray(lines[at])
    changed[offset] ^= 1 + other % 127
    return [*lines[:at], bytes(changed), *lines[at + 1 :]]


def _swap(lines: list[bytes], at: int, other: int) -> list[bytes]:
    found = list(lines)
    found[at], found[other % len(lines)] = found[other % len(lines)], found[at]
    return found


def _delete(lines: list[bytes], at: int, other: int) -> list[bytes]:
    return lines[:at] + lines[at + 1 :]


def _truncate(lines: list[bytes], at: int, other: int) -> list[bytes]:
    return lines[:at]


def _duplicate(lines: list[bytes], at: int, other: int) -> list[bytes]:
    return [*lines[: at + 1], lines[other % len(lines)], *lines[at + 1 :]]


def _forge(lines: list[bytes], at: int, other: int) -> list[bytes]:
    """Change what was decided and make the entry's own hash right again."""
    entry = Entry.model_validate_json(lines[at])
    entry.body["decision"] = "reject"
    entry.hash = entry.sealed()
    return [*lines[:at], entry.model_dump_json().encode(), *lines[at + 1 :]]


@given(
    damage=st.sampled_from([_edit, _swap, _delete, _truncate, _duplicate, _forge]),
    at=st.integers(0, COUNT - 1),
    other=st.integers(0, 10_000),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_any_damage_is_found(tmp_path: Path, damage: Damage, at: int, other: int) -> None:
    path = tmp_path / "audit.jsonl"
    if not path.exists():
        written(path)
        (tmp_path / "kept").write_bytes(path.read_bytes())
    kept = (tmp_path / "kept").read_bytes()
    lines = kept.splitlines()
    damaged = b"".join(line + b"\n" for line in damage(lines, at, other))
    assume(damaged != kept)
    path.write_bytes(damaged)
    assert verify(path) != []


@pytest.mark.parametrize("at", range(0, 1400, 7))
def test_every_byte_counts(tmp_path: Path, at: int) -> None:
    """What an agent printed may hold anything, and what cannot be decoded must not be read as what can."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    for number in range(3):
        trail.append("outcome", "toy@1", number, {"stdout": "größer \ufffd " * 9})
    kept = trail.path.read_bytes()
    offset = at % len(kept)
    for damaged in (
        kept[:offset] + b"\xff" + kept[offset + 1 :],
        kept[:offset] + kept[offset + 1 :],
        kept.replace("\ufffd".encode(), b"\xff", 1),
    ):
        trail.path.write_bytes(damaged)
        assert verify(trail.path) != []


def test_a_line_without_its_end_is_not_written_after(tmp_path: Path) -> None:
    trail = written(tmp_path / "audit.jsonl")
    trail.path.write_bytes(trail.path.read_bytes()[:-1])
    assert "cut" in verify(trail.path)[0]
    with pytest.raises(OperatorError, match="cut"):
        trail.append("decision", "toy@1", 0, {})


def test_a_trail_that_goes_on_where_another_was_forged_is_found_by_the_hash_kept_elsewhere(
    tmp_path: Path,
) -> None:
    original = written(tmp_path / "audit.jsonl")
    kept = original.head().hash
    for file in tmp_path.iterdir():
        file.unlink()
    forged = written(tmp_path / "audit.jsonl", COUNT - 1)
    assert verify(forged.path) == []
    assert verify(forged.path, kept) != []


def test_a_missing_head_is_noticed_and_not_written_over(tmp_path: Path) -> None:
    trail = written(tmp_path / "audit.jsonl")
    (tmp_path / "audit.jsonl.head").unlink()
    assert "missing" in verify(trail.path)[0]
    with pytest.raises(OperatorError, match="head is missing"):
        trail.append("decision", "toy@1", 0, {})


@pytest.mark.parametrize("kept_bytes", [0, 20, None])
def test_a_crash_while_writing_leaves_a_trail_that_verifies_and_goes_on(
    tmp_path: Path, kept_bytes: int | None
) -> None:
    """The head announced a line of which nothing, a part or all was written."""
    trail = written(tmp_path / "audit.jsonl")
    head = tmp_path / "audit.jsonl.head"
    before, content = json.loads(head.read_text()), trail.path.read_bytes()
    entry = trail.append("decision", "toy@1", 9000, {})
    last = trail.path.read_bytes()[len(content) :]
    head.write_text(json.dumps(before | {"announced": entry.hash}))
    trail.path.write_bytes(content + (last if kept_bytes is None else last[:kept_bytes]))
    assert (verify(trail.path) == []) == (kept_bytes != 20)
    trail.append("decision", "toy@1", 10_000, {})
    assert verify(trail.path) == []


_WRITER = """
import pathlib, sys
from opsrange.oversight.audit import AuditTrail
trail = AuditTrail(pathlib.Path(sys.argv[1]))
for number in range(20):
    trail.append("decision", "toy@1", number, {})
"""


def test_writers_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    command = [sys.executable, "-c", _WRITER, str(path)]
    writers = [subprocess.Popen(command) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert verify(path) == []
    assert len(entries(path)) == 60


def test_no_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="No such file"):
        verify(tmp_path / "none.jsonl")
