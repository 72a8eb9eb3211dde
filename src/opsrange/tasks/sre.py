"""The SRE tasks: find out why, and put it right.

Belongs here: task definitions. Does not: loops (``agents``), rules (``scoring``), worlds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from inspect_ai import Epochs, Task, task
from inspect_ai.agent import Agent
from inspect_ai.dataset import MemoryDataset
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import Scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import SandboxEnvironmentSpec, SandboxEnvironmentType

from opsrange.agents.custom import load_agent
from opsrange.agents.loop import responder
from opsrange.agents.prompts import DIAGNOSIS, ITBENCH_AA, REPAIR
from opsrange.agents.tools import finish, report
from opsrange.agents.world_access import current_world
from opsrange.errors import OperatorError
from opsrange.knowledge.arms import Provision, provision
from opsrange.knowledge.loader import load_folder
from opsrange.knowledge.tools import document_tools, provide
from opsrange.seat.limits import SeatConfig
from opsrange.tasks.dataset import Seeds, choose_scenarios, instances, parse_seeds
from opsrange.tasks.gated import oversight
from opsrange.tasks.scorers import diagnosis, repair, repaired

Profile = Literal["opsrange", "itbench_aa"]

TURNS = 60
"""Twice what the best published agents need on such incidents."""
THINK_TIME_S = 20.0
"""What a model turn takes, as the incident sees it."""
THINK_TIME_MAX_S = 3_600.0
ITBENCH_TURNS = 100
ITBENCH_EPOCHS = 3
_DIGEST_CHARS = 8
_ANSWER_TIMEOUT_S = 600
_PROVIDER_TIMEOUT_S = 1_800
"""A provider that gives no answer for half an hour, repeats included, is gone; by default Inspect would ask for ever."""
_OUTPUT_BYTES_MAX = 400_000
"""Above what the bash tool shows of its two streams in the widest encoding, so that nothing is cut twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How attempts run, beside what they are about."""

    turns: int | None = None
    think_time_s: float = THINK_TIME_S
    profile: Profile = "opsrange"
    agent: str = ""
    """``path.py:function`` instead of the built-in loop; empty for the loop."""
    documents: Provision = field(default_factory=Provision)
    gate: str = ""
    """A gate before every tool call; empty, with the four below, for none."""
    approver: str = ""
    information: str = ""
    policy: str = ""
    """A policy file."""
    audit: str = ""
    """Where its audit trail goes."""


@solver
def page() -> Solver:
    """Fetch the page from the world and put it in place of the sample's input."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        answer = await current_world().call("page")
        state.user_prompt.text = answer["text"]
        return state

    return solve


def build(
    dataset: MemoryDataset, rules: Rules, *, instructions: str, scorers: Sequence[Scorer]
) -> Task:
    """A task over instances.

    Raises:
        OperatorError: for an unknown profile, impossible turns or think time, or an agent that cannot be loaded.
    """
    if rules.profile not in {"opsrange", "itbench_aa"}:
        raise OperatorError(
            f"asked for profile {rules.profile!r}; known are opsrange and itbench_aa"
        )
    if rules.turns is not None and rules.turns < 1:
        raise OperatorError(f"asked for {rules.turns} turns; give 1 or more")
    if not 0 <= rules.think_time_s <= THINK_TIME_MAX_S:
        raise OperatorError(
            f"asked for a think time of {rules.think_time_s:g} s; give 0 to {THINK_TIME_MAX_S:g}"
        )
    original = rules.profile == "itbench_aa"
    told = f"{ITBENCH_AA if original else instructions}{rules.documents.words}"
    overseen = oversight(rules.gate, rules.approver, rules.information, rules.policy, rules.audit)
    tools = [*document_tools(rules.documents), *overseen.tools]
    solving: Solver | Agent
    if rules.agent:
        solving = load_agent(rules.agent, think_time_s=rules.think_time_s, tools=tools)
    else:
        ending = finish() if original else report()
        solving = responder(told, ending, think_time_s=rules.think_time_s, tools=tools)
    held = _held(rules)
    return Task(
        dataset=dataset,
        version=" ".join(held.values()) or 0,
        setup=[page(), provide(rules.documents)],
        solver=solving,
        scorer=list(scorers),
        epochs=Epochs(ITBENCH_EPOCHS, "mean") if original else None,
        turn_limit=rules.turns or (ITBENCH_TURNS if original else TURNS),
        fail_on_error=False,
        approval=overseen.approval,
        config=GenerateConfig(
            max_tool_output=_OUTPUT_BYTES_MAX,
            attempt_timeout=_ANSWER_TIMEOUT_S,
            timeout=_PROVIDER_TIMEOUT_S,
        ),
        metadata={"profile": rules.profile, "think_time_s": rules.think_time_s, "held": held}
        | overseen.metadata,
    )


