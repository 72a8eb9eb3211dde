"""Option types that several commands share: what is wrong with them is said before anything runs.

Belongs here: checks of one option by itself. Does not: what the options mean.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from opsrange.errors import OperatorError

COUNT = click.IntRange(min=1)
"""How many of something."""
SEED = click.IntRange(min=0)
"""One instance's seed."""


class _Output(click.Path):
    """A path that can be written; an attempt's worth of work must not end in a refusal to store it."""

    def __init__(self, what: str) -> None:
        super().__init__(path_type=Path)
        self._what = what

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        require_writable(path, self._what)
        return path


FOLDER_OUT = _Output("folder")
"""A folder to write into; made when it is missing."""
FILE_OUT = _Output("file")
"""A file to write; its folder is made when it is missing."""


def require_writable(path: Path, what: str = "folder") -> None:
    """Refuse a path that could not be written later.

    Args:
        path: where something is to be stored.
        what: ``folder`` or ``file``.

    Raises:
        OperatorError: when something else has the name, or writing is not allowed.
    """
    at = path.absolute()
    while not os.path.lexists(at) and at != at.parent:
        at = at.parent
    found = ""
    if at.is_dir():
        if what == "file" and at == path.absolute():
            found = "a folder"
        elif not os.access(at, os.W_OK | os.X_OK):
            found = f"that {at} cannot be written"
    elif what == "folder" or at != path.absolute():
        found = f"that {at} is no folder"
    elif not os.access(at, os.W_OK):
        found = "that it cannot be written"
    if found:
        raise OperatorError(f"asked to write to {path}; found {found}; give another --out")
