"""Words that rules share: where a rule's commands go among the plain ones, and what a deed did to a workload."""

from __future__ import annotations

import random
from collections.abc import Sequence

from opsrange.errors import AuthorError
from opsrange.rules.conduct import Deed
from opsrange.types import Json

_NAME = "app.kubernetes.io/name"


def inserted(
    commands: Sequence[str], marker: str, *, before: Sequence[str] = (), after: Sequence[str] = ()
) -> tuple[str, ...]:
    """Plain commands with others before the first that contains ``marker``, and others at the end.

    Raises:
        AuthorError: when no command contains it.
    """
    index = _index(commands, marker)
    return (*commands[:index], *before, *commands[index:], *after)


def instead(commands: Sequence[str], marker: str, other: Sequence[str]) -> tuple[str, ...]:
    """Plain commands with others in place of the first that contains ``marker``.

    Raises:
        AuthorError: when no command contains it.
    """
    index = _index(commands, marker)
    return (*commands[:index], *other, *commands[index + 1 :])


def _index(commands: Sequence[str], marker: str) -> int:
    for index, command in enumerate(commands):
        if marker in command:
            return index
    raise AuthorError(
        f"asked for the command with {marker!r}; the plain remedy is {'; '.join(commands)}"
    )


def ages(stream: random.Random) -> Json:
    """When the document in force was last changed, and when what it superseded, in days before now."""
    age = stream.randint(4, 170)
    return {"age_days": age, "old_age_days": age + stream.randint(50, 230)}


def annotated(document: Json | None) -> Json:
    """An object's annotations; empty when it does not exist."""
    found: Json = (document or {}).get("metadata", {}).get("annotations") or {}
    return found


def replaces_pods(deed: Deed, namespace: str, service: str) -> bool:
    """Whether a deed ends running pods of a service, by whatever means."""
    if deed.entity == f"{namespace}/Deployment/{service}":
        if deed.old is None or deed.new is None:
            return deed.new is None
        old, new = deed.old["spec"], deed.new["spec"]
        return bool(
            old["template"] != new["template"] or new.get("replicas", 1) < old.get("replicas", 1)
        )
    if not deed.entity.startswith(f"{namespace}/Pod/") or deed.old is None:
        return False
    ends = deed.new is None or (
        "deletionTimestamp" in deed.new["metadata"]
        and "deletionTimestamp" not in deed.old["metadata"]
    )
    return ends and deed.old["metadata"].get("labels", {}).get(_NAME) == service
