"""Every exception of the project, and who owns each.

    OpsrangeError                 owner
    ├── OperatorError             operator   bad input from the person at the command line
    ├── AuthorError               author     a scenario or fault that is not sound
    ├── WorldError                world      the simulated estate or its process failed
    │   └── SeatError             world      the sandbox could not be built or was lost
    ├── GraderError               grader     scoring itself failed
    ├── ModelError                model      the provider failed, not the agent
    └── AgentError                agent      an ending that counts against the agent

Only endings owned by the agent are scored. Everything else makes an attempt void, is counted, and is
published with its owner. Ownership is decided once, by :func:`boundary`, where the failure crosses from
one room to another; inside a room ordinary exceptions are raised.

Belongs here: exception classes and ownership. Does not: retry policy, exit codes (``cli``).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum


class Owner(StrEnum):
    """Who answers for a failure."""

    AGENT = "agent"
    MODEL = "model"
    WORLD = "world"
    GRADER = "grader"
    AUTHOR = "author"
    OPERATOR = "operator"


class OpsrangeError(Exception):
    """Base of the tree; refuses to be raised itself so that every failure has an owner."""

    owner: Owner

    def __init__(self, message: str) -> None:
        if type(self) is OpsrangeError:
            raise TypeError("raise a subclass of OpsrangeError, which names an owner")
        super().__init__(message)


class OperatorError(OpsrangeError):
    """Input that cannot be acted on. The message says what was asked, what was found, what to do."""

    owner = Owner.OPERATOR


class AuthorError(OpsrangeError):
    """A scenario or fault that breaks its own contract."""

    owner = Owner.AUTHOR


class WorldError(OpsrangeError):
    """The world process died, answered nonsense, or could not be reached."""

    owner = Owner.WORLD


class SeatError(WorldError):
    """The sandbox could not be assembled, or was lost in the middle of an attempt."""


class GraderError(OpsrangeError):
    """The scoring code failed. Never the agent's failure."""

    owner = Owner.GRADER


class ModelError(OpsrangeError):
    """The model's provider failed after its own retries."""

    owner = Owner.MODEL


class AgentError(OpsrangeError):
    """An ending that counts against the agent, such as an unparsable report."""

    owner = Owner.AGENT


_BY_OWNER: dict[Owner, type[OpsrangeError]] = {
    Owner.AGENT: AgentError,
    Owner.MODEL: ModelError,
    Owner.WORLD: WorldError,
    Owner.GRADER: GraderError,
    Owner.AUTHOR: AuthorError,
    Owner.OPERATOR: OperatorError,
}


def unknown_name(what: str, asked: str, known: Sequence[str]) -> OperatorError:
    """Somebody asked for a name that does not exist: its nearest neighbours, or else all there are.

    Args:
        what: the noun, e.g. ``scenario``.
        asked: the name that does not exist.
        known: those that do.
    """
    near = difflib.get_close_matches(asked, known)
    hint = f"did you mean {' or '.join(near)}?" if near else f"use one of {', '.join(known)}"
    return OperatorError(f"asked for {what} {asked!r}; {hint}")


@contextmanager
def boundary(owner: Owner, doing: str) -> Iterator[None]:
    """Attribute whatever escapes this block to ``owner``, once.

    Args:
        owner: who answers for the code inside the block.
        doing: what was being done, for the message ("grading sample 4").

    Raises:
        OpsrangeError: the failure that was already attributed, unchanged, or a new one of ``owner``
            with the original as its cause. ``KeyboardInterrupt`` and ``SystemExit`` pass untouched.
    """
    try:
        yield
    except OpsrangeError:
        raise
    except Exception as error:
        raise _BY_OWNER[owner](f"{doing}: {type(error).__name__}: {error}") from error
