"""Doing an attempt again without its agent, and what the best operator could still do from there.

Both are deterministic and need no sandbox: requests that may write are recorded with their bodies and instants.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from opsrange.estates.snapshot import normalised
from opsrange.kube.status_errors import ApiError
from opsrange.scenarios.handwork import uncover
from opsrange.trace import Step, WorldRequest
from opsrange.types import Json
from opsrange.wire import Request, Response

if TYPE_CHECKING:
    from opsrange.scenarios.instance import Instance

_OF_THE_SERVER = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "deletionTimestamp",
)


def replay(instance: Instance, steps: Sequence[Step]) -> str:
    """Send what recorded steps sent, each request at its instant, and return the journal's digest.

    Args:
        instance: where the first of ``steps`` began.
        steps: consecutive; reads are not repeated, for reading moves nothing.
    """
    instance.begin()
    for step in steps:
        for asked in step.requests:
            if asked.may_write:
                instance.estate.advance(asked.instant_ms - instance.kernel.now_ms)
                _send(instance, asked)
        instance.estate.advance(step.ended_ms - instance.kernel.now_ms)
    return instance.kernel.journal.digest


def _send(instance: Instance, asked: WorldRequest) -> None:
    handler = instance.handlers.get(asked.address)
    if handler is None:
        return
    headers = {"user-agent": asked.client, "content-type": asked.content_type}
    body = asked.body.encode(errors="surrogateescape")
    answer = handler.handle(Request(asked.method, asked.path, asked.query, headers, body))
    if not isinstance(answer, Response):
        answer.close()


def restore(instance: Instance) -> None:
    """Undo every change of the agent's that can be undone, and remove the fault.

    What nobody can undo stays: lost data, lost identities, restarts. So an attempt that this cannot rescue is lost.
    """
    estate = instance.estate
    theirs, ours = instance.untouched(instance.kernel.now_ms), estate.documents()
    _set_back(instance, {*ours, *theirs}, theirs)
    uncover(instance, [*instance.handwork.made()])
    estate.expire_silences("agent")
    instance.fault.remove(estate, instance.params)
    instance.restored = True


def roll_back(instance: Instance, entities: Collection[str], theirs: Mapping[str, Json]) -> None:
    """Set some objects back to what they were; the fault stays. Silences of the agent's end when one of them is among them.

    Args:
        instance: whose world.
        entities: what is set back; others stay as they are.
        theirs: every object at the moment to go back to.
    """
    _set_back(instance, entities, theirs)
    if any("/Silence/" in entity for entity in entities):
        instance.estate.expire_silences("agent")


def _set_back(instance: Instance, entities: Collection[str], theirs: Mapping[str, Json]) -> None:
    estate = instance.estate
    ours = estate.documents()
    left, right = normalised(ours), normalised(theirs)
    for entity, document in theirs.items():
        if entity in entities and entity not in ours:
            with suppress(ApiError):  # what the API refuses to have undone stays as it is
                estate.operator.create(_anew(document))
    for entity, document in ours.items():
        if entity not in entities:
            continue
        if entity not in theirs:
            estate.operator.discard(document)
        elif left[entity] != right[entity]:
            with suppress(ApiError):
                estate.operator.replace(_onto(document, theirs[entity]))


def _anew(document: Json) -> Json:
    """A document as one would create it."""
    metadata = {
        name: value for name, value in document["metadata"].items() if name not in _OF_THE_SERVER
    }
    body = {name: value for name, value in document.items() if name not in {"metadata", "status"}}
    return {**copy.deepcopy(body), "metadata": metadata}


def _onto(ours: Json, theirs: Json) -> Json:
    """Their content under our identity."""
    fresh = _anew(theirs)
    own = {name: ours["metadata"][name] for name in _OF_THE_SERVER if name in ours["metadata"]}
    return {**fresh, "metadata": {**fresh["metadata"], **own}, "status": ours.get("status", {})}
