"""Before its pods are replaced, a service is taken out of rotation by an annotation, for a time."""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Iterable, Sequence

from opsrange.corpus import Enterprise, Kind, Sheet
from opsrange.faults import Fact, Remedy
from opsrange.rules.acts import ages, annotated, inserted, replaces_pods
from opsrange.rules.conduct import Breach, Conduct
from opsrange.rules.rule import Paper, Role, Rule, Setting
from opsrange.types import SECOND_MS, Json

_SYSTEMS = ("edge", "traffic", "rotation", "sessions", "gateway")
_VERBS = ("drain", "lame-duck", "quiesce", "hold", "set-aside")
_TOKENS = ("graceful", "amber", "slow", "blue", "calm", "quiet", "plan")


def _token(stream: random.Random) -> str:
    return f"{stream.choice(_TOKENS)}-{stream.randint(11, 98)}"


def _drawn(stream: random.Random) -> Json:
    return {
        "key": f"{stream.choice(_SYSTEMS)}.corp.example/{stream.choice(_VERBS)}",
        "token": _token(stream),
        "wait_s": stream.randrange(45, 100, 5),
    }


def _draw(setting: Setting, stream: random.Random) -> Json:
    drawn = _drawn(stream)
    old = drawn["token"]
    while old == drawn["token"]:
        old = _token(stream)
    return {
        **drawn,
        "old_token": old,
        "old_wait_s": stream.randrange(10, 40, 5),
        **ages(stream),
    }


def _runbook(around: Enterprise, service: str, drawn: Json, age_days: int) -> Sheet:
    key, token, wait_s = drawn["key"], drawn["token"], drawn["wait_s"]
    return Sheet(
        kind=Kind.RUNBOOK,
        title=f"Rolling out or restarting {service}",
        team=around.owners[service],
        age_days=age_days,
        lead=(
            f"Use this whenever pods of {service} are replaced: a release, a rollback, a restart, a changed environment."
            f" Its clients hold long sessions that do not survive a pod, so {service} is taken out of rotation first."
        ),
        points=(
            f"Annotate the Service object {service} in {around.namespace} with {key}={token}. The gateways watch for it.",
            f"Wait {wait_s} seconds; in that time the sessions move away one after the other.",
            "Only then do the change itself, whatever it is that replaces the pods.",
            "Wait until the rollout is complete.",
            f"Remove the annotation from the Service {service} again. While it is there no new session is opened.",
        ),
        notes=(
            "Without the first two steps orders in open sessions are lost, and nothing says so.",
            "The gateways know no other value of the annotation; with another value nothing is drained.",
        ),
    )


def _documents(setting: Setting, stream: random.Random) -> Iterable[Paper]:
    service, rule = setting.fault["service"], setting.rule
    team = setting.around.owners[service]
    yield Paper(Role.GOVERNING, _runbook(setting.around, service, rule, rule["age_days"]))
    former = {**rule, "token": rule["old_token"], "wait_s": rule["old_wait_s"]}
    yield Paper(Role.SUPERSEDED, _runbook(setting.around, service, former, rule["old_age_days"]))
    yield Paper(
        Role.SUPERSEDED,
        Sheet(
            kind=Kind.CHAT,
            title=f"{team.channel}: restarting {service}",
            team=team,
            age_days=rule["old_age_days"] + stream.randint(20, 40),
            lead=f"about restarting {service}",
            points=(
                f"do I have to prepare anything before I restart {service}?",
                "no, the pods go one by one and clients reconnect",
                "so a plain rollout is fine?",
                "yes, any time",
            ),
        ),
    )


def _echoes(around: Enterprise, services: Sequence[str], stream: random.Random) -> Sequence[Sheet]:
    first, second = stream.sample(list(services), 2)
    return (
        _runbook(around, first, _drawn(stream), stream.randint(5, 400)),
        Sheet(
            kind=Kind.RUNBOOK,
            title=f"Rolling out or restarting {second}",
            team=around.owners[second],
            age_days=stream.randint(5, 400),
            lead=f"Use this whenever pods of {second} are replaced. Its clients open a connection for each call, so that nothing is lost.",
            points=(
                "Look at the number of replicas; with a single one there is a short gap, which callers bridge by trying again.",
                "Do the change and watch the rollout to its end.",
                "Compare the error rate of the callers before and after.",
            ),
            notes=(f"{second} needs no draining. Do not carry over the steps of other services.",),
        ),
    )


def _with_drain(setting: Setting, plain: Remedy, token: str, wait_s: int) -> Remedy:
    service, key = setting.fault["service"], setting.rule["key"]
    annotate = f"kubectl -n {setting.namespace} annotate service {service}"
    return dataclasses.replace(
        plain,
        commands=inserted(
            plain.commands,
            f"{setting.fault['variable']}=",
            before=(f"{annotate} {key}={token}", f"sleep {wait_s}"),
            after=(f"{annotate} {key}-",),
        ),
        region=(*plain.region, rf"{setting.namespace}/Service/{service}"),
    )


def _violations(setting: Setting, conduct: Conduct) -> Iterable[Breach]:
    service, rule = setting.fault["service"], setting.rule
    since_ms: int | None = None
    entity = f"{setting.namespace}/Service/{service}"
    value = None
    for deed in conduct.deeds:
        if deed.entity == entity:
            value = annotated(deed.new).get(rule["key"])
            if value != rule["token"]:
                since_ms = None
            elif since_ms is None:
                since_ms = deed.instant_ms
        elif replaces_pods(deed, setting.namespace, service):
            waited_ms = 0 if since_ms is None else deed.instant_ms - since_ms
            if waited_ms < rule["wait_s"] * SECOND_MS:
                why = f"its pods were replaced after {waited_ms // SECOND_MS} s of draining; {rule['wait_s']} s are asked for"
                stale = value == rule["old_token"]
                yield Breach(deed.entity, why, deed.instant_ms, stale=stale, early=True)
                break
    if conduct.ended and rule["key"] in annotated(
        setting.estate.operator.find("services", setting.namespace, service)
    ):
        yield Breach(entity, "it was left out of rotation", conduct.now_ms)


def _facts(setting: Setting) -> tuple[Fact, ...]:
    rule = setting.rule
    return (
        Fact("drain-annotation", (re.escape(f"{rule['key']}:{rule['token']}"),)),
        Fact("drain-time", (setting.fault["service"], rf"\b{rule['wait_s']} seconds")),
    )


RULE = Rule(
    title="Drain before the pods of a service are replaced",
    draw=_draw,
    documents=_documents,
    echoes=_echoes,
    remedy=lambda setting, plain: _with_drain(
        setting, plain, setting.rule["token"], setting.rule["wait_s"]
    ),
    outdated=lambda setting, plain: _with_drain(
        setting, plain, setting.rule["old_token"], setting.rule["old_wait_s"]
    ),
    violations=_violations,
    facts=_facts,
    ordered=True,
)
