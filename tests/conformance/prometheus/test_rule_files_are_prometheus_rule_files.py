"""The rule files we ship are accepted by Prometheus' own checker."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import opsrange.telemetry

RULES = sorted((Path(opsrange.telemetry.__file__).parent / "rules").glob("*.yaml"))


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.name)
def test_promtool_accepts(file: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian package: prometheus)")
    checked = subprocess.run(
        [promtool, "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
