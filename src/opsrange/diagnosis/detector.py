"""What a detector is, and which there are.

A module of ``classes`` defines ``DETECTOR``; the directory is the registry. A detector yields events and judges nobody: whether one
is primary, contributing or benign is decided afterwards, by ``attribution``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from opsrange.diagnosis.diagnosis import Event
from opsrange.diagnosis.reading import Reading
from opsrange.discovery import defined
from opsrange.errors import AuthorError


class Needs(StrEnum):
    """What a rule must be given to be sound."""

    TRANSCRIPT = "transcript"
    """Commands and their outputs."""
    TRACE = "trace"
    """Also requests, changes and service levels."""
    TRUTH = "truth"
    """Also the scenario's answer key and the verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """The rule of one failure class."""

    code: str
    title: str
    needs: Needs
    detect: Callable[[Reading], Iterable[Event]]

    def applies(self, reading: Reading) -> bool:
        """Whether the attempt holds what the rule needs."""
        if self.needs is Needs.TRANSCRIPT:
            return True
        if not reading.attempt.traced:
            return False
        return self.needs is Needs.TRACE or reading.attempt.evidence is not None


@cache
def detectors() -> Mapping[str, Detector]:
    """Every detector by code.

    Raises:
        AuthorError: when a module of ``classes`` cannot be loaded or defines none, or two have one code.
    """
    found: dict[str, Detector] = {}
    for detector in defined("opsrange.diagnosis.classes", "DETECTOR", Detector).values():
        if found.setdefault(detector.code, detector) is not detector:
            raise AuthorError(f"class {detector.code} is defined twice; remove one")
    return found


@cache
def published() -> frozenset[str]:
    """Classes whose measured accuracy reaches the bar; every other one is experimental.

    The list is written by the validation against planted failures.
    """
    text = resources.files("opsrange.diagnosis").joinpath("published.json").read_text()
    return frozenset(json.loads(text))
