"""``opsrange score`` prints; it writes only where it is told to, and never beside the logs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log, write_eval_log

from opsrange.seat.provider import STEPS_KEY

pytestmark = pytest.mark.seat
OPSRANGE = (sys.executable, "-c", "from opsrange.cli.main import main; main()")


def opsrange(*arguments: str | Path, at: Path) -> str:
    done = subprocess.run(
        [*OPSRANGE, *map(str, arguments)], capture_output=True, text=True, check=True, cwd=at
    )
    return done.stdout


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One attempt's, without what the run wrote beside them."""
    at = tmp_path_factory.mktemp("theirs")
    opsrange("run", "--model", "opsrange/null", "--scenario", "scaled-to-zero", at=at)
    return (at / "out" / "run" / "logs").rename(at / "logs")


def below(folder: Path) -> list[tuple[Path, int]]:
    return sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_it_leaves_nothing_behind(logs: Path, options: tuple[str, ...], tmp_path: Path) -> None:
    before = below(logs.parent)
    told = opsrange("score", logs, *options, at=tmp_path)
    assert "null" in told
    assert "report.html" not in told
    assert below(logs.parent) == before
    assert below(tmp_path) == []


def test_it_writes_where_it_is_told_to(logs: Path, tmp_path: Path) -> None:
    before = below(logs.parent)
    told = opsrange("score", logs, "--out", "mine", at=tmp_path)
    assert "mine/report.html" in told
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {"report.html", "results.json"}
    assert below(logs.parent) == before


def test_a_record_of_another_form_is_one_line(logs: Path, tmp_path: Path) -> None:
    [path] = logs.glob("*.eval")
    log = read_eval_log(str(path))
    assert log.samples
    log.samples[0].store[STEPS_KEY] = [{"cmd": "date"}]
    write_eval_log(log, str(tmp_path / path.name))
    done = subprocess.run(
        [*OPSRANGE, "score", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("opsrange: asked for attempt scaled-to-zero@1 in ")
    assert len(done.stderr.splitlines()) == 1
