"""``opsrange play``: a shell that remembers, a form for the report, a score; and no way out that loses what was done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.seat
OPSRANGE = (sys.executable, "-c", "from opsrange.cli.main import main; main()")
FIND = "export GONE=$(kubectl get deployments -A --no-headers | awk '$3 == \"0/0\" {print $1, $2}')"
MEND = 'set -- $GONE; kubectl -n "$1" scale deployment "$2" --replicas=2; cd /tmp'
PROMPT = "oncall@bastion:~$ "
WAIT_S = 60


def play(out: Path, *lines: str, scenario: str = "scaled-to-zero") -> str:
    done = subprocess.run(
        [*OPSRANGE, "play", scenario, "--seed", "1", "--out", str(out)],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def attempt(out: Path, number: int = 1, scenario: str = "scaled-to-zero") -> dict[str, Any]:
    """What one attempt has stored."""
    folder = out / f"{scenario}@1" / str(number)
    assert (folder / "report.html").exists()
    stored: dict[str, Any] = json.loads((folder / "results.json").read_text())
    [agent] = stored["agents"]
    [row] = agent["attempts"]
    return dict(row)


class Person:
    """Somebody at a terminal: reads, types, and presses Ctrl-C, which every process of the terminal's foreground gets."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._unread = ""

    def reads(self, words: str) -> None:
        """Wait until what was not yet read says this, and read as far as that."""
        assert self._process.stdout is not None
        while words not in self._unread:
            data = os.read(self._process.stdout.fileno(), 1 << 16)
            assert data, self._unread
            self._unread += data.decode()
        self._unread = self._unread.partition(words)[2]

    def types(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def presses_ctrl_c(self) -> None:
        """Not faster than a person would: once the program waits."""
        stat = Path(f"/proc/{self._process.pid}/stat")
        _wait_until(lambda: stat.read_text().rpartition(") ")[2].startswith("S"))
        os.killpg(self._process.pid, signal.SIGINT)

    def sees_it_end(self) -> None:
        """Well: with exit code 0."""
        assert self._process.wait(WAIT_S) == 0


def _wait_until(so: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_S
    while not so():
        assert time.monotonic() < until
        time.sleep(0.05)


def _runs(words: str) -> bool:
    """Whether some process has these words in its command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if words in path.read_text(errors="replace"):
                return True
    return False


@contextmanager
def person(out: Path) -> Iterator[Person]:
    """Somebody who has read the page."""
    with subprocess.Popen(
        [*OPSRANGE, "play", "scaled-to-zero", "--seed", "1", "--out", str(out)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            seated = Person(process)
            seated.reads(PROMPT)
            yield seated
        finally:
            process.kill()


def test_a_person_mends_it_and_reports(tmp_path: Path) -> None:
    first = play(tmp_path, FIND, "echo it is: $GONE", "exit")
    namespace, name = first.split("it is: ")[1].split("\n")[0].split()
    entity = f"{namespace}/Deployment/{name}"
    answers = (entity, "scaled to zero", "", "y", "the crew of the shop", "scaled up again")
    told = play(tmp_path, FIND, MEND, "pwd; sleep 60", "report", *answers)
    assert "scaled" in told
    assert "\n/tmp\n" in told.replace(PROMPT, "\n")
    assert "passed   score 1.00" in told
    assert "diagnosis 1.00" in told
    assert "scaled-to-zero@1/2/report.html" in told
    report = attempt(tmp_path, 2)["report"]
    assert report["root_causes"][0]["entity"] == entity
    assert report["root_causes"][0]["mechanism"] == "scaled to zero"
    assert report["healthy"] is True
    assert report["escalation"] == "the crew of the shop"
    assert report["summary"] == "scaled up again"
    assert attempt(tmp_path, 1)["report"] is None  # the first attempt is still there


@pytest.mark.parametrize("leaving", ["quit", "exit", ""])
def test_leaving_without_a_report_is_scored_as_it_stands(tmp_path: Path, leaving: str) -> None:
    told = play(tmp_path, "date", *filter(None, [leaving]))
    assert "failed   score 0.00" in told
    assert "command not found" not in told
    assert attempt(tmp_path)["report"] is None


@pytest.mark.parametrize(
    ("answers", "mechanism", "healthy"),
    [(("shop/Deployment/ad",), "", None), (("shop/Deployment/ad", "gone", "", "n"), "gone", False)],
)
def test_a_report_that_breaks_off_counts_as_far_as_it_goes(
    answers: tuple[str, ...], mechanism: str, healthy: bool | None, tmp_path: Path
) -> None:
    told = play(tmp_path, "date", "report", *answers)
    assert "failed   score 0.00" in told
    stored = attempt(tmp_path)
    [cause] = stored["report"]["root_causes"]
    assert [step["command"] for step in stored["steps"]] == ["date"]
    assert (cause["entity"], cause["mechanism"]) == ("shop/Deployment/ad", mechanism)
    assert stored["report"]["healthy"] is healthy
    assert (stored["report"]["escalation"], stored["report"]["summary"]) == ("", "")


def test_ctrl_c_stops_a_command_and_the_attempt_goes_on(tmp_path: Path) -> None:
    with person(tmp_path) as she:
        she.types(f": {tmp_path.name}-busy; while :; do :; done")
        _wait_until(lambda: _runs(f"{tmp_path.name}-busy"))
        she.presses_ctrl_c()
        she.reads("[stopped: interrupted]")
        she.reads(PROMPT)
        she.presses_ctrl_c()
        she.reads("Ctrl-C again")
        she.reads(PROMPT)
        she.types("echo still $((40 + 2))")
        she.reads("still 42")
        she.types("exit")
        she.sees_it_end()
    stored = attempt(tmp_path)
    assert [step["stopped"] for step in stored["steps"]] == ["interrupted", ""]
    assert stored["report"] is None


def test_ctrl_c_again_asks_for_the_report_and_once_more_hands_it_in(tmp_path: Path) -> None:
    with person(tmp_path) as she:
        she.types("date")
        she.reads(PROMPT)
        she.presses_ctrl_c()
        she.reads(PROMPT)
        she.presses_ctrl_c()
        she.reads("root cause")
        she.types("shop/Deployment/ad")
        she.reads("what is wrong")
        she.presses_ctrl_c()
        she.reads("lives on")
        she.presses_ctrl_c()
        she.sees_it_end()
    stored = attempt(tmp_path)
    assert len(stored["steps"]) == 1
    assert [cause["entity"] for cause in stored["report"]["root_causes"]] == ["shop/Deployment/ad"]
