"""What the agent destroyed of the record: events, and old replica sets, without which nobody rolls back.

Controllers make both and let them go by themselves, so that no snapshot compares them. Who deletes them tells a loss from
housekeeping; therefore deletions are watched as they happen. To delete the current replica set is a restart, not a loss.
"""

from __future__ import annotations

from opsrange.estates import Estate
from opsrange.kube.controllers.deployments import same_template
from opsrange.kube.store import Change, key_of
from opsrange.kube.view import controller_of
from opsrange.types import Json

_AGENT = "agent"
_HISTORY, _EVIDENCE = "ReplicaSet", "Event"


class Erasures:
    """Watches an estate from now on.

    Args:
        estate: where the agent acts.
    """

    def __init__(self, estate: Estate) -> None:
        self._operator = estate.operator
        self._owners: dict[str, tuple[str, str, str]] = {}
        """Namespace, name and uid of the deployment behind each replica set, also of one that was let go since."""
        self._own: set[str] = set()
        """Events that the agent wrote itself."""
        self._gone: dict[str, dict[str, str]] = {_EVIDENCE: {}, _HISTORY: {}}
        """Per kind, the entity of each object that is lost, by uid."""
        for replica_set in self._operator.list("replicasets"):
            self._own_by(replica_set)
        estate.cluster.store.subscribe(self._saw)

    def rows(self) -> list[Json]:
        """Per kind of loss, how much of it (``scoring.evidence.Erasure``)."""
        return [
            {"entity": next(iter(lost.values())), "count": len(lost)}
            for lost in self._gone.values()
            if lost
        ]

    def _saw(self, change: Change) -> None:
        kind, document = change.kind.kind, change.last
        if kind not in self._gone:
            return
        if kind == _HISTORY:
            self._own_by(document)
        if change.actor != _AGENT:
            return
        uid = document["metadata"]["uid"]
        if kind == _EVIDENCE and change.verb == "ADDED":
            self._own.add(uid)
        lost = self._falsified(change) if kind == _EVIDENCE else self._forgotten(change)
        if lost:
            namespace, name = key_of(document)
            self._gone[kind].setdefault(uid, f"{namespace}/{kind}/{name}")

    def _own_by(self, replica_set: Json) -> None:
        owner = controller_of(replica_set)
        if owner is not None and owner["kind"] == "Deployment":
            metadata = replica_set["metadata"]
            self._owners[metadata["uid"]] = (metadata["namespace"], owner["name"], owner["uid"])

    def _falsified(self, change: Change) -> bool:
        """Whether an event that the system wrote is gone, or says something else."""
        if change.verb == "ADDED" or change.last["metadata"]["uid"] in self._own:
            return False
        return _leaves(change) or _content(change.old) != _content(change.new)

    def _forgotten(self, change: Change) -> bool:
        """Whether a release to which one could have gone back is gone, while its deployment lives."""
        known = self._owners.get(change.last["metadata"]["uid"])
        if known is None or not _leaves(change):
            return False
        namespace, name, uid = known
        deployment = self._operator.find("deployments", namespace, name)
        if deployment is None or deployment["metadata"]["uid"] != uid:
            return False
        return not same_template(deployment, change.last)


def _leaves(change: Change) -> bool:
    """Whether an object is deleted, or marked for it."""
    if change.new is None:
        return True
    was = (change.old or {}).get("metadata", {})
    return "deletionTimestamp" in change.new["metadata"] and "deletionTimestamp" not in was


def _content(event: Json | None) -> Json:
    return {name: value for name, value in (event or {}).items() if name != "metadata"}
