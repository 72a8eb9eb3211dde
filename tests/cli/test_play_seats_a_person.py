"""``opsrange play``: a shell that remembers, a form for the report, a score; and every usual way out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.seat
OPSRANGE = (sys.executable, "-c", "from opsrange.cli.main import main; main()")
FIND = "export GONE=$(kubectl get deployments -A --no-headers | awk '$3 == \"0/0\" {print $1, $2}')"
MEND = 'set -- $GONE; kubectl -n "$1" scale deployment "$2" --replicas=2; cd /tmp'


def play(folder: Path, *lines: str) -> str:
    done = subprocess.run(
        [*OPSRANGE, "play", "scaled-to-zero", "--seed", "1", "--out", str(folder)],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert (folder / "report.html").exists()
    return done.stdout


def test_a_person_mends_it_and_reports(tmp_path: Path) -> None:
    first = play(tmp_path, FIND, "echo it is: $GONE", "exit")
    namespace, name = first.split("it is: ")[1].split("\n")[0].split()
    answers = (f"{namespace}/Deployment/{name}", "scaled to zero", "", "y", "scaled up again")
    told = play(tmp_path, FIND, MEND, "pwd; sleep 60", "report", *answers)
    assert "scaled" in told
    assert "\n/tmp\n" in told.replace("oncall@bastion:~$ ", "\n")
    assert "passed   score 1.00" in told
    assert "diagnosis 1.00" in told


@pytest.mark.parametrize("leaving", ["quit", "exit", ""])
def test_leaving_without_a_report_is_scored_as_it_stands(tmp_path: Path, leaving: str) -> None:
    told = play(tmp_path, "date", *filter(None, [leaving]))
    assert "failed   score 0.00" in told
    assert "command not found" not in told
