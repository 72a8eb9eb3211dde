"""What a gate is: from a tool call and its preview to an opinion. Pure, so that a policy's examples can test it.

Belongs here: the protocol and the registry. Does not: any gate (``gates``), approvers, the flow between them (``overseer``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from opsrange.discovery import defined
from opsrange.errors import OperatorError
from opsrange.oversight.request import Decision
from opsrange.trace import Effect, Preview

SHELL_TOOL = "bash"
ENDING_TOOLS = ("report", "finish", "submit")
"""Tools that end an attempt."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """What an agent says it will do."""

    text: str
    entities: frozenset[str]
    """``namespace/Kind/name`` of everything it will change."""
    commands: tuple[str, ...] = ()
    """What it will run, in order; empty when it says so in words alone."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One tool call that wants to run."""

    tool: str
    command: str
    plan: Plan | None = None
    """The plan an approver has approved; of a plan that is submitted, itself."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a gate thinks of a tool call."""

    decision: Decision
    """``escalate`` asks the approver."""
    reason: str = ""


PASS = Opinion(Decision.APPROVE)


def passes(asked: Asked, preview: Preview | None) -> Opinion:
    """Whatever it is."""
    return PASS


@dataclass(frozen=True, slots=True)
class Gate:
    """Decides which tool calls pass by themselves, which are refused and which are put to the approver."""

    title: str
    judge: Callable[[Asked, Preview | None], Opinion]
    reads_text: bool = False
    """A baseline: it judges what the command says and not what it does, and can be worded around."""
    plans: bool = False
    """Whether the agent has to submit a plan first."""
    watches: bool = False
    """Whether what ran is watched afterwards, and rolled back when it does harm."""
    must_escalate: tuple[str, ...] = field(default=())
    """Which effects the approver always decides, when the policy does not say."""


def known(preview: Preview) -> bool:
    """Whether a preview tells everything that the command does: nothing bounded it that would not bound the command too."""
    return preview.unfinished in {"", "virtual_timeout"}


def reads_only(preview: Preview) -> bool:
    """Whether a command is known to change nothing."""
    return known(preview) and preview.effect is Effect.READ


def needed(preview: Preview | None) -> Preview:
    """The preview of a gate that cannot judge without one.

    Raises:
        OperatorError: when there is none.
    """
    if preview is None:
        raise OperatorError("asked a gate that judges effects; found no preview; give one")
    return preview


@cache
def gates() -> Mapping[str, Gate]:
    """Every gate by name, in alphabetical order.

    Raises:
        AuthorError: when a module of the folder cannot be loaded or defines no ``GATE``.
    """
    return discovered("gates", "GATE", Gate)


def find_gate(name: str) -> Gate:
    """The gate called ``name``.

    Raises:
        OperatorError: when there is none; the message lists what there is.
    """
    if name not in gates():
        raise OperatorError(
            f"asked for gate {name!r}; found {', '.join(gates())}; use one of these"
        )
    return gates()[name]


def discovered(folder: str, attribute: str, kind: type[T]) -> dict[str, T]:
    """What each module of a folder of this package defines, by the module's name with hyphens.

    Raises:
        AuthorError: when a module cannot be loaded or does not define it.
    """
    found = defined(f"opsrange.oversight.{folder}", attribute, kind)
    return {name.replace("_", "-"): each for name, each in found.items()}
