"""Durable state: what each datastore holds, on which instance, and what was lost with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from opsrange.apps.definition import Definition, Store
from opsrange.apps.ports import Instance
from opsrange.apps.topology import Edge, Node, Topology


@dataclass(slots=True)
class Holding:
    """The content of one store."""

    service: str
    store: str
    items: float
    holder_uid: str = ""
    """The pod holding it now or, while none runs, the last one that did."""
    holder_restart: int = 0
    lost: float = 0.0
    """Items that went with an instance, in total."""


@dataclass(slots=True)
class Queue:
    """One topic: everything appended, and how far each consumer group has read."""

    produced: float = 0.0
    arrivals_per_s: float = 0.0
    consumed: dict[str, float] = field(default_factory=dict)


class Stores:
    """All durable state of an application.

    Args:
        definition: says what is held where and what it outlives.
    """

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self.data: dict[tuple[str, str], Holding] = {}
        """By (service, store)."""
        self.queues: dict[str, Queue] = {}
        self._edges: list[tuple[Edge, Holding, float]] = []
        self._producers: list[tuple[Edge, Queue]] = []
        self._consumers: list[tuple[Node, Queue]] = []
        for name, service in definition.services.items():
            for store, part in service.stores.items():
                self.data[name, store] = Holding(name, store, float(part.seed))
            for operation in service.operations.values():
                if operation.consumes:
                    queue = self.queues.setdefault(operation.consumes, Queue())
                    queue.consumed[name] = 0.0
        seeds = [
            part.seed
            for service in definition.services.values()
            for store, part in service.stores.items()
            if store == "messages"
        ]
        for queue in self.queues.values():
            queue.produced = float(sum(seeds))
            queue.consumed = dict.fromkeys(queue.consumed, queue.produced)

    def hold(self, instances: Sequence[Instance]) -> None:
        """Notice which instances hold the stores now; content whose holder is gone for good is lost."""
        for holding in self.data.values():
            policy = self._definition.services[holding.service].stores[holding.store]
            holders = [each for each in instances if each.workload == holding.service]
            if not holders:
                continue  # whether it is lost shows when somebody opens the store again
            same = next((each for each in holders if each.uid == holding.holder_uid), None)
            holder = same or holders[0]
            if holding.holder_uid and _loses(policy, holding, holder):
                holding.lost += holding.items
                holding.items = 0.0
                if holding.store == "messages":
                    for queue in self.queues.values():
                        queue.produced = 0.0
                        queue.consumed = dict.fromkeys(queue.consumed, 0.0)
            holding.holder_uid, holding.holder_restart = holder.uid, holder.restart

    def bind(self, topology: Topology) -> None:
        """Prepare for a new topology."""
        self._edges, self._producers, self._consumers = [], [], []
        for node in topology.nodes:
            if node.operation.consumes:
                self._consumers.append((node, self.queues[node.operation.consumes]))
            for edge in node.edges:
                for store, amount in edge.call.keeps.items():
                    self._edges.append((edge, self.data[edge.call.to, store], amount))
                if edge.call.produces:
                    self._producers.append((edge, self.queues[edge.call.produces]))

    def demand(self) -> None:
        """Set the consumers' rates from what waits for them."""
        for node, queue in self._consumers:
            lag = max(0.0, queue.produced - queue.consumed[node.cohort.name])
            ceiling = node.operation.rate_max * node.rate_factor * len(node.cohort.instances)
            node.rate = min(ceiling, queue.arrivals_per_s + lag / 20)

    def settle(self, step_s: float) -> None:
        """Apply what the step's calls stored, appended and consumed."""
        for edge, holding, amount in self._edges:
            done = edge.rate * (1 - edge.error) * step_s * amount
            holding.items = max(0.0, holding.items + done)
        for holding in self.data.values():
            expiry_s = self._definition.services[holding.service].stores[holding.store].expiry_s
            if expiry_s:
                holding.items *= 1 - step_s / expiry_s
        for queue in self.queues.values():
            queue.arrivals_per_s = 0.0
        for edge, queue in self._producers:
            rate = edge.rate * (1 - edge.error)
            queue.arrivals_per_s += rate
            queue.produced += rate * step_s
        for node, queue in self._consumers:
            group = node.cohort.name
            done = queue.consumed[group] + node.rate * (1 - node.error) * step_s
            queue.consumed[group] = min(queue.produced, done)

    def lags(self) -> dict[str, float]:
        """Messages each consumer group has yet to read."""
        return {
            group: queue.produced - consumed
            for queue in self.queues.values()
            for group, consumed in queue.consumed.items()
        }


def _loses(policy: Store, holding: Holding, holder: Instance) -> bool:
    if policy.survives == "volume":
        return False
    if holder.uid != holding.holder_uid:
        return True
    return policy.survives == "nothing" and holder.restart != holding.holder_restart
