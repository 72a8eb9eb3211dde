"""What a person gets wrong is said in one line, with exit code 2, before anything runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

OPSRANGE = (sys.executable, "-c", "from opsrange.cli.main import main; main()")


def _run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OPSRANGE, *arguments], capture_output=True, text=True, check=False, cwd=folder
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("run", "--model", "opsrange/null", "--scenario", "scald-to-zero"),
            "did you mean scaled-to-zero",
        ),
        (
            ("run", "--model", "opsrange/nobody", "--scenario", "scaled-to-zero"),
            "built-in agents are",
        ),
        (("run", "--model", "nowhere/model", "--scenario", "scaled-to-zero"), "not recognized"),
        (("run", "--model", "opsrange/null", "--seeds", "one"), "expected e.g. 7, 1-3"),
        (
            ("run", "--agent", "missing.py:agent", "--scenario", "scaled-to-zero"),
            "there is no file",
        ),
        (("run", "--model", "opsrange/null", "--docs", "nowhere"), "found nothing there"),
        (("run", "--model", "opsrange/null", "--docs-arm", "bm52"), "did you mean bm25"),
        (("run",), "neither --model nor --agent"),
        (("score", "nowhere"), "found none"),
        (("report", "nowhere"), "found none"),
        (("verify",), "found no scenario"),
        (("scenarios", "show", "nothing"), "use one of these"),
        (("up", "nothing"), "use one of these"),
        (("play", "nothing"), "use one of these"),
    ],
)
def test_it_says_what_was_asked_and_what_there_is(
    arguments: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    done = _run(*arguments, folder=tmp_path)
    message = [line for line in done.stderr.splitlines() if line.startswith("opsrange:")]
    assert done.returncode == 2, done.stderr
    assert len(message) == 1
    assert says in message[0]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_unreadable_log_is_named(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "2026-01-01T00-00-00-00-00_sre-repair_abc.eval").write_bytes(b"not a log")
    done = _run("score", str(logs), folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "sre-repair_abc.eval" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_option_is_bad_input(tmp_path: Path) -> None:
    assert _run("demo", "--sedes", "1", folder=tmp_path).returncode == 2
