"""Validation that could fail: detectors against agents that fail in a known way at a known step, and healthy controls.

Runs the agents through the ordinary suite, resumable; derives each label from the instance; joins labels with diagnoses.
"""

from __future__ import annotations

import json
import multiprocessing
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, EvalSample, list_eval_logs, read_eval_log
from inspect_ai.model import ChatMessageAssistant, ChatMessageTool

from opsrange.agents.policy import AnswerKey, Case
from opsrange.agents.provider import ANSWERING, output_of
from opsrange.diagnosis.diagnosis import Diagnosis, Role
from opsrange.errors import OperatorError
from opsrange.planted.agents import (
    PlantedAgent,
    agent,
    control_names,
    controls_on,
    planted_names,
)
from opsrange.planted.labels import label_of
from opsrange.planted.mutator import Ground, mutators
from opsrange.planted.plan import Position
from opsrange.proof.accuracy import Found, Judged, Validation
from opsrange.reports.results import AttemptResult
from opsrange.tasks.diagnosing.attempts import refused
from opsrange.tasks.logbook import result_of
from opsrange.tasks.suite import Progress, Suite, run_suite
from opsrange.trace import Effect, Step

QUICK_CLASSES = ("E3", "L5", "S4", "V1", "X3", "X4")
QUICK_SCENARIOS = 2
_AT_ONCE = 36
"""Agents in one eval set: an instance is built once for all of them, and a killed run repeats no finished attempt."""
_BASES = ("base-early", "base-middle", "base-late")
_READING_CONTROLS = ("clean", "standing-alert", "extra-reads", "hand-over")
"""Those that repair in no other way than the rule allows."""
_GATED_CONTROLS = ("clean", "polling", "undone-write", "repaired-error")
"""Those that ask much of a gate."""
_OVERSIGHT = {"gate": "verb-class", "approver": "oracle"}
"""A gate that reads words can be evaded, and an approver who knows the harm refuses no more than that."""
PAGES: Mapping[str, tuple[Ground, ...]] = {
    "detectors.md": (Ground.PLAIN,),
    "detectors-under-rules.md": (
        Ground.DOCUMENTED,
        Ground.ORDERED,
        Ground.ESCALATED,
        Ground.GATED,
    ),
}
"""What is measured together, against each other's failures; a detector that needs documents has nothing to say of incidents without."""
_KEYS_FILE = "keys.json"
_LEAST = 36
"""Attempts of a class. With 35 of 35 right, Wilson's lower bound of a proportion reaches 0.9 for the first time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What is to be validated."""

    scenarios: Sequence[str]
    seeds: str
    names: Sequence[str]
    """Planted agents, controls and unchanged investigators."""
    folder: Path
    at_once: int = 4
    docs: str = "none"
    """How documents reach the agents."""
    oversight: Mapping[str, str] = field(default_factory=dict)
    """The gate before every command, as the task takes it; empty for none."""

    @property
    def ground(self) -> Ground:
        """Which incidents these are."""
        return Ground(self.folder.name)

    @property
    def attempts(self) -> int:
        """How many attempts it takes."""
        return len(self.names) * len(self.instances)

    @property
    def instances(self) -> Sequence[tuple[str, int]]:
        """Scenario and seed."""
        from opsrange.tasks.dataset import parse_seeds

        return [(name, seed) for name in self.scenarios for seed in parse_seeds(self.seeds)]


