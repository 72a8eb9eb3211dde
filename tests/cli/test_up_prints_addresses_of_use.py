"""What ``opsrange up`` prints can be asked from outside; the sandbox's clock is not among it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

IN_THE_BACKGROUND = ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")
"""As a shell starts what it does not wait for: with Ctrl-C ignored."""
OPSRANGE = (sys.executable, "-c", "from opsrange.cli.main import main; main()")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_every_address_answers_until_it_is_told_to_end(
    tmp_path: Path, ending: signal.Signals
) -> None:
    with subprocess.Popen(
        [*IN_THE_BACKGROUND, *OPSRANGE, "up", "scaled-to-zero", "--json", "--out", "up"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as up:
        assert up.stdout is not None
        lines: list[str] = []
        for line in up.stdout:
            lines.append(line)
            if line == "}\n":
                break
        told = json.loads("".join(lines))
        answers = {}
        for path in ("kubernetes:6443/version", "prometheus:9090/-/healthy"):
            address, _, rest = path.partition("/")
            with urllib.request.urlopen(f"{told['urls'][address]}/{rest}") as answer:
                answers[address] = answer.status
        up.send_signal(ending)
        up.communicate()
    assert up.returncode == 0
    assert sorted(told["urls"]) == [
        "alertmanager:9093",
        "frontend-proxy:8080",
        "jaeger:16686",
        "kubernetes:6443",
        "prometheus:9090",
    ]
    assert answers == {"kubernetes:6443": 200, "prometheus:9090": 200}
