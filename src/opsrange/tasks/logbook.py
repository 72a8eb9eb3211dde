"""Inspect logs as results: the one place that reads them.

Belongs here: from log files to ``reports.results``. Does not: judging (``scoring``), drawing (``reports``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalLog, EvalSample, list_eval_logs, read_eval_log

from opsrange import __version__
from opsrange.agents.tools import REPORT_KEY
from opsrange.errors import GraderError, OperatorError, Owner
from opsrange.knowledge.tools import ARM_KEY, TEXTS_KEY, USES_KEY
from opsrange.reports.results import AttemptResult, Results, Terms, oversight_of, results_of
from opsrange.scoring.knowledge import (
    BASELINE,
    KnowledgeSummary,
    Required,
    check_quotes,
    summarise_knowledge,
)
from opsrange.scoring.regrade import regrade
from opsrange.seat.provider import APPROVALS_KEY, STEPS_KEY, TOOLBOX_KEY
from opsrange.tasks.bounds import bounds
from opsrange.tasks.diagnosing.attempts import examined, refusals_of
from opsrange.trace import Approval, DocumentUse, Report, Step
from opsrange.types import Json

_FOUND_CHARS = 200


def read_logs(folder: Path) -> list[EvalLog]:
    """Every log below a folder, oldest first.

    Raises:
        OperatorError: when there is none, or one cannot be read.
    """
    found = list_eval_logs(str(folder)) if folder.exists() else []
    if not found:
        raise OperatorError(
            f"asked for the logs in {folder}; found none; run `opsrange run` or `opsrange demo` first"
        )
    logs = []
    for info in sorted(found, key=lambda item: item.name):
        try:
            logs.append(read_eval_log(info))
        except Exception as error:
            raise OperatorError(
                f"asked for the log {info.name}; found {type(error).__name__}: {error}; remove it or restore it"
            ) from error
    return logs


def results_from(logs: Sequence[EvalLog]) -> Results:
    """Collect attempts by agent and conditions, judged anew from their evidence. A sample that a later log repeats counts once.

    Args:
        logs: oldest first.
    """
    rows: dict[_Line, dict[tuple[str, int], AttemptResult]] = {}
    toolbox: dict[str, str] = {}
    for log in logs:
        for sample in log.samples or []:
            toolbox = toolbox or sample.store.get(TOOLBOX_KEY, {})
            row = result_of(log, sample)
            found = rows.setdefault(_line_of(row), {})
            key = (str(sample.id), row.epoch)
            if key not in found or row.void_owner is None:  # a killed copy never hides a judged one
                found[key] = row
    lines = {line: list(attempts.values()) for line, attempts in rows.items()}
    labels = _labels(lines)
    named: dict[str, Sequence[AttemptResult]] = {
        labels[line]: attempts for line, attempts in lines.items()
    }
    results = results_of(named, __version__, toolbox)
    results.knowledge = _knowledge(lines)
    results.oversight = oversight_of(row for attempts in lines.values() for row in attempts)
    results.oversight.bounds = bounds(row for attempts in lines.values() for row in attempts)
    return results


class _Line(NamedTuple):
    """Under other conditions an agent is another line of the leaderboard."""

    agent: str
    """And the gate it worked under."""
    arm: str
    task: str
    terms: Terms


def _line_of(row: AttemptResult) -> _Line:
    return _Line(f"{row.agent}{_under(row)}", row.docs_arm or BASELINE, row.task, row.terms)


def _under(row: AttemptResult) -> str:
    """The gate under which an attempt was made, as a line of the leaderboard says it."""
    if not row.gate:
        return ""
    asked = f" ({row.approver}, {row.information})" if row.approver and row.gate != "none" else ""
    return f", gate {row.gate}{asked}"


def _labels(lines: Iterable[_Line]) -> dict[_Line, str]:
    """What the leaderboard calls each line. Of task and terms it says what not all of them share."""
    told = {line: _words(line) for line in lines}
    common = set.intersection(*map(set, told.values())) if told else set()
    return {
        line: ", ".join([_under_arm(line), *(word for word in words if word not in common)])
        for line, words in told.items()
    }


def _under_arm(line: _Line) -> str:
    return line.agent if line.arm == BASELINE else f"{line.agent}, docs {line.arm}"


def _words(line: _Line) -> list[str]:
    return [f"task {line.task.rpartition('/')[2]}", *line.terms.words()]


def _knowledge(lines: Mapping[_Line, Sequence[AttemptResult]]) -> list[KnowledgeSummary]:
    """What documents were worth to each agent that worked under more than one arm, all else being equal."""
    arms: dict[_Line, list[Sequence[AttemptResult]]] = {}
    for line, attempts in lines.items():
        arms.setdefault(line._replace(arm=BASELINE), []).append(attempts)
    compared = {line: each for line, each in arms.items() if len(each) > 1}
    labels = _labels(compared)
    return [
        summarise_knowledge(
            labels[line], [row.documented() for attempts in compared[line] for row in attempts]
        )
        for line in sorted(compared, key=labels.__getitem__)
    ]


def agent_name(log: EvalLog) -> str:
    """The name a leaderboard shows: the model, or the agent of one's own."""
    own = log.eval.task_args.get("agent")
    model = log.eval.model.removeprefix("opsrange/").removeprefix("openai-api/")
    if not own:
        return model
    return str(own) if model.startswith("none") else f"{own} ({model})"