def _held(rules: Rules) -> dict[str, str]:
    """Digests of what the files of a task held, by its argument. Inspect compares the task's version, so an edit makes another run."""
    found: dict[str, bytes] = {}
    if rules.agent:
        found["agent"] = Path(rules.agent.rpartition(":")[0]).read_bytes()
    if rules.documents.own:
        found["docs_folder"] = "\0".join(each.text for each in rules.documents.own).encode(
            errors="replace"
        )
    if rules.policy:
        found["policy"] = Path(rules.policy).read_bytes()
    return {
        name: hashlib.sha256(content).hexdigest()[:_DIGEST_CHARS] for name, content in found.items()
    }


def _instances(scenario: str, seeds: Seeds) -> MemoryDataset:
    from opsrange.scenarios.spec import sets  # late: loads the whole estate

    def seat(name: str, seed: int) -> SandboxEnvironmentType:
        return SandboxEnvironmentSpec("opsrange", SeatConfig(scenario=name, seed=seed))

    return instances(choose_scenarios(scenario, sets()), parse_seeds(seeds), seat)


def _documents(arm: str, folder: str) -> Provision:
    """What agents get to read; one's own documents are read before anything runs."""
    return provision(arm, load_folder(Path(folder)) if folder else ())


@task
def sre_diagnosis(
    scenario: str = "core",
    seeds: Seeds = 1,
    turns: int | None = None,
    think_time_s: float = THINK_TIME_S,
    profile: Profile = "opsrange",
    agent: str = "",
    docs: str = "none",
    docs_folder: str = "",
    gate: str = "",
    approver: str = "",
    information: str = "",
    policy: str = "",
    audit: str = "",
) -> Task:
    """Name the root causes of an incident.

    Args:
        scenario: comma list of scenarios and sets: ``core``, ``knowledge``, ``all``.
        seeds: ``7``, ``1-3`` or ``1,4-6``.
        turns: most model turns; 60, or 100 under ``itbench_aa``.
        think_time_s: virtual seconds per model turn.
        profile: ``opsrange``, or ``itbench_aa`` for the original's rules.
        agent: ``path.py:function`` for an agent of one's own.
        docs: the documents an agent gets: ``none``, ``bm25``, ``shell``, ``full``, ``golden``, ``golden_decoys`` or ``stale``.
        docs_folder: documents of one's own beside the incident's.
        gate: what decides before each command runs, e.g. ``effect-class``; none when empty.
        approver: who is asked, e.g. ``terminal`` or ``informed``.
        information: what the approver is shown: ``command``, ``command+docs`` or ``diff``.
        policy: a policy file for all three.
        audit: where the gate's audit trail goes.
    """
    rules = Rules(
        turns=turns,
        think_time_s=think_time_s,
        profile=profile,
        agent=agent,
        documents=_documents(docs, docs_folder),
        gate=gate,
        approver=approver,
        information=information,
        policy=policy,
        audit=audit,
    )
    return build(
        _instances(scenario, seeds),
        rules,
        instructions=DIAGNOSIS,
        scorers=[diagnosis()],
    )


@task
def sre_repair(
    scenario: str = "core",
    seeds: Seeds = 1,
    turns: int | None = None,
    think_time_s: float = THINK_TIME_S,
    profile: Profile = "opsrange",
    agent: str = "",
    docs: str = "none",
    docs_folder: str = "",
    gate: str = "",
    approver: str = "",
    information: str = "",
    policy: str = "",
    audit: str = "",
) -> Task:
    """Restore the service without doing harm, and name the root causes.

    Args: as for :func:`sre_diagnosis`; the original has no repair, so ``itbench_aa`` is refused.
    """
    if profile == "itbench_aa":
        raise OperatorError(
            "asked for sre_repair under itbench_aa; the original only diagnoses: use sre_diagnosis"
        )
    rules = Rules(
        turns=turns,
        think_time_s=think_time_s,
        profile=profile,
        agent=agent,
        documents=_documents(docs, docs_folder),
        gate=gate,
        approver=approver,
        information=information,
        policy=policy,
        audit=audit,
    )
    return build(
        _instances(scenario, seeds),
        rules,
        instructions=REPAIR,
        scorers=[repair(), repaired(), diagnosis()],
    )
