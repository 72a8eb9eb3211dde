"""An instance: scenario@seed as a living estate, paged.

Building one: install an estate, let it age, give it a healthy hour with benign changes, inject the fault, and let time
pass until an alert fires that an operator is paged for. That instant is where every attempt begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from opsrange.errors import AuthorError, WorldError
from opsrange.estates import Alert, Estate, Rates
from opsrange.faults import find
from opsrange.scenarios import background
from opsrange.scenarios.conclusion import changes, conclude, difference
from opsrange.scenarios.governance import Governance
from opsrange.scenarios.handwork import Erasures, Handwork
from opsrange.scenarios.key import answer_key
from opsrange.scenarios.outages import unharmed
from opsrange.scenarios.page import page_text
from opsrange.scenarios.replay import replay, restore, roll_back
from opsrange.scenarios.spec import Scenario, find_scenario
from opsrange.scenarios.steps import Recorder
from opsrange.scenarios.visibility import routes
from opsrange.trace import Step
from opsrange.types import HOUR_MS, MINUTE_MS, SECOND_MS, Json
from opsrange.wire import Handler, Request, Response
from opsrange.world import Kernel, Twin

_Question = tuple[int, Callable[[Estate], Json]]
_ODD_S = (15, 290)
"""Incidents do not begin on the hour."""
_PAGE_WITHIN_MS = 25 * MINUTE_MS


class Instance:
    """One incident, ready for an attempt. Satisfies ``hosting.Hosted``.

    Args:
        scenario: the template.
        seed: draws everything the template leaves open.
    """

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.seed = seed
        self.fault = find(scenario.fault)
        self.governance = Governance(scenario.rule, str(self))
        self.estate = Estate(str(self), self.governance.furnish)
        stream = self.estate.kernel.streams.stream("scenario")
        hour_ends_ms = self.estate.kernel.now_ms + HOUR_MS
        background.schedule(self.estate, stream, scenario.distractors, hour_ends_ms)
        self.estate.advance(HOUR_MS)
        self.baseline = self.estate.journey_rates(HOUR_MS // 2)
        self.estate.advance(stream.randint(*_ODD_S) * SECOND_MS)
        self.params = self.fault.draw(self.estate, stream)
        self.cause = self.fault.cause(self.estate, self.params)
        self.governance.settle(self.estate, self.params)
        self.plain = self.fault.remedy(self.estate, self.params)
        self.remedy = self.governance.remedy(self.plain)
        self.facts = self.fault.facts(self.estate, self.params)
        self.broken: list[Json] = []
        """What the fault changed."""
        self.injected_ms = 0
        self.paged_ms = 0
        self.alerts: list[Alert] = []
        self.restored = False
        """Whether the best operator has taken over, who also tells whoever must be told."""
        self._recorder: Recorder | None = None
        self._erasures: Erasures | None = None
        self.handwork = Handwork(self.estate)
        self.routes: Mapping[str, Sequence[str]] = {}
        self._twin: Twin[_Question, Json] | None = None
        self.checkpoint: Mapping[str, Json] | None = None
        """Every object at the moment to which ``rollback`` goes back."""

    # -- becoming an incident ----------------------------------------------------------------------

    def break_it(self) -> None:
        """Inject the fault and run to the page.

        Raises:
            AuthorError: when nobody would be paged, before the fault or within 25 minutes of it.
        """
        early = self.estate.paging_alerts()
        if early:
            raise AuthorError(f"{self}: already paging before the fault: {early[0].name}")
        self.injected_ms = self.estate.kernel.now_ms
        healthy = self.estate.snapshot()["objects"]
        self.fault.inject(self.estate, self.params)
        self.broken = list(difference(healthy, self.estate.snapshot()["objects"], "fault"))
        background.schedule_late(self.estate, self.estate.kernel.streams.stream("scenario.late"))
        while not self.alerts:
            if self.estate.kernel.now_ms - self.injected_ms >= _PAGE_WITHIN_MS:
                raise AuthorError(f"{self}: no alert within 25 min of injecting {self.params}")
            self.estate.advance(30 * SECOND_MS)
            self.alerts = self.estate.paging_alerts()
        self.estate.advance(MINUTE_MS)
        self.alerts = self.estate.paging_alerts() or self.alerts
        self.paged_ms = self.estate.kernel.now_ms
        self.routes = routes(self.estate, self.facts)

    # -- an attempt ----------------------------------------------------------------------------------

    @property
    def kernel(self) -> Kernel:
        """The world's only clock."""
        return self.estate.kernel

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """Endpoints by address."""
        return self.estate.handlers

    def begin(self) -> Recorder:
        """Begin the attempt, and its counterfactual with it, unless it has begun; returns its recorder."""
        if self._recorder is None:
            self._twin = Twin(self._drift)
            self._recorder = Recorder(self.estate, [*self.facts, *self.governance.facts])
            self._erasures = Erasures(self.estate)
            self.governance.begin()
        return self._recorder

    @property
    def erased(self) -> list[Json]:
        """What the agent destroyed of the record so far."""
        return [] if self._erasures is None else self._erasures.rows()

    def answered(self, address: str, request: Request, response: Response) -> None:
        """Record a request with what its answer contained."""
        self.begin().answered(address, request, response)

    def call(self, name: str, arguments: Json) -> Any:
        """Answer the runner. The names are the keys of ``_CALLS``.

        Raises:
            WorldError: for a name that is not one.
        """
        handler = _CALLS.get(name)
        if handler is None:
            raise WorldError(f"asked an instance for {name!r}; it answers {', '.join(_CALLS)}")
        return handler(self, arguments)

    def counterfactual(self, until_ms: int) -> Json:
        """The snapshot of the world at an instant had the agent done nothing, with the operations ``unharmed`` until then.

        Raises:
            WorldError: when no attempt has begun.
        """
        return self._ask_twin(until_ms, partial(_idle, self.paged_ms, self.baseline))

    def untouched(self, until_ms: int) -> Mapping[str, Json]:
        """The objects of the world at an instant had the agent done nothing, by entity.

        Raises:
            WorldError: when no attempt has begun.
        """
        return self._ask_twin(until_ms, Estate.documents)

    def _drift(self, question: _Question) -> Json:
        """In the twin: nobody does anything until an instant; then the world is looked at."""
        until_ms, look = question
        self.estate.stop_observing()
        self.estate.advance(until_ms - self.kernel.now_ms)
        return look(self.estate)

    def _ask_twin(self, until_ms: int, look: Callable[[Estate], Json]) -> Json:
        if self._twin is None:
            raise WorldError(f"{self}: asked for the counterfactual; no attempt has begun")
        return self._twin.ask((until_ms, look))

    def __str__(self) -> str:
        return f"{self.scenario.id}@{self.seed}"


