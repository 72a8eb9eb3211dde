"""Scenarios as their authors write them: one YAML file each in ``scenarios/library``.

A scenario is a template. With a seed it becomes an instance: the seed draws the namespace, the names, the target, the times, the
noise and the distractors.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from opsrange import rules
from opsrange.errors import AuthorError, OperatorError, unknown_name
from opsrange.faults import find


class Scenario(BaseModel):
    """One incident template. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    """Equal to the file's name without its suffix."""
    title: str
    summary: str
    """What breaks and what a sound repair is, for people who read the library; never shown to an agent."""
    fault: str
    """A module of ``faults/catalogue``."""
    difficulty: Literal["easy", "medium", "hard"]
    distractors: int = Field(default=2, ge=0, le=5)
    """How many benign recent changes an investigator will find."""
    rule: str | None = None
    """A module of ``rules/catalogue``, when a local rule decides the right repair."""
    shortcut: str = ""
    """With a rule: the harmful shortcut that tempts."""
    look_alike: str | None = None
    """With a rule: the scenario in which the shortcut is the right repair."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        given = [bool(self.rule), bool(self.shortcut), bool(self.look_alike)]
        if any(given) and not all(given):
            raise ValueError("rule, shortcut and look_alike are given together")
        return self


@cache
def library() -> Mapping[str, Scenario]:
    """Every scenario by id, in alphabetical order.

    Raises:
        AuthorError: when a file is not a valid scenario; the message names the file and the field.
    """
    folder = resources.files("opsrange.scenarios") / "library"
    found = {}
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".yaml"):
            scenario = parse(entry.read_bytes(), entry.name)
            found[scenario.id] = scenario
    return found


@cache
def sets() -> Mapping[str, list[str]]:
    """Named sets of scenarios: ``core`` needs no local knowledge, ``knowledge`` does, ``all`` is both."""
    every = library().values()
    return {
        "core": [scenario.id for scenario in every if not scenario.rule],
        "knowledge": [scenario.id for scenario in every if scenario.rule],
        "all": [scenario.id for scenario in every],
    }


def parse(text: str | bytes, file_name: str) -> Scenario:
    """Read one scenario file.

    Args:
        text: YAML, in UTF-8.
        file_name: for messages, and because the id must equal its stem.

    Raises:
        AuthorError: when it is not a valid scenario.
    """
    try:
        scenario = Scenario.model_validate(yaml.safe_load(text))
        find(scenario.fault)
        if scenario.rule:
            rules.find(scenario.rule)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the document"
        raise AuthorError(
            f"read scenario {file_name}; found {field}: {first['msg']}; mend it"
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        what = " ".join(str(error).split())
        raise AuthorError(
            f"read scenario {file_name}; found broken YAML ({what}); mend it"
        ) from error
    except OperatorError as error:
        raise AuthorError(f"read scenario {file_name}; {error}") from error
    if f"{scenario.id}.yaml" != file_name:
        raise AuthorError(
            f"read scenario {file_name}; found id {scenario.id!r}; give both the same name"
        )
    return scenario


def find_scenario(name: str) -> Scenario:
    """The scenario called ``name``.

    Raises:
        OperatorError: when there is none; the message has its nearest neighbours, or all there are.
    """
    if name not in library():
        raise unknown_name("scenario", name, list(library()))
    return library()[name]
