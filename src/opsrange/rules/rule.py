"""What a local rule is.

A module in ``rules/catalogue`` defines ``RULE``; its file name is the rule's id; the directory is the registry. A rule makes the
obvious repair of a fault wrong in one enterprise and says in its documents what is right there. Its names, numbers and tokens are
drawn from the seed, so that nobody can know it who has not read it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from opsrange.corpus import Enterprise, Sheet
from opsrange.discovery import defined
from opsrange.errors import OperatorError
from opsrange.estates import Estate
from opsrange.faults import Fact, Remedy
from opsrange.rules.conduct import Breach, Conduct
from opsrange.types import Json


class Role(StrEnum):
    """What a document is to a rule. No reader is ever told."""

    GOVERNING = "governing"
    """In force, and needed to do the right thing."""
    SUPERSEDED = "superseded"
    """Older, and it contradicts what governs."""
    DECOY = "decoy"
    """About something similar, and true of that."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One document of a rule."""

    role: Role
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class Setting:
    """A rule in one instance: what its parts are given."""

    estate: Estate
    around: Enterprise
    fault: Json
    """The fault's parameters."""
    rule: Json
    """The rule's own, as drawn."""

    @property
    def namespace(self) -> str:
        """Where the application runs."""
        return self.estate.namespace


def _nothing(estate: Estate, stream: random.Random) -> Json:
    return {}


def _nobody(setting: Setting) -> str:
    return ""


def _plainly(setting: Setting, plain: Remedy) -> Remedy:
    return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How a rule is drawn, written down, followed and broken."""

    title: str
    draw: Callable[[Setting, random.Random], Json]
    """Choose the particulars, once the fault's are known. ``setting.rule`` holds what ``prepare`` returned. Changes nothing."""
    documents: Callable[[Setting, random.Random], Iterable[Paper]]
    """What governs, and what was superseded. Decoys come from ``echoes`` of the same rule by themselves."""
    echoes: Callable[[Enterprise, Sequence[str], random.Random], Sequence[Sheet]]
    """Documents of the same kinds about the given services and other places, which every instance has, whatever its rule."""
    remedy: Callable[[Setting, Remedy], Remedy]
    """The sound repair, made from the fault's plain one."""
    outdated: Callable[[Setting, Remedy], Remedy]
    """What somebody does who follows a superseded document."""
    violations: Callable[[Setting, Conduct], Iterable[Breach]]
    facts: Callable[[Setting], tuple[Fact, ...]]
    """What only the governing documents say; whoever was shown it knew the rule."""
    prepare: Callable[[Estate, random.Random], Json] = _nothing
    """Objects that the rule is about, created when the estate is installed; returns what ``draw`` needs of them."""
    tempted: Callable[[Setting, Remedy], Remedy] = _plainly
    """What somebody does who knows no document; the fault's plain remedy unless the temptation is elsewhere."""
    escalation: Callable[[Setting], str] = _nobody
    """Whom the report must name; empty when nobody."""
    outdated_escalation: Callable[[Setting], str] = _nobody
    """Whom somebody names who follows a superseded document."""
    ordered: bool = False
    """Whether something has to be done, or be true, before the repair."""

    @property
    def escalates(self) -> bool:
        """Whether somebody has to be named at all."""
        return self.escalation is not _nobody


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by id, in alphabetical order.

    Raises:
        AuthorError: when a module of the catalogue cannot be loaded or defines no ``RULE``.
    """
    return defined("opsrange.rules.catalogue", "RULE", Rule)


def find(name: str) -> Rule:
    """The rule called ``name``.

    Raises:
        OperatorError: when there is none; the message lists what there is.
    """
    known = rules()
    if name not in known:
        raise OperatorError(f"asked for rule {name!r}; found {', '.join(known)}; use one of these")
    return known[name]
