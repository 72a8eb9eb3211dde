"""While a service starts, a consumer of its data must be stopped; it comes back once the service answers."""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Iterable, Sequence

from opsrange.corpus import Enterprise, Kind, Sheet
from opsrange.faults import Fact, Remedy
from opsrange.faults.workloads import deployment, workload_region
from opsrange.rules.acts import ages, inserted, replaces_pods
from opsrange.rules.conduct import Breach, Conduct, Deed
from opsrange.rules.rule import Paper, Role, Rule, Setting
from opsrange.types import SECOND_MS, Json

_CONSUMERS = ("accounting", "fraud-detection")
_HARMS = (
    "books the orders of the last hour a second time",
    "takes the first answers for deletions and empties its own table",
    "marks all open orders as suspicious",
    "closes its day early, and the sums do not agree",
)


def _draw(setting: Setting, stream: random.Random) -> Json:
    first, second = stream.sample(_CONSUMERS, 2)
    return {
        "stopped": first,
        "old_stopped": second,
        "replicas": {
            name: deployment(setting.estate, name)["spec"]["replicas"] for name in _CONSUMERS
        },
        "wait_s": stream.randrange(35, 80, 5),
        "old_wait_s": stream.randrange(10, 30, 5),
        "harm": stream.choice(_HARMS),
        **ages(stream),
    }


def _runbook(around: Enterprise, service: str, drawn: Json, age_days: int) -> Sheet:
    stopped = drawn["stopped"]
    return Sheet(
        kind=Kind.RUNBOOK,
        title=f"Starting {service} again after an outage",
        team=around.owners[service],
        age_days=age_days,
        lead=(
            f"The order in which things start matters for {service}, also when only a setting of it is corrected or a"
            f" release is taken back: {stopped} must not run while {service} starts."
        ),
        points=(
            f"Scale {stopped} to zero and write down how many replicas it had.",
            f"Wait {drawn['wait_s']} seconds, so that {stopped} has let go of what it had begun.",
            f"Now do what brings {service} back.",
            f"Wait until {service} answers again.",
            f"Scale {stopped} to what it was. It catches up by itself within minutes.",
        ),
        notes=(
            f"When {service} starts beside a running {stopped}, {stopped} {drawn['harm']}. Nobody notices before the next morning.",
            "The other consumers of the queue may keep running.",
        ),
    )


def _documents(setting: Setting, stream: random.Random) -> Iterable[Paper]:
    rule, around, service = setting.rule, setting.around, setting.fault["service"]
    yield Paper(Role.GOVERNING, _runbook(around, service, rule, rule["age_days"]))
    former = {**rule, "stopped": rule["old_stopped"], "wait_s": rule["old_wait_s"]}
    yield Paper(Role.SUPERSEDED, _runbook(around, service, former, rule["old_age_days"]))
    yield Paper(
        Role.SUPERSEDED,
        Sheet(
            kind=Kind.ARCHITECTURE,
            title=f"Is there a start-up order for {service}?",
            team=around.owners[service],
            age_days=rule["old_age_days"] + stream.randint(15, 60),
            lead=f"{service} was made so that it can start at any time and beside anything.",
            points=(
                "Every client tries again until it is answered.",
                f"{' and '.join(_CONSUMERS)} read from the queue and do not care whether {service} is there.",
                "There is no order to keep, neither after an outage nor after a release.",
            ),
            notes=("An order would have to be remembered by people, and people forget.",),
        ),
    )


def _echoes(around: Enterprise, services: Sequence[str], stream: random.Random) -> Sequence[Sheet]:
    others = [name for name in services if name not in _CONSUMERS]
    first, second, third = stream.sample(others, 3)
    drawn = {
        "stopped": second,
        "wait_s": stream.randrange(35, 80, 5),
        "harm": stream.choice(_HARMS),
    }
    return (
        _runbook(around, first, drawn, stream.randint(5, 400)),
        Sheet(
            kind=Kind.RUNBOOK,
            title=f"Starting {third} again after an outage",
            team=around.owners[third],
            age_days=stream.randint(5, 400),
            lead=f"{third} has no order to keep. It may be started beside anything that runs.",
            points=(
                f"Do what brings {third} back, whatever it is.",
                "Expect a minute of slow answers while connections are opened.",
                "Watch the callers; they recover by themselves and need no restart.",
            ),
            notes=("Restarting callers only makes it last longer.",),
        ),
    )


def _in_order(setting: Setting, plain: Remedy, stopped: str, wait_s: int) -> Remedy:
    kubectl = f"kubectl -n {setting.namespace}"
    scale = f"{kubectl} scale deployment/{stopped} --replicas="
    return dataclasses.replace(
        plain,
        commands=inserted(
            plain.commands,
            "rollout undo",
            before=(f"{scale}0", f"sleep {wait_s}"),
            after=(
                f"{scale}{setting.rule['replicas'][stopped]}",
                f"{kubectl} rollout status deployment/{stopped} --timeout=180s",
            ),
        ),
        region=(*plain.region, *workload_region(setting.namespace, *_CONSUMERS)),
    )


def _violations(setting: Setting, conduct: Conduct) -> Iterable[Breach]:
    rule, service, stopped = setting.rule, setting.fault["service"], setting.rule["stopped"]
    entity = f"{setting.namespace}/Deployment/{stopped}"
    since: dict[str, int] = {}
    for deed in conduct.deeds:
        for name in _CONSUMERS:
            if deed.entity == f"{setting.namespace}/Deployment/{name}":
                if _replicas(deed) == 0:
                    since.setdefault(name, deed.instant_ms)
                else:
                    since.pop(name, None)
                    if name == stopped and not deed.ready.get(service):
                        why = f"it was started before {service} answered"
                        yield Breach(entity, why, deed.instant_ms, early=True)
        if replaces_pods(deed, setting.namespace, service):
            waited_ms = deed.instant_ms - since.get(stopped, deed.instant_ms)
            if waited_ms < rule["wait_s"] * SECOND_MS:
                why = f"it was started again with {stopped} stopped for {waited_ms // SECOND_MS} s; {rule['wait_s']} s are asked for"
                stale = rule["old_stopped"] in since
                yield Breach(deed.entity, why, deed.instant_ms, stale=stale, early=True)
                break
    if conduct.ended:
        now = setting.estate.operator.find("deployments", setting.namespace, stopped)
        if now is None or now["spec"]["replicas"] < rule["replicas"][stopped]:
            yield Breach(entity, "it was left stopped", conduct.now_ms)


def _replicas(deed: Deed) -> int:
    return int((deed.new or {}).get("spec", {}).get("replicas", 0))


def _facts(setting: Setting) -> tuple[Fact, ...]:
    rule, service = setting.rule, setting.fault["service"]
    return (
        Fact("who-must-stop", (rf"{rule['stopped']} must not run while {service} starts",)),
        Fact(
            "how-long", (rf"Wait {rule['wait_s']} seconds, so that {re.escape(rule['stopped'])}",)
        ),
    )


RULE = Rule(
    title="Start-up order of a service and a consumer",
    draw=_draw,
    documents=_documents,
    echoes=_echoes,
    remedy=lambda setting, plain: _in_order(
        setting, plain, setting.rule["stopped"], setting.rule["wait_s"]
    ),
    outdated=lambda setting, plain: _in_order(
        setting, plain, setting.rule["old_stopped"], setting.rule["old_wait_s"]
    ),
    violations=_violations,
    facts=_facts,
    ordered=True,
)
