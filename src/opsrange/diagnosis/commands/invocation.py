"""Judging how a command was called: invented or mistyped.

Belongs here: what the H and X classes share. Does not: the classes.
"""

from __future__ import annotations

from collections.abc import Sequence

from opsrange.diagnosis.commands.kubectl import (
    Kubectl,
    every_verb,
    flags_of,
    kinds_by_word,
    typo_of,
    verbs,
)
from opsrange.diagnosis.commands.mistakes import Kind, Mistake


def invented(mistake: Mistake, calls: Sequence[Kubectl]) -> bool:
    """Whether an unknown word resembles nothing that exists; a typing error does resemble something.

    Args:
        mistake: of the step.
        calls: its kubectl invocations; another tool's grammar is not known here.
    """
    if mistake.kind is Kind.FIELD:
        return not ("resource type" in mistake.line and typo_of(mistake.word, _type_words()))
    if mistake.kind is not Kind.USAGE or not mistake.word:
        return False
    if mistake.line.lower().startswith("tool "):
        return True
    word = mistake.word.lstrip("-")
    if len(word) == 1 or not calls:
        return False
    if "flag" in mistake.line:
        return not any(typo_of(word, list(flags_of(call.verb))) for call in calls)
    joined = frozenset(verb.replace(" ", "") for verb in every_verb())  # setenv
    return not typo_of(word, verbs() | joined)


def _type_words() -> frozenset[str]:
    return frozenset(kinds_by_word())


def normalised(command: str) -> str:
    """A command without differences of spacing."""
    return " ".join(command.split())
