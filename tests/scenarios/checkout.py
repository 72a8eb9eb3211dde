"""The package as its authors have it: files that one may add to, and the commands over them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import opsrange

MAIN = "from opsrange.cli.main import main; main()"
_SCENARIO = """
id: {name}
title: Made up
summary: Made up. Nothing helps.
fault: {fault}
difficulty: easy
"""


class Checkout:
    """A copy of the package.

    Args:
        folder: an empty folder, where it goes and where commands run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._package = folder / "opsrange"
        shutil.copytree(Path(opsrange.__file__).parent, self._package)

    def write(self, path: str, text: str) -> None:
        """Add a file, by its path below the package."""
        (self._package / path).write_text(text)

    def scenario(self, name: str, *, fault: str) -> None:
        """Add a scenario of a fault."""
        self.write(f"scenarios/library/{name}.yaml", _SCENARIO.format(name=name, fault=fault))

    def fault(self, name: str, text: str) -> None:
        """Add a module to the catalogue of faults."""
        self.write(f"faults/catalogue/{name}.py", text)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of this copy."""
        return self.python(MAIN, *arguments)

    def python(self, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python over this copy."""
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(self._folder)},
            capture_output=True,
            text=True,
            check=False,
        )
