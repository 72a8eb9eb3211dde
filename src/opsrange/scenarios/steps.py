"""The record of one step: what it asked, what it changed, what the world did meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from opsrange.estates import Estate, differences
from opsrange.faults import Fact, normal
from opsrange.kube.store import Change, key_of
from opsrange.trace import Effect, StateChange, Step, WorldRequest
from opsrange.types import MINUTE_MS, Json
from opsrange.wire import Request, Response

_CONSEQUENCES_MAX = 200
_REQUESTS_MAX = 5_000
"""Requests of a step that are listed; more are reads (writes are throttled), and what they showed is still noticed."""
_TARGET_CHARS_MAX = 4_000
_CLIENT_CHARS_MAX = 500
_VALUE_CHARS_MAX = 10_000
"""Of a value that changed; a config map flapped in a loop would else be recorded as gigabytes."""
_QUIET_KINDS = {"Event", "Lease", "Endpoints", "EndpointSlice"}
"""Kinds that follow from others: as consequences they would say everything twice. What the agent itself writes is told."""


class Recorder:
    """Watches an estate and cuts what it sees into steps.

    Args:
        estate: watched from now on.
        facts: what answers are searched for.
    """

    def __init__(self, estate: Estate, facts: Sequence[Fact]) -> None:
        self._estate = estate
        self._facts = facts
        self._index = 0
        self._started_ms = estate.kernel.now_ms
        self._told = len(estate.kernel.journal.entries)
        """How much of the journal earlier steps tell."""
        self._requests: list[WorldRequest] = []
        self._facts_returned: set[str] = set()
        self._changes: list[Change] = []
        estate.cluster.store.subscribe(self._changes.append)

    def begin(self) -> None:
        """A step begins at the present instant.

        What the agent's own processes asked and changed since the last one, in its think time, is part of this one.
        """
        self._started_ms = self._estate.kernel.now_ms
        self._changes[:] = [change for change in self._changes if change.actor == "agent"]

    def answered(self, address: str, request: Request, response: Response) -> None:
        """A request of the step was answered."""
        text = response.body.decode(errors="replace")
        headers = request.headers
        writes = request.method not in {"GET", "HEAD", "OPTIONS"}
        asked = WorldRequest(
            address=address,
            method=request.method,
            path=request.path if writes else request.path[:_TARGET_CHARS_MAX],
            query=dict(request.query) if writes else _clipped_query(request.query),
            status=response.status,
            bytes_out=len(response.body),
            client=(headers.get("kubectl-command") or headers.get("user-agent", ""))[
                :_CLIENT_CHARS_MAX
            ],
            facts=self.facts_in(text),
            instant_ms=self._estate.kernel.now_ms,
        )
        if asked.may_write:
            asked.content_type = headers.get("content-type", "")
            asked.body = request.body.decode(errors="surrogateescape")
        self._facts_returned.update(asked.facts)
        if asked.may_write or len(self._requests) < _REQUESTS_MAX:
            self._requests.append(asked)

    def end(self, outcome: Mapping[str, Any]) -> Step:
        """The step is over.

        Args:
            outcome: what the seat knows: command, exit code, outputs.
        """
        silenced = self._estate.telemetry_changes("agent", self._told)
        mine = [
            row for change in self._changes if change.actor == "agent" for row in _rows(change)
        ] + silenced
        others = [
            row for change in self._changes if change.actor != "agent" for row in _rows(change)
        ]
        shown = str(outcome.get("stdout", "")) + str(outcome.get("stderr", ""))
        step = Step(
            **{"command": "", "exit_code": None, **outcome},
            index=self._index,
            started_ms=self._started_ms,
            ended_ms=self._estate.kernel.now_ms,
            requests=self._requests,
            facts_returned=sorted(self._facts_returned),
            facts_shown=self.facts_in(shown),
            effect=_effect(mine),
            changes=mine,
            consequences=others[:_CONSEQUENCES_MAX],
            health=self._estate.health(MINUTE_MS),
            digest=self._estate.kernel.journal.digest,
        )
        self._index += 1
        self._told = len(self._estate.kernel.journal.entries)
        self._requests, self._facts_returned = [], set()
        self._changes.clear()
        return step

    def facts_in(self, text: str) -> list[str]:
        """Ids of the facts that a text contains."""
        plain = normal(text)
        return [fact.id for fact in self._facts if fact.within(plain)]


def _rows(change: Change) -> list[StateChange]:
    if change.kind.kind in _QUIET_KINDS and change.actor != "agent":
        return []
    namespace, name = key_of(change.last)
    entity = f"{namespace or 'cluster'}/{change.kind.kind}/{name}"
    if change.verb == "ADDED":
        return [StateChange(actor=change.actor, verb="create", entity=entity)]
    if change.verb == "DELETED":
        return [StateChange(actor=change.actor, verb="delete", entity=entity)]
    assert change.old is not None
    assert change.new is not None
    return [
        StateChange(
            actor=change.actor,
            verb="update",
            entity=entity,
            path=path,
            old=_clipped(old),
            new=_clipped(new),
        )
        for path, old, new in differences(_without_noise(change.old), _without_noise(change.new))
    ]


def _clipped(value: Any) -> Any:
    """A value short enough to be kept."""
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) <= _VALUE_CHARS_MAX:
        return value
    return f"{text[:_VALUE_CHARS_MAX]} [and {len(text) - _VALUE_CHARS_MAX} characters more]"


def _clipped_query(query: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The query of a read, which nobody has to do again."""
    kept: dict[str, list[str]] = {}
    left = _TARGET_CHARS_MAX
    for name, values in query.items():
        kept[name[:left]] = [value[:left] for value in values[:left]]
        left = max(0, left - len(name) - sum(map(len, values)))
    return kept


def _without_noise(document: Json) -> Json:
    """Without the parts that change whenever anything does."""
    metadata = {
        name: value
        for name, value in document["metadata"].items()
        if name not in {"resourceVersion", "generation", "managedFields"}
    }
    return {
        **{name: value for name, value in document.items() if name != "status"},
        "metadata": metadata,
    }


def _effect(changes: Sequence[StateChange]) -> Effect:
    """A deletion loses an identity and whatever only it held; everything else can be set back."""
    if not changes:
        return Effect.READ
    if any(
        change.verb == "delete" or change.path == "metadata.deletionTimestamp" for change in changes
    ):
        return Effect.IRREVERSIBLE_WRITE
    return Effect.REVERSIBLE_WRITE
