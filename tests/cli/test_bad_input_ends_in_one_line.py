"""What a person gets wrong is said in one line, with exit code 2, before anything runs."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

OPSRANGE = (sys.executable, "-c", "from opsrange.cli.main import main; main()")
RUN = ("run", "--model", "opsrange/null", "--scenario", "scaled-to-zero")


_FILES = {
    "asks.yaml": "gate: none\nmust_escalate: [{effect: irreversible_write}]\n",
    "atif.json": '{"schema_version": "ATIF-v1.2", "session_id": "x", "agent": {"name": "x"}, "steps": [5]}',
    "calls.json": '[{"role": "assistant", "tool_calls": 5}]',
    "deep.json": "[" * 100_000,
    "ends.py": "import sys; sys.exit(0)",
    "factory.py": "def agent():\n    raise ValueError('no key')",
}


def _run(
    *arguments: str, folder: Path, stdin: int = subprocess.DEVNULL
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OPSRANGE, *arguments],
        stdin=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
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
        (("run", "--model", "opsrange/null", "--gate", "efect"), "effect-class"),
        (("run", "--model", "opsrange/null", "--approver", "me"), "rubber-stamp"),
        (("run", "--model", "opsrange/null", "--policy", "none.yaml"), "cannot be read"),
        (("audit", "verify", "none.jsonl"), "No such file"),
        (("audit", "show", "none.jsonl"), "No such file"),
        (("audit", "verify", "a-file"), "holds no entry of an audit trail"),
        (("audit", "verify", "a-file", "--head", "abc"), "all 64 hexadecimal digits"),
        (("run", "--model", "opsrange/null", "--approver", "next"), "nobody comes after"),
        (("run", "--model", "opsrange/null", "--approver", "terminal"), "--approver browser"),
        (("run", "--model", "opsrange/null", "--gate", "effect-class"), "--approver browser"),
        (("run", "--model", "opsrange/null", "--policy", "asks.yaml"), "--approver browser"),
        (
            (
                "run",
                "diagnosis",
                "--model",
                "opsrange/null",
                "--profile",
                "itbench_aa",
                "--epochs",
                "5",
            ),
            "asked for 5 epochs; the rules of itbench_aa are 3",
        ),
        (("run", "--agent", "ends.py:agent", "--scenario", "scaled-to-zero"), "SystemExit"),
        (("run", "--agent", "factory.py:agent", "--scenario", "scaled-to-zero"), "no key"),
        (("diagnose", "calls.json"), "another shape than the format"),
        (("diagnose", "deep.json"), "another shape than the format"),
        (("diagnose", "atif.json"), "another shape than the format"),
        (("diagnose", "calls.json", "--html", "."), "found a folder"),
        (("diagnose", "calls.json", "--classes", "L5"), "belong to --validate"),
        (("diagnose", "--validate", "--classes", ","), "found none; e.g. L5,X3"),
        (("run",), "neither --model nor --agent"),
        (("score", "nowhere"), "found none"),
        (("score", "a-file"), "found none"),
        (("report", "nowhere"), "found none"),
        (("verify",), "found no scenario"),
        (("verify", "scaled-to-zero", "--all"), "name scenarios or pass --all, not both"),
        (("scenarios", "show", "nothing"), "use one of "),
        (("up", "nothing"), "use one of "),
        (("play", "nothing"), "use one of "),
        (("up", "memory-limit-lo"), "did you mean memory-limit-low?"),
        (("up", "scaled-to-zero", "--out", "a-file"), "a-file is no folder"),
        (("play", "scaled-to-zero", "--out", "a-file/deep"), "a-file is no folder"),
        (("demo", "--out", "a-file"), "a-file is no folder"),
        (("run", "--model", "opsrange/null", "--out", "a-file"), "a-file is no folder"),
        (("verify", "scaled-to-zero", "--out", "a-file"), "a-file is no folder"),
        (("score", "nowhere", "--out", "a-file"), "a-file is no folder"),
        (("report", "nowhere", "--out", "."), "found a folder"),
        (("bench", "--out", "a-file/bench.json"), "a-file is no folder"),
        (("run", "--model", "opsrange/null", "--think-time", "nan"), "think time of nan s"),
        (("run", "--model", "opsrange/null", "--think-time", "-1"), "think time of -1 s"),
    ],
)
def test_it_says_what_was_asked_and_what_there_is(
    arguments: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    (tmp_path / "a-file").touch()
    for name, text in _FILES.items():
        (tmp_path / name).write_text(text)
    done = _run(*arguments, folder=tmp_path)
    message = [line for line in done.stderr.splitlines() if line.startswith("opsrange:")]
    assert done.returncode == 2, done.stderr
    assert len(message) == 1
    assert says in message[0]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_person_at_a_terminal_may_be_asked(tmp_path: Path) -> None:
    other, terminal = pty.openpty()
    try:
        gate = ("--gate", "effect-class", "--approver", "terminal")
        done = _run(*RUN, *gate, "--seeds", "one", folder=tmp_path, stdin=terminal)
    finally:
        os.close(other)
        os.close(terminal)
    assert "asked for seeds 'one'" in done.stderr


@pytest.mark.parametrize("gate", ["none", "invariant-guard"])
def test_nobody_has_to_be_there_for_a_gate_that_asks_nobody(gate: str, tmp_path: Path) -> None:
    done = _run(*RUN, "--gate", gate, "--seeds", "one", folder=tmp_path)
    assert "asked for seeds 'one'" in done.stderr


def test_an_unreadable_log_is_named(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "2026-01-01T00-00-00-00-00_sre-repair_abc.eval").write_bytes(b"not a log")
    done = _run("score", str(logs), folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "sre-repair_abc.eval" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo", "--sedes", "1"),
        ("demo", "--at-once", "0"),
        ("diagnose", "--validate", "--at-once", "0"),
        ("run", "--model", "opsrange/null", "--epochs", "0"),
        ("run", "--model", "opsrange/null", "--turns", "0"),
        ("up", "scaled-to-zero", "--seed", "-1"),
    ],
)
def test_an_impossible_option_is_bad_input(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = _run(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(("Error:", "No such option"))


def test_a_refusal_of_the_machine_is_one_line(tmp_path: Path) -> None:
    done = _run("up", "scaled-to-zero", "--out", "/proc/nothing", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("opsrange: asked to ")
    assert "/proc" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_defect_is_told_from_an_answer(tmp_path: Path) -> None:
    program = "from opsrange.cli import main; main._COMMANDS['nope'] = ''; main.main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "nope"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 3
    assert "No module named 'opsrange.cli.nope'" in done.stderr
