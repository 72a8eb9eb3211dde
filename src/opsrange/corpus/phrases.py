"""The texts of the collection, as data: one YAML file per kind of text in ``corpus/texts``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from opsrange.types import Json

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def phrases() -> Mapping[str, Sequence[str]]:
    """Sentences for the margins, by the section they stand in."""
    found: Mapping[str, Sequence[str]] = _read("phrases")
    return found


@cache
def topics(name: str) -> Sequence[Json]:
    """What documents of a kind are about, by the file's name without suffix."""
    found: Sequence[Json] = _read(name)
    return found


def _read(name: str) -> Any:
    path = files("opsrange.corpus") / "texts" / f"{name}.yaml"
    return yaml.load(path.read_text("utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
