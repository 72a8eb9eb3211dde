"""What an attempt put beside the cause, where it may serve in place of what is broken.

Controllers derive pods, replica sets and endpoints from what is declared, so that no snapshot compares them. One that was
made or altered by hand can carry users all the same; who writes them is therefore watched as it happens.

Belongs here: telling what may cover a cause, and taking it away. Does not: what that is worth (``scoring``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from opsrange.estates import Estate
from opsrange.estates.snapshot import entity_of, normalised
from opsrange.kube.kind import all_kinds
from opsrange.kube.store import Change
from opsrange.types import Json

if TYPE_CHECKING:
    from opsrange.scenarios.instance import Instance

_AGENT = "agent"
_DERIVED = frozenset({"ControllerRevision", "Endpoints", "EndpointSlice", "Pod", "ReplicaSet"})
_DECIDED_WHEN_ALONE = frozenset({"Pod", "ReplicaSet"})
_MATERIAL = frozenset({"ConfigMap", "Secret", "ServiceAccount"})
"""What workloads are made of: nobody is served by it alone, and a repair may need what was added of it."""


class Handwork:
    """Watches an estate from now on for derived objects that the agent writes itself.

    Args:
        estate: where the agent acts.
    """

    def __init__(self, estate: Estate) -> None:
        self._store = estate.cluster.store
        self._made: set[str] = set()
        self._altered: set[str] = set()
        """Uids."""
        self._store.subscribe(self._saw)

    def made(self) -> dict[str, Json]:
        """Pods and replica sets that the agent made and gave an owner, by entity, comparable, and as if they had none."""
        found = {}
        for entity, document in self._standing(self._made):
            if document["kind"] in _DECIDED_WHEN_ALONE:
                metadata = {**document["metadata"], "ownerReferences": []}
                found[entity] = {**document, "metadata": metadata}
        return normalised(found)

    def standing(self) -> dict[str, Json]:
        """All that the agent made or altered by hand and that still stands, by entity."""
        return dict(self._standing(self._made | self._altered))

    def _standing(self, uids: set[str]) -> Iterator[tuple[str, Json]]:
        if uids:
            for kind in all_kinds().values():
                for document in self._store.list(kind) if kind.kind in _DERIVED else ():
                    if document["metadata"]["uid"] in uids:
                        yield entity_of(kind.kind, document), document

    def _saw(self, change: Change) -> None:
        if change.actor == _AGENT and change.kind.kind in _DERIVED and change.new is not None:
            uids = self._made if change.verb == "ADDED" else self._altered
            uids.add(change.new["metadata"]["uid"])


def covers(instance: Instance, mine: Mapping[str, Json], other: Mapping[str, Json]) -> list[str]:
    """What may serve in place of what is broken: added outside the repair region, or derived and written by hand.

    Args:
        instance: whose attempt.
        mine: every declared object of its world, by entity.
        other: of the counterfactual.
    """
    region = [re.compile(pattern) for pattern in instance.remedy.region]
    added = {
        entity
        for entity in {*mine} - {*other}
        if entity.split("/")[1] not in _MATERIAL
        and not any(pattern.fullmatch(entity) for pattern in region)
    }
    return sorted(added | {*instance.handwork.standing()})


def uncover(instance: Instance, entities: list[str]) -> None:
    """Take some objects away; controllers derive anew what they own."""
    found = {**instance.estate.documents(), **instance.handwork.standing()}
    for entity in entities:
        if entity in found:
            instance.estate.operator.discard(found[entity])
