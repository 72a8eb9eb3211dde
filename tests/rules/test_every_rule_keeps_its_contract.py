"""What must hold of every rule, tried on each scenario that has one; a new rule is tried without a line changed here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from opsrange.errors import AuthorError, WorldError
from opsrange.faults import Remedy, find, normal
from opsrange.rules.conduct import Conduct
from opsrange.scenarios.governance import ARMS, Governance
from opsrange.scenarios.spec import find_scenario, library, parse
from opsrange.types import Json


def plain(scenario: str, governance: Governance) -> Remedy:
    setting = governance.setting
    return find(find_scenario(scenario).fault).remedy(setting.estate, setting.fault)


def texts(governance: Governance, arm: str) -> list[str]:
    return [normal(document["body"]) for document in governance.documents(arm)]


def knowledge(governance: Governance) -> Json:
    found = governance.knowledge()
    assert found is not None
    return found


def test_the_look_alike_has_the_same_fault_and_no_rule(scenario: str) -> None:
    found = find_scenario(scenario)
    assert found.look_alike is not None
    other = find_scenario(found.look_alike)
    assert other.fault == found.fault
    assert other.rule is None


def test_a_rule_without_its_look_alike_is_refused() -> None:
    text = "{id: x, title: X, summary: X, fault: scaled_to_zero, difficulty: easy, rule: drain_before_rollout}"
    with pytest.raises(AuthorError, match="given together"):
        parse(text, "x.yaml")


def test_what_is_drawn_is_plain_data_and_changes_nothing(governance: Governance) -> None:
    setting = governance.setting
    before = setting.estate.kernel.journal.digest
    governance.settle(setting.estate, setting.fault)
    assert governance.setting.rule == setting.rule
    assert json.loads(json.dumps(setting.rule)) == setting.rule
    assert setting.estate.kernel.journal.digest == before


def test_only_the_documents_in_force_tell_the_rule(governance: Governance) -> None:
    assert governance.rule is not None
    facts = governance.rule.facts(governance.setting)
    told = [fact.id for fact in facts if any(map(fact.within, texts(governance, "golden")))]
    leaked = [fact.id for fact in facts if any(map(fact.within, texts(governance, "stale")))]
    assert told == [fact.id for fact in facts]
    assert leaked == []


def test_older_documents_are_older(governance: Governance) -> None:
    dates = {document["id"]: document["date"] for document in governance.documents("full")}
    known = knowledge(governance)
    assert known["decoys"]
    newest = max(dates[name] for name in known["superseded"])
    assert newest < min(dates[name] for name in known["governing"])


def test_each_arm_holds_what_its_name_says(governance: Governance) -> None:
    known = knowledge(governance)
    ids = {arm: {doc["id"] for doc in governance.documents(arm)} for arm in ARMS}
    assert ids["none"] == set()
    assert ids["full"] == ids["bm25"] == ids["shell"]
    assert ids["golden"] == {*known["governing"]}
    assert ids["golden_decoys"] == {*known["governing"], *known["decoys"]}
    assert ids["stale"] == ids["full"] - {*known["governing"]}
    with pytest.raises(WorldError, match="arms are"):
        governance.documents("oracle")


def test_documents_carry_no_role(governance: Governance) -> None:
    keys = {frozenset(document) for document in governance.documents("full")}
    assert keys == {frozenset({"id", "title", "kind", "owner", "date", "body"})}


def test_no_document_betrays_what_is_broken(scenario: str, governance: Governance) -> None:
    setting = governance.setting
    facts = find(find_scenario(scenario).fault).facts(setting.estate, setting.fault)
    words = {word for each in library().values() for word in (each.id, each.fault, each.rule)}
    for text in texts(governance, "full"):
        assert not [fact.id for fact in facts if fact.within(text)]
        assert not [word for word in words if word and word in text]
        assert not re.search(
            r"opsrange|benchmark|oracle|scenario|superseded|decoy", text, re.IGNORECASE
        )


def test_the_informed_repair_is_not_the_plain_one(scenario: str, governance: Governance) -> None:
    simple = plain(scenario, governance)
    informed = governance.remedy(simple)
    assert (informed.commands, governance.escalation) != (
        governance.uninformed(simple).commands,
        "",
    )
    assert {*simple.region} <= {*informed.region}
    assert all(re.compile(pattern) for pattern in informed.region)


def test_who_has_done_nothing_yet_has_broken_nothing(governance: Governance) -> None:
    assert governance.rule is not None
    conduct = Conduct(governance.setting.estate)
    assert list(governance.rule.violations(governance.setting, conduct)) == []


def test_another_seed_is_another_rule(
    scenario: str, governed: Callable[[str, int], Governance]
) -> None:
    assert governed(scenario, 1).setting.rule != governed(scenario, 2).setting.rule