def result_of(log: EvalLog, sample: EvalSample) -> AttemptResult:
    """One sample as a result, judged anew and diagnosed.

    Raises:
        OperatorError: when what the log holds has not the form in which attempts are recorded.
    """
    try:
        row = _recorded(log, sample)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        found = " ".join(str(error).split())[:_FOUND_CHARS]
        raise OperatorError(
            f"asked for attempt {sample.id} in {log.location}; its record has another form than this version's: {found}"
        ) from error
    _judge(row, sample)
    lost = next((each for each in row.approvals if each.lost), None)
    if lost is not None and row.void_owner is None:
        row.void_owner, row.void_reason = Owner.WORLD, lost.reason
    row.diagnosis = examined(row, log, sample)
    return row


def _recorded(log: EvalLog, sample: EvalSample) -> AttemptResult:
    """What a sample holds, not yet judged."""
    metadata = sample.metadata or {}
    row = AttemptResult(
        scenario=str(metadata.get("scenario") or str(sample.id).partition("@")[0]),
        seed=int(metadata.get("seed") or 0),
        epoch=sample.epoch,
        agent=agent_name(log),
        task=log.eval.task,
        terms=_terms(log),
        page=_page(sample),
        steps=[Step.model_validate(step) for step in sample.store.get(STEPS_KEY, [])],
        turns=sum(1 for message in sample.messages if message.role == "assistant"),
        tokens=sum(usage.total_tokens for usage in sample.model_usage.values()),
        cost_usd=_cost(sample),
        wall_s=sample.total_time,
        log=Path(log.location).name,
        agent_failure=str(metadata.get("agent_failure") or ""),
    )
    row.approvals = [Approval.model_validate(each) for each in sample.store.get(APPROVALS_KEY, [])]
    row.gate, row.approver, row.information = _oversight(log, row.approvals)
    row.documents = [DocumentUse.model_validate(use) for use in sample.store.get(USES_KEY, [])]
    row.docs_arm = str(log.eval.task_args.get("docs") or sample.store.get(ARM_KEY, ""))
    handed_in = sample.store.get(REPORT_KEY)
    row.report = Report.model_validate(handed_in) if handed_in else None
    if row.report:
        told = "\n".join([row.page, *refusals_of(sample)])
        row.cited = check_quotes(row.report, row.steps, sample.store.get(TEXTS_KEY, {}), told)
    return row


def _terms(log: EvalLog) -> Terms:
    told, asked = log.eval.metadata or {}, log.eval.task_args
    held = told.get("held") or {}
    return Terms(
        profile=str(told.get("profile") or ""),
        turns=log.eval.config.turn_limit,
        think_time_s=told.get("think_time_s"),
        agent_file=held.get("agent", ""),
        docs_folder=_with_digest(asked.get("docs_folder"), held.get("docs_folder")),
        policy=_with_digest(asked.get("policy"), held.get("policy")),
    )


def _with_digest(path: str | None, digest: str | None) -> str:
    """A path, and what was there."""
    return f"{path} ({digest})" if path and digest else path or ""


def _oversight(log: EvalLog, approvals: Sequence[Approval]) -> tuple[str, str, str]:
    """Gate, approver and information: as the task says, else, under a policy file of Inspect's, as the decisions do."""
    told = log.eval.metadata or {}
    asked = next((each for each in approvals if each.prompted), None)
    return (
        str(told.get("gate") or (approvals[0].gate if approvals else "")),
        str(told.get("approver") or (asked.approver if asked else "")),
        str(told.get("information") or (asked.information if asked else "")),
    )


def _judge(row: AttemptResult, sample: EvalSample) -> None:
    """Fill in the verdict, or who owns its absence."""
    for metadata in _score_metadata(sample):
        if "evidence" in metadata:
            try:
                row.verdict = regrade(metadata["evidence"])
                row.paged_ms = metadata["evidence"]["times"]["paged_ms"]
                row.required = _required(metadata["evidence"])
            except GraderError as error:
                row.void_owner, row.void_reason = Owner.GRADER, str(error)
                return
            if not row.verdict.outcome.scored:
                row.void_owner, row.void_reason = (
                    row.verdict.outcome.owner,
                    row.verdict.outcome.reason,
                )
            return
        outcome = metadata.get("outcome")
        if outcome and outcome.get("status") == "void":
            row.void_owner, row.void_reason = Owner(outcome["owner"]), outcome["reason"]
    if row.void_owner is None:
        row.void_owner = Owner.MODEL if _model_failed(sample) else Owner.WORLD
        row.void_reason = (
            sample.error.message if sample.error else "the attempt ended without evidence"
        )


def _model_failed(sample: EvalSample) -> bool:
    """Whether the attempt broke off because its last model call failed."""
    calls = [event for event in sample.events if isinstance(event, ModelEvent)]
    if sample.error is None or not calls:
        return False
    return bool(calls[-1].error) or not calls[-1].output.choices


def _required(evidence: Json) -> Required | None:
    """What the instance's rule asked for."""
    known = evidence.get("knowledge")
    if not known:
        return None
    violations = evidence["changes"].get("violations", [])
    return Required(
        governing=known["governing"],
        superseded=known["superseded"],
        decoys=known["decoys"],
        broken=bool(violations),
        followed_stale=any(violation["stale"] for violation in violations),
        escalate_to=known["escalation_to"] if known["must_escalate"] else "",
    )


def _score_metadata(sample: EvalSample) -> Iterator[dict[str, Any]]:
    for score in (sample.scores or {}).values():
        yield score.metadata or {}


def _page(sample: EvalSample) -> str:
    """What the agent was told: the first user message, which the page has replaced when the attempt started."""
    return next((message.text for message in sample.messages if message.role == "user"), "")


def _cost(sample: EvalSample) -> float | None:
    costs = [getattr(usage, "total_cost", None) for usage in sample.model_usage.values()]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known else None
