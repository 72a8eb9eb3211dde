"""What a fault is.

A module in ``faults/catalogue`` defines ``FAULT``; its file name is the fault's id; the directory is the registry. A
fault changes the estate the way an operator or a release would, through the same admission, and leaves no mark that
tells it from one. Everything it decides is drawn once, into plain JSON parameters, so that the same parameters can be
injected, removed, repaired and judged in any copy of the world.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from opsrange.discovery import defined
from opsrange.errors import OperatorError
from opsrange.estates import Estate
from opsrange.types import Json


class Family(StrEnum):
    """The kind of trouble, for reports by family."""

    RELEASE = "release"
    CONFIGURATION = "configuration"
    NETWORK = "network"
    RESOURCES = "resources"
    CAPACITY = "capacity"


@dataclass(frozen=True, slots=True)
class Cause:
    """One root cause of the answer key."""

    entity: str
    """``namespace/Kind/name``."""
    mechanism: str
    aliases: tuple[str, ...] = ()
    """Regular expressions on whole entities that name the same cause."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing an investigator must see to know the cause."""

    id: str
    needles: tuple[str, ...]
    """Regular expressions. An answer contains the fact when each is found in its normal form, see :func:`normal`."""

    def within(self, text: str) -> bool:
        """Whether a text in normal form contains the fact."""
        return all(re.search(needle, text) for needle in self.needles)


def normal(text: str) -> str:
    """One form for JSON, YAML and ``describe``: no quotes or backslashes, ``name:value`` without blanks."""
    return text.replace("\\", "").replace('"', "").replace(": ", ":").replace("=", ":")


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a sound repair looks like; judged as facets of state, never as a list of actions."""

    commands: tuple[str, ...]
    """The oracle's shell commands, through the seat like anyone's."""
    region: tuple[str, ...]
    """Regular expressions on entities that a repair may touch."""
    allowed_paths: tuple[str, ...] = ()
    """Regular expressions on ``entity:path`` that would otherwise count as weakening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How something breaks, how it is undone, and how one knows. All callables take the estate and the parameters."""

    title: str
    family: Family
    draw: Callable[[Estate, random.Random], Json]
    """Choose a target and values in a healthy estate. Changes nothing."""
    inject: Callable[[Estate, Json], None]
    remove: Callable[[Estate, Json], None]
    """The intervention that heals: exactly the opposite of ``inject``."""
    cause: Callable[[Estate, Json], Cause]
    remedy: Callable[[Estate, Json], Remedy]
    facts: Callable[[Estate, Json], tuple[Fact, ...]]


@cache
def faults() -> Mapping[str, Fault]:
    """Every fault by id, in alphabetical order.

    Raises:
        AuthorError: when a module of the catalogue cannot be loaded or defines no ``FAULT``.
    """
    return defined("opsrange.faults.catalogue", "FAULT", Fault)


def find(name: str) -> Fault:
    """The fault called ``name``.

    Raises:
        OperatorError: when there is none; the message lists what there is.
    """
    known = faults()
    if name not in known:
        raise OperatorError(f"asked for fault {name!r}; found {', '.join(known)}; use one of these")
    return known[name]
