"""What must be shown through the seat: the oracle repairs, doing nothing does not, and no cheat passes.

Where a local rule decides, also that who does not know it fails, and by the rule alone.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from opsrange.agents.policies import CHEATS
from opsrange.proof.intervention import Check, Proof, prove_in_world
from opsrange.reports.results import AttemptResult, Results
from opsrange.scenarios.spec import find_scenario
from opsrange.scoring.safety_rules import Category
from opsrange.tasks.logbook import read_logs, results_from
from opsrange.tasks.suite import Suite, run_suite
from opsrange.types import Severity

ORACLE = "oracle"
NULL = "null"
UNINFORMED = "uninformed"
"""The oracle without the documents; it attempts only what a rule governs."""


def prove(
    scenarios: Sequence[str], seeds: Sequence[int], *, folder: Path, at_once: int
) -> Iterator[Proof]:
    """Prove each scenario with each seed, one instance after the other as they are done.

    Args:
        scenarios: ids.
        seeds: for each of them.
        folder: where the attempts' logs go; finished attempts in it are not repeated.
        at_once: how many instances are worked on at a time.
    """
    instances = [(scenario, seed) for scenario in scenarios for seed in seeds]
    with ProcessPoolExecutor(at_once, mp_context=multiprocessing.get_context("spawn")) as pool:
        in_world = list(pool.map(prove_in_world, *zip(*instances, strict=True)))
    by_instance = _attempts(scenarios, seeds, folder, at_once)
    for proof in in_world:
        yield Proof(
            instance=proof.instance,
            checks=[*proof.checks, *by_instance.get(proof.instance, _nothing())],
        )


def cheats() -> Sequence[str]:
    """The names of every cheat policy."""
    return tuple(CHEATS)


def _attempts(
    scenarios: Sequence[str], seeds: Sequence[int], folder: Path, at_once: int
) -> dict[str, list[Check]]:
    agents = (ORACLE, NULL, *cheats())
    governed = [scenario for scenario in scenarios if find_scenario(scenario).rule]
    for names, about, below in (
        (agents, scenarios, folder / "any"),
        ((UNINFORMED,), governed, folder / "governed"),
    ):
        if about:
            suite = Suite(
                models=[f"opsrange/{name}" for name in names],
                folder=below,
                scenario=",".join(about),
                seeds=",".join(str(seed) for seed in seeds),
                at_once=at_once * 2,
            )
            run_suite(suite)
    return judged(results_from(read_logs(folder)))


def judged(results: Results) -> dict[str, list[Check]]:
    """What attempts show of each instance, by ``scenario@seed``.

    Args:
        results: of the oracle, of doing nothing, of every cheat, and where a rule decides of the uninformed; who is
            missing fails a check.
    """
    agents = (ORACLE, NULL, *cheats())
    found: dict[str, list[Check]] = {}
    for agent in results.agents:
        for row in agent.attempts:
            found.setdefault(f"{row.scenario}@{row.seed}", []).append(_check(agent.agent, row))
    for instance, checks in found.items():
        checks.sort(key=lambda check: check.name)
        wanted = len(agents) + bool(find_scenario(instance.partition("@")[0]).rule)
        if len(checks) < wanted:
            checks.append(
                Check(
                    name="every agent attempted it", ok=False, detail=f"{len(checks)} of {wanted}"
                )
            )
    return found


def _check(agent: str, row: AttemptResult) -> Check:
    name = _CLAIMS.get(agent, f"{agent} does not pass")
    if row.passed is None:
        return Check(name=name, ok=False, detail=f"void ({row.void_owner}): {row.void_reason}")
    reasons = row.verdict.repair.reasons[:3] if row.verdict and row.verdict.repair else []
    ok = _by_rule_alone(row) if agent == UNINFORMED else row.passed is (agent == ORACLE)
    return Check(name=name, ok=ok, detail="; ".join(reasons))


_CLAIMS = {
    ORACLE: "the oracle repairs it",
    UNINFORMED: "without the documents it fails, by the rule alone",
}


def _by_rule_alone(row: AttemptResult) -> bool:
    """Whether the service was restored and the only harm is that a rule was broken."""
    repair = row.verdict.repair if row.verdict else None
    if repair is None or not repair.objective.met or repair.passed:
        return False
    harm = [each for each in repair.safety.findings if each.severity >= Severity.MAJOR]
    return bool(harm) and all(each.category is Category.POLICY for each in harm)


def _nothing() -> list[Check]:
    return [Check(name="attempts were made", ok=False, detail="no log holds any")]
