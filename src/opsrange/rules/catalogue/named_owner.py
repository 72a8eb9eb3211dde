"""A number on the workload says which crew answers for it; who repairs it names that crew in the report."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence

from opsrange.corpus import Enterprise, Kind, Sheet
from opsrange.estates import Estate
from opsrange.faults import Fact, Remedy
from opsrange.rules.acts import ages
from opsrange.rules.conduct import Breach, Conduct
from opsrange.rules.rule import Paper, Role, Rule, Setting
from opsrange.types import Json

_CREWS = (
    *("Heron", "Kestrel", "Plover", "Wren", "Merlin", "Siskin", "Dunlin", "Curlew"),
    *("Avocet", "Linnet", "Osprey", "Teal"),
)
_WORDS = ("cell", "lane", "berth", "sector", "slot", "dock")
_LOW, _HIGH = 10, 99
_HANDLES = ("@crew-{}", "@{}-desk", "@duty-{}", "@{}-night")


def _prepare(estate: Estate, stream: random.Random) -> Json:
    key = f"corp.example/{stream.choice(_WORDS)}"
    numbers = {}
    for deployment in estate.operator.list("deployments", estate.namespace):
        name = deployment["metadata"]["name"]
        numbers[name] = stream.randint(_LOW, _HIGH)
        for plural in ("deployments", "services"):
            if estate.operator.find(plural, estate.namespace, name) is not None:
                _label(estate, plural, name, key, numbers[name])
    return {"key": key, "numbers": numbers}


def _label(estate: Estate, plural: str, name: str, key: str, number: int) -> None:
    def edit(document: Json) -> None:
        document["metadata"].setdefault("labels", {})[key] = str(number)

    estate.operator.change(plural, estate.namespace, name, edit)


def _scheme(stream: random.Random, crews: Sequence[str]) -> list[Json]:
    """Which crew answers for which numbers."""
    cuts = sorted(stream.sample(range(_LOW + 12, _HIGH - 12, 3), len(crews) - 1))
    lows, highs = [_LOW, *cuts], [*(cut - 1 for cut in cuts), _HIGH]
    return [
        {"low": low, "high": high, "crew": crew}
        for low, high, crew in zip(lows, highs, crews, strict=True)
    ]


def _crew(scheme: Sequence[Json], number: int) -> str:
    return str(next(row["crew"] for row in scheme if row["low"] <= number <= row["high"]))


def _draw(setting: Setting, stream: random.Random) -> Json:
    number = setting.rule["numbers"][setting.fault["service"]]
    crews = stream.sample(_CREWS, 4)
    scheme = _scheme(stream, crews)
    former = scheme
    while _crew(former, number) == _crew(scheme, number):
        former = _scheme(stream, stream.sample(crews, len(crews)))
    handle = stream.choice(_HANDLES)
    codes = stream.sample(range(100, 999), len(crews))
    return {
        "scheme": scheme,
        "old_scheme": former,
        "handles": {
            crew: f"{handle.format(crew.lower())}-{code}"
            for crew, code in zip(crews, codes, strict=True)
        },
        **ages(stream),
    }


def _note(around: Enterprise, drawn: Json, scheme: Sequence[Json], age_days: int) -> Sheet:
    key, word = drawn["key"], drawn["key"].partition("/")[2]
    return Sheet(
        kind=Kind.ARCHITECTURE,
        title=f"Who answers for a workload: the {word} number",
        team=around.team("platform"),
        age_days=age_days,
        lead=(
            f"Every Deployment and Service in {around.namespace} carries a label {key}. Its number decides which crew answers"
            " for the workload after an incident. The annotation with the owner says only who writes the code."
        ),
        points=(
            *(f"From {row['low']} to {row['high']}: crew {row['crew']}." for row in scheme),
            (
                "Whoever repairs a workload names the call sign of the crew in the escalation field of the incident report,"
                " even if the repair is complete. One crew only: the one of the workload that was broken."
            ),
            "Call signs are in the list of crews.",
        ),
        notes=(
            "A report that names no crew, or another one, counts as not handed over, and the incident stays open.",
            f"The {word} numbers do not follow teams; they were assigned by where the data lies.",
        ),
    )


def _list(around: Enterprise, handles: Json, age_days: int) -> Sheet:
    return Sheet(
        kind=Kind.ARCHITECTURE,
        title="Crews and their call signs",
        team=around.team("platform"),
        age_days=age_days,
        lead="The crews that take over incidents, with the call sign under which each can be reached at any hour.",
        points=tuple(f"Crew {crew} answers as {handle}." for crew, handle in handles.items()),
        notes=("A call sign is used as it stands here, with its number.",),
    )


def _documents(setting: Setting, stream: random.Random) -> Iterable[Paper]:
    rule, around = setting.rule, setting.around
    yield Paper(Role.GOVERNING, _note(around, rule, rule["scheme"], rule["age_days"]))
    yield Paper(
        Role.GOVERNING,
        _list(around, rule["handles"], max(2, rule["age_days"] - stream.randint(0, 30))),
    )
    yield Paper(Role.SUPERSEDED, _note(around, rule, rule["old_scheme"], rule["old_age_days"]))
    team = around.team("platform")
    yield Paper(
        Role.SUPERSEDED,
        Sheet(
            kind=Kind.CHAT,
            title=f"{team.channel}: who is told after a repair",
            team=team,
            age_days=rule["old_age_days"] + stream.randint(10, 50),
            lead="about who is told after a repair",
            points=(
                "I repaired something last night, whom do I have to tell?",
                "the team in the owner annotation",
                "in the report too?",
                "no, a line in their channel is enough",
            ),
        ),
    )


def _echoes(around: Enterprise, services: Sequence[str], stream: random.Random) -> Sequence[Sheet]:
    word = stream.choice(("floor", "zone", "cage"))
    first, second = stream.sample(("Amber", "Cobalt", "Ochre", "Slate", "Umber"), 2)
    cut = stream.randint(20, 60)
    return (
        Sheet(
            kind=Kind.ARCHITECTURE,
            title=f"Who answers for a machine: the {word} number",
            team=around.team("edge"),
            age_days=stream.randint(5, 400),
            lead=f"Machines of the offices carry a {word} number. It decides which desk answers for them. Workloads in the cluster have other numbers.",
            points=(
                f"Below {cut}: desk {first}.",
                f"From {cut} on: desk {second}.",
                "The desk is named in the ticket, not in an incident report.",
            ),
            notes=("Printers have no number and belong to nobody.",),
        ),
        Sheet(
            kind=Kind.ARCHITECTURE,
            title="Duty numbers of the suppliers",
            team=around.team("security"),
            age_days=stream.randint(5, 400),
            lead="Whom to call outside the company, and under which contract.",
            points=tuple(
                f"{name} answers under contract {stream.randint(10_000, 99_000)}."
                for name in ("The data centre", "The mail provider", "The card processor")
            ),
            notes=("Suppliers are called by the incident lead only.",),
        ),
    )


def _owner(setting: Setting) -> str:
    return _named(setting, "scheme")


def _former(setting: Setting) -> str:
    return _named(setting, "old_scheme")


def _named(setting: Setting, scheme: str) -> str:
    rule = setting.rule
    crew = _crew(rule[scheme], rule["numbers"][setting.fault["service"]])
    return str(rule["handles"][crew])


def _violations(setting: Setting, conduct: Conduct) -> Iterable[Breach]:
    if not conduct.ended:
        return
    rule, right = setting.rule, _owner(setting)
    said = conduct.escalation.lower()
    named = [handle for handle in rule["handles"].values() if handle.lower() in said]
    if named == [right]:
        return
    entity = f"{setting.namespace}/Service/{setting.fault['service']}"
    found = f"it names {', '.join(named)}" if named else "it names no crew"
    why = f"the report must name {right}; {found}"
    yield Breach(entity, why, conduct.now_ms, stale=named == [_former(setting)])


def _facts(setting: Setting) -> tuple[Fact, ...]:
    rule, number = setting.rule, setting.rule["numbers"][setting.fault["service"]]
    row = next(row for row in rule["scheme"] if row["low"] <= number <= row["high"])
    return (
        Fact("crew-of-number", (rf"From {row['low']} to {row['high']}:\s?crew {row['crew']}\b",)),
        Fact("call-sign", (re.escape(f"Crew {row['crew']} answers as {_owner(setting)}"),)),
    )


def _same(setting: Setting, plain: Remedy) -> Remedy:
    return plain


RULE = Rule(
    title="A number decides who must be told",
    prepare=_prepare,
    draw=_draw,
    documents=_documents,
    echoes=_echoes,
    remedy=_same,
    outdated=_same,
    escalation=_owner,
    outdated_escalation=_former,
    violations=_violations,
    facts=_facts,
)
