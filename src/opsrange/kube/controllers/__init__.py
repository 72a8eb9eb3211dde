"""Controllers: one pure reconcile per module, all driven by the same loop.

Belongs here: what kube-controller-manager does. Does not: what happens on a node or for one (``kube/node``),
what the API server does in a request (``kube/admission``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsrange.kube.controllers.writes import Controller

__all__ = ["all_controllers"]


def all_controllers() -> Sequence[Controller]:
    """Every controller that needs only the store, in the order in which they see a change."""
    from opsrange.kube.controllers import (
        deployments,
        endpoints,
        garbage,
        namespaces,
        quotas,
        replica_sets,
        stateful_sets,
    )
    from opsrange.kube.node import daemon_sets, nodes, scheduler, taint_eviction

    return (
        *namespaces.CONTROLLERS,
        nodes.CONTROLLER,
        deployments.CONTROLLER,
        replica_sets.CONTROLLER,
        stateful_sets.CONTROLLER,
        daemon_sets.CONTROLLER,
        scheduler.CONTROLLER,
        taint_eviction.CONTROLLER,
        endpoints.CONTROLLER,
        endpoints.SLICES,
        *quotas.CONTROLLERS,
        garbage.CONTROLLER,
    )
