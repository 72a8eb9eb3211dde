"""Judging how a command was called: invented, mistyped, sent to change something.

Belongs here: what the H and X classes share. Does not: the classes.
"""

from __future__ import annotations

import re
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
from opsrange.shell import Simple

_CURL_WRITE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_AS_A_QUERY = re.compile(r"--get|-[a-zA-Z]*G[a-zA-Z]*")
"""curl's option that puts what would be sent into the address of a GET."""


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


def curl_writes(simple: Simple) -> bool:
    """Whether curl or wget sends something that may change a server; a query that is posted does not."""
    if simple.tool not in {"curl", "wget"}:
        return False
    words = simple.arguments
    asks = any(_AS_A_QUERY.fullmatch(word) or "/api/v1/query" in word for word in words)
    methods = {word.removeprefix("-X").removeprefix("--request=") for word in words}
    sends = any(
        word.startswith(("-d", "--data", "--json", "-T", "--upload-file")) for word in words
    )
    return bool(methods & _CURL_WRITE) or (sends and not asks)