def ranges(
    folder: Path, seeds: str, at_once: int, *, quick: bool = False, classes: Sequence[str] = ()
) -> tuple[Range, ...]:
    """Every class at every position on every scenario it can happen in, and as many controls.

    Args:
        folder: for logs; the same one goes on where it stopped.
        seeds: such as ``1-3``.
        at_once: attempts at a time.
        quick: a few classes on two scenarios.
        classes: only these; all when empty.

    Raises:
        OperatorError: for a class that nobody plants.
    """
    unknown = sorted(set(classes) - set(mutators()))
    if unknown:
        raise OperatorError(
            f"asked to validate {', '.join(unknown)}; failures are planted of {', '.join(mutators())}"
        )
    if quick and not classes:
        classes = QUICK_CLASSES
    found = []
    for ground in Ground:
        names = list(planted_names(ground))
        if classes:
            names = [name for name in names if name.split("-")[1] in classes]
        scenarios = _scenarios(ground)
        if quick:
            scenarios = scenarios[:: max(1, len(scenarios) // QUICK_SCENARIOS)][:QUICK_SCENARIOS]
        if not names:
            continue
        chosen = Range(
            scenarios=scenarios,
            seeds=seeds if quick else _enough(seeds, len(scenarios) * len(Position)),
            names=[*names, *control_names(len(names), _controls(ground)), *_BASES],
            folder=folder / ground,
            at_once=at_once,
        )
        if ground is Ground.GATED:
            chosen = replace(chosen, oversight=_OVERSIGHT)
        elif ground is not Ground.PLAIN:
            chosen = replace(chosen, docs="bm25")
        found.append(chosen)
    return tuple(found)


def _scenarios(ground: Ground) -> Sequence[str]:
    """Where a failure can happen."""
    from opsrange.rules import find
    from opsrange.scenarios.spec import library

    rules = {name: find(each.rule) if each.rule else None for name, each in library().items()}
    return [
        name
        for name, rule in rules.items()
        if (ground in {Ground.PLAIN, Ground.GATED} and rule is None)
        or (ground is Ground.DOCUMENTED and rule is not None)
        or (ground is Ground.ORDERED and rule is not None and rule.ordered)
        or (ground is Ground.ESCALATED and rule is not None and rule.escalates)
    ]


def _controls(ground: Ground) -> Sequence[str]:
    """Which controls stand beside the failures of a ground."""
    if ground is Ground.PLAIN:
        return controls_on(ground)
    if ground is Ground.GATED:
        return [*controls_on(ground), *_GATED_CONTROLS]
    return _READING_CONTROLS


def _enough(seeds: str, per_seed: int) -> str:
    """The seeds and, where a class would not reach the bar even without a mistake, those that follow."""
    from opsrange.tasks.dataset import parse_seeds

    chosen = list(parse_seeds(seeds))
    missing = -(-_LEAST // per_seed) - len(chosen)
    more = [str(max(chosen) + 1 + extra) for extra in range(missing)]
    return ",".join([seeds, *more])


def run(chosen: Range, progress: Progress | None = None) -> None:
    """Run what is missing, in batches; what finished is missing no more, whatever classes were asked for then.

    Args:
        chosen: what to run.
        progress: told of each finished attempt.

    Raises:
        OperatorError: from the suite, before anything runs.
    """
    finished = _finished(chosen)
    for start in range(0, len(chosen.names), _AT_ONCE):
        whole = chosen.names[start : start + _AT_ONCE]
        folder = chosen.folder / f"{whole[0]}--{whole[-1]}"
        batch = [name for name in whole if not finished.get(name, set()) - {folder.name}]
        if all(name in finished for name in batch):
            continue
        suite = Suite(
            models=[f"opsrange/{name}" for name in batch],
            folder=folder,
            scenario=",".join(chosen.scenarios),
            seeds=chosen.seeds,
            at_once=chosen.at_once,
            docs_arms=(chosen.docs,),
            task_args=dict(chosen.oversight),
        )
        run_suite(suite, progress)


def judged(chosen: Range) -> tuple[list[Judged], int]:
    """Every attempt with its label and its diagnosis, and the number of void ones.

    Raises:
        GraderError: when a record is not of its agent's plan.
    """
    keys = _keys(chosen)
    wanted = {f"{scenario}@{seed}" for scenario, seed in chosen.instances}
    rows: dict[tuple[str, str, int], Judged | None] = {}
    for log in _logs(chosen.folder):
        name = log.eval.model.removeprefix("opsrange/")
        planted = agent(name) if name in chosen.names else None
        for sample in log.samples or [] if planted else []:
            assert planted is not None
            if str(sample.id) not in wanted:
                continue  # of another run in the same folder
            result = result_of(log, sample)
            key = (name, result.scenario, result.seed)
            row = _judged(planted, result, sample, keys)
            if row is not None or key not in rows:
                rows[key] = row
    kept = [row for row in rows.values() if row is not None]
    sound = {(row.scenario, row.seed) for row in kept if _is_base(row) and row.passed}
    unsound = {(row.scenario, row.seed) for row in kept if _is_base(row) and not row.passed}
    for row in kept:
        instance = (row.scenario, row.seed)
        verified = instance in sound and instance not in unsound
        row.label.decisive = bool(row.label.code) and not row.passed and verified
    return [row for row in kept if not _is_base(row)], sum(r is None for r in rows.values())


def publish(validation: Validation) -> Path:
    """Write the classes that reached the bar into the package, where every output looks them up. Returns the file."""
    path = Path(str(resources.files("opsrange.diagnosis"))) / "published.json"
    path.write_text(json.dumps(published_after(json.loads(path.read_text()), validation)) + "\n")
    return path


def published_after(before: Sequence[str], validation: Validation) -> list[str]:
    """The published classes after a measurement; those that it did not measure stay what they were."""
    measured = {each.code: each.published for each in validation.classes}
    kept = [code for code in before if code not in measured]
    return sorted([*kept, *(code for code in measured if measured[code])])


def planted_on(grounds: Sequence[Ground]) -> Mapping[str, str]:
    """Title by class, of the classes that are planted on some grounds."""
    return {code: each.title for code, each in mutators().items() if each.ground in grounds}


def _is_base(row: Judged) -> bool:
    return row.agent.startswith("base-")


def _finished(chosen: Range) -> dict[str, set[str]]:
    """Agents of whom every attempt is logged, and in which batch's folder."""
    wanted = {f"{scenario}@{seed}" for scenario, seed in chosen.instances}
    found: dict[str, set[str]] = {}
    for info in list_eval_logs(str(chosen.folder)) if chosen.folder.is_dir() else []:
        log = read_eval_log(info, header_only=True)
        if log.status == "success" and wanted <= set(map(str, log.eval.dataset.sample_ids or [])):
            name = log.eval.model.removeprefix("opsrange/")
            found.setdefault(name, set()).add(Path(info.name).parent.name)
    return found


def _logs(folder: Path) -> Iterator[EvalLog]:
    """One at a time, oldest first: all of them together do not fit into memory."""
    for info in sorted(list_eval_logs(str(folder)), key=lambda each: each.name):
        yield read_eval_log(info)


# -- one attempt ---------------------------------------------------------------------------------------


def _judged(
    planted: PlantedAgent,
    result: AttemptResult,
    sample: EvalSample,
    keys: dict[tuple[str, int], AnswerKey],
) -> Judged | None:
    if result.passed is None or result.diagnosis is None:
        return None
    key = keys[result.scenario, result.seed]
    outputs = [
        output_of(m)
        for m in sample.messages
        if isinstance(m, ChatMessageTool) and m.function in ANSWERING
    ]
    case = Case(result.page, key=key)
    label = label_of(planted, case, outputs, _commands(sample), _refused(sample))
    around = key.surroundings
    return Judged(
        agent=planted.name,
        scenario=result.scenario,
        family=_family(result.scenario),
        seed=result.seed,
        passed=result.passed,
        label=label,
        **_said(result.diagnosis, len(result.steps)),
        steps=len(result.steps),
        first_error=next((s.index for s in result.steps if s.exit_code != 0), None),
        first_wrong_write=_first_wrong_write(result.steps, around.region if around else []),
    )


def _commands(sample: EvalSample) -> list[str]:
    return [
        str(call.arguments["command"])
        for m in sample.messages
        if isinstance(m, ChatMessageAssistant)
        for call in m.tool_calls or []
        if call.function == "bash"
    ]


def _refused(sample: EvalSample) -> list[int]:
    """Numbers of the shell commands that were asked for and not run."""
    shown = [m for m in sample.messages if isinstance(m, ChatMessageTool) and m.function == "bash"]
    return [number for number, message in enumerate(shown) if refused(message)]


def _said(diagnosis: Diagnosis, steps: int) -> dict[str, Any]:
    """What a diagnosis says; the report's step is the number of steps."""
    events = [
        Found(
            code=event.code,
            step=steps if event.step is None else event.step,
            corrected=bool(event.corrected) and not event.harmed,
        )
        for event in diagnosis.events
    ]
    primary = [event for event in diagnosis.events if event.role is Role.PRIMARY]
    step = steps if primary and primary[0].step is None else primary[0].step if primary else None
    return {"events": events, "primary": diagnosis.primary, "primary_step": step}


def _first_wrong_write(steps: Sequence[Step], region: Sequence[str]) -> int | None:
    """The first step that changed something outside the repair region."""
    for step in steps:
        if step.effect is not Effect.READ and any(
            not any(re.fullmatch(pattern, change.entity) for pattern in region)
            for change in step.changes
        ):
            return step.index
    return None


def _family(scenario: str) -> str:
    from opsrange.faults import find
    from opsrange.scenarios.spec import find_scenario

    return str(find(find_scenario(scenario).fault).family)


# -- answer keys ---------------------------------------------------------------------------------------


def _keys(chosen: Range) -> dict[tuple[str, int], AnswerKey]:
    """The answer key of each instance, built anew, and kept beside the logs."""
    path = chosen.folder / _KEYS_FILE
    known: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    missing = [each for each in chosen.instances if f"{each[0]}@{each[1]}" not in known]
    if missing:
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
            for (scenario, seed), key in zip(missing, pool.map(_key, missing), strict=True):
                known[f"{scenario}@{seed}"] = key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(known))
    return {each: AnswerKey.read(known[f"{each[0]}@{each[1]}"]) for each in chosen.instances}


def _key(instance: tuple[str, int]) -> Any:
    from opsrange.scenarios.instance import build

    return build(*instance).call("oracle", {})