def build(scenario: str, seed: int) -> Instance:
    """The instance scenario@seed at the moment of its page. Hosting's builder.

    Raises:
        OperatorError: when there is no such scenario.
        AuthorError: when the instance pages nobody.
    """
    instance = Instance(find_scenario(scenario), seed)
    instance.break_it()
    return instance


def _idle(since_ms: int, baseline: Mapping[str, Rates], estate: Estate) -> Json:
    return {**estate.snapshot(), "unharmed": unharmed(estate, since_ms, baseline)}


def _page(instance: Instance, arguments: Json) -> Json:
    return {
        "title": instance.alerts[0].name,
        "text": page_text(instance.estate, instance.alerts),
        "namespace": instance.estate.namespace,
        "paged_ms": instance.paged_ms,
        "alerts": [{"name": alert.name, "labels": dict(alert.labels)} for alert in instance.alerts],
    }


def _begin_step(instance: Instance, arguments: Json) -> Json:
    instance.begin().begin()
    instance.estate.advance(int(arguments.get("think_ms", 0)))
    return {"now_ms": instance.kernel.now_ms}


def _end_step(instance: Instance, arguments: Json) -> Json:
    outcome = dict(arguments)
    instance.estate.advance(int(outcome.pop("cost_ms", 0)))
    return instance.begin().end(outcome).model_dump(mode="json")


def _facts_in(instance: Instance, arguments: Json) -> list[str]:
    return instance.begin().facts_in(str(arguments["text"]))


def _oracle(instance: Instance, arguments: Json) -> Json:
    return answer_key(instance)


def _replay(instance: Instance, arguments: Json) -> Json:
    steps = [Step.model_validate(step) for step in arguments["steps"]]
    return {"digest": replay(instance, steps), "now_ms": instance.kernel.now_ms}


def _restore(instance: Instance, arguments: Json) -> None:
    restore(instance)


def _documents(instance: Instance, arguments: Json) -> list[Json]:
    return instance.governance.documents(str(arguments.get("arm", "full")))


def _violations(instance: Instance, arguments: Json) -> list[Json]:
    return instance.governance.violations()


def _health(instance: Instance, arguments: Json) -> Json:
    return instance.estate.health(int(arguments.get("window_ms", MINUTE_MS)))


def _checkpoint(instance: Instance, arguments: Json) -> None:
    """Remember every object, for ``rollback``. Changes nothing."""
    instance.checkpoint = instance.estate.documents()


def _rollback(instance: Instance, arguments: Json) -> None:
    """Set the named entities back to what they were at the checkpoint."""
    if instance.checkpoint is None:
        raise WorldError(f"{instance}: asked to roll back; there is no checkpoint")
    roll_back(instance, set(arguments["entities"]), instance.checkpoint)


def _labelled(alert: Alert) -> str:
    """Its labels but the one that repeats the name."""
    labels = sorted(item for item in alert.labels.items() if item[0] != "alertname")
    return f"{{{','.join(f'{key}={value}' for key, value in labels)}}}"


def _outlook(instance: Instance, arguments: Json) -> Json:
    """What ``window_ms`` from ``since_ms`` on bring. For forks: the clock moves there."""
    estate = instance.estate
    window_ms = int(arguments["window_ms"])
    estate.advance(int(arguments["since_ms"]) + window_ms - instance.kernel.now_ms)
    alerts = [f"{alert.name}{_labelled(alert)}" for alert in estate.paging_alerts()]
    return {"health": estate.health(window_ms), "alerts": alerts}


_CALLS: Mapping[str, Callable[[Instance, Json], Any]] = {
    "page": _page,
    "begin_step": _begin_step,
    "end_step": _end_step,
    "facts_in": _facts_in,
    "conclude": conclude,
    "oracle": _oracle,
    "health": _health,
    "documents": _documents,
    "violations": _violations,
    "replay": _replay,
    "restore": _restore,
    "outlook": _outlook,
    "checkpoint": _checkpoint,
    "rollback": _rollback,
    "changes": changes,
}
