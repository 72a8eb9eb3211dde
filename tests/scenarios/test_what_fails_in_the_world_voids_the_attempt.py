"""An exception inside a controller or an endpoint is ours: the attempt it happens in does not count."""

from __future__ import annotations

from opsrange.errors import Owner
from opsrange.estates.endpoints.total import Total
from opsrange.estates.objects import kind_named
from opsrange.scenarios.instance import Instance, build
from opsrange.scoring.outcome import Outcome, Status
from opsrange.scoring.regrade import regrade
from opsrange.types import MINUTE_MS, Json
from opsrange.wire import Request, Response
from opsrange.world import branch


def _conclude(instance: Instance, document: Json | None) -> Outcome:
    def explore() -> Outcome:
        instance.begin()
        if document is not None:
            instance.estate.cluster.store.create(kind_named("deployments"), document)
        return regrade(instance.call("conclude", {"soak_ms": MINUTE_MS})).outcome

    return branch(explore)


def test_a_question_that_a_defect_left_unanswered_voids_the_attempt_too() -> None:
    instance = build("scaled-to-zero", 1)

    def explore() -> Outcome:
        instance.begin()
        # As if a reader of ours had failed within a handler; no question is known that does it.
        total = Total(_Broken(), instance.kernel, instance.estate.defects.append)
        assert total.handle(Request("GET", "/api/v1/query")).status == 500
        return regrade(instance.call("conclude", {"soak_ms": MINUTE_MS})).outcome

    outcome = branch(explore)
    assert (outcome.status, outcome.owner) == (Status.VOID, Owner.WORLD)
    assert "/api/v1/query" in outcome.reason


class _Broken:
    def handle(self, request: Request) -> Response:
        raise KeyError(request.path)


def test_a_controller_that_fails_voids_the_attempt_and_owns_it() -> None:
    instance = build("scaled-to-zero", 1)
    assert _conclude(instance, None).status is Status.SCORED
    # Past admission, which would never let it in.
    metadata = {"name": "odd", "namespace": instance.estate.namespace, "uid": "u"}
    odd = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {}}
    outcome = _conclude(instance, odd)
    assert (outcome.status, outcome.owner) == (Status.VOID, Owner.WORLD)
    assert "odd" in outcome.reason
