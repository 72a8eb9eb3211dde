"""What ``opsrange up`` prints can be asked from outside; the sandbox's clock is not among it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

OPSRANGE = (sys.executable, "-c", "from opsrange.cli.main import main; main()")


def test_every_address_answers_and_the_clock_is_left_out(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*OPSRANGE, "up", "scaled-to-zero", "--json", "--out", "up"],
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
        up.send_signal(signal.SIGINT)
    assert sorted(told["urls"]) == [
        "alertmanager:9093",
        "frontend-proxy:8080",
        "jaeger:16686",
        "kubernetes:6443",
        "prometheus:9090",
    ]
    assert answers == {"kubernetes:6443": 200, "prometheus:9090": 200}
