"""Inspect samples as attempts to diagnose: what was said between commands, how it ended, which budget it had.

Belongs here: from a sample to ``diagnosis.case.Attempt``. Does not: results (``logbook``), rules (``diagnosis``).
"""

from __future__ import annotations

from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import ChatMessageAssistant, ChatMessageTool

from opsrange.diagnosis.attribution import diagnose
from opsrange.diagnosis.case import Attempt, Ending
from opsrange.diagnosis.diagnosis import Diagnosis, Note
from opsrange.diagnosis.readers.shell_tools import SHELL_TOOLS
from opsrange.errors import Owner
from opsrange.reports.results import AttemptResult
from opsrange.scoring.evidence import Evidence, read_evidence

_DOCUMENT_TOOLS = frozenset({"search_docs", "open_doc"})
_NOT_RUN = frozenset({"approval", "parsing", "cancelled"})
"""Inspect's errors of calls that never reached their tool."""


def attempt_of(row: AttemptResult, log: EvalLog, sample: EvalSample) -> Attempt:
    """One sample as an attempt.

    Args:
        row: its result, the diagnosis aside.
        log: that holds it.
        sample: as recorded.
    """
    return Attempt(
        steps=row.steps,
        report=row.report,
        evidence=_evidence(sample),
        verdict=row.verdict,
        passed=row.passed,
        void_owner=row.void_owner,
        void_reason=row.void_reason,
        task=row.task,
        page=row.page,
        instructions=next((m.text for m in sample.messages if m.role == "system"), ""),
        documents=row.documents,
        docs_arm=row.docs_arm,
        document_texts=_document_texts(sample),
        approvals=row.approvals,
        refusals=refusals_of(sample),
        turns=row.turns,
        turn_limit=_turn_limit(log),
        prose=_prose(sample),
        ending=_ending(row, sample),
    )


def refused(message: ChatMessageTool) -> bool:
    """Whether a call was answered without being run: a gate or the tool's schema refused it. It is no step."""
    return message.error is not None and message.error.type in _NOT_RUN


def examined(row: AttemptResult, log: EvalLog, sample: EvalSample) -> Diagnosis:
    """The diagnosis of one sample. Whatever breaks in it is ours, is noted, and loses nothing else."""
    try:
        return diagnose(attempt_of(row, log, sample))
    except Exception as error:  # noqa: BLE001  # a diagnosis must not lose the attempt it is about
        note = Note(detector="N5", text=f"{type(error).__name__}: {error}")
        return Diagnosis(outcome="unjudged", why="The diagnosis itself failed.", notes=[note])


def _evidence(sample: EvalSample) -> Evidence | None:
    for score in (sample.scores or {}).values():
        found = (score.metadata or {}).get("evidence")
        if found:
            return read_evidence(found)
    return None


def _turn_limit(log: EvalLog) -> int | None:
    limit = getattr(log.eval.config, "turn_limit", None)
    return int(limit) if limit else None


def _prose(sample: EvalSample) -> dict[int, str]:
    """What was said before each command, by the command's number."""
    found: dict[int, str] = {}
    step = 0
    for message in sample.messages:
        if isinstance(message, ChatMessageAssistant):
            if message.text.strip():
                found[step] = message.text
        elif (
            isinstance(message, ChatMessageTool)
            and message.function in SHELL_TOOLS
            and not refused(message)
        ):
            step += 1
    return found


def _document_texts(sample: EvalSample) -> list[str]:
    return [
        message.text
        for message in sample.messages
        if isinstance(message, ChatMessageTool) and message.function in _DOCUMENT_TOOLS
    ]


def refusals_of(sample: EvalSample) -> list[str]:
    """What was shown for calls that were refused."""
    return [
        f"{message.error.message}\n{message.text}".strip()
        for message in sample.messages
        if isinstance(message, ChatMessageTool) and message.error and refused(message)
    ]


def _ending(row: AttemptResult, sample: EvalSample) -> Ending:
    if row.report is not None:
        return Ending.REPORT
    if sample.limit is not None:
        return Ending.LIMIT
    if row.void_owner not in {None, Owner.AGENT}:
        return Ending.FAILURE
    return Ending.STOPPED
