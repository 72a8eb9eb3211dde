"""Attempts to diagnose from whatever a person points at.

Belongs here: choosing the reader, choosing samples. Does not: formats (``diagnosis.readers``, ``logbook``), rules.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from inspect_ai.log import EvalLog, EvalSample, list_eval_logs, read_eval_log

from opsrange.diagnosis.attribution import diagnose
from opsrange.diagnosis.case import Attempt
from opsrange.diagnosis.diagnosis import Diagnosis
from opsrange.diagnosis.readers.files import is_inspect_log, transcripts_in
from opsrange.diagnosis.readers.messages import transcript_of
from opsrange.diagnosis.readers.transcript import Transcript, attempt_from
from opsrange.diagnosis.replay import glimpsed, replayed
from opsrange.errors import OperatorError
from opsrange.hosting import Stable
from opsrange.reports.results import AttemptResult
from opsrange.seat.limits import BUILDER
from opsrange.seat.provider import STEPS_KEY
from opsrange.tasks.diagnosing.attempts import attempt_of
from opsrange.tasks.logbook import agent_name, result_of

_TEXT_SUFFIXES = ("*.json", "*.jsonl")


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """One attempt with its diagnosis."""

    agent: str
    name: str
    result: AttemptResult
    attempt: Attempt
    diagnosis: Diagnosis


def diagnosed(path: Path, sample: str = "") -> list[Diagnosed]:
    """Every attempt at a path, diagnosed.

    Args:
        path: a folder, or one file.
        sample: part of the name of those wanted; empty for all.

    Raises:
        OperatorError: when there is nothing to read, or nothing is wanted.
    """
    if not path.exists():
        raise OperatorError(f"asked to diagnose {path}; there is no such file or folder")
    found = list(_in_folder(path) if path.is_dir() else _in_file(path))
    wanted = [each for each in found if sample in f"{each.agent} {each.name}"]
    if not found:
        raise OperatorError(
            f"asked to diagnose {path}; its logs hold no finished attempt; the command that wrote them goes on where it stopped"
        )
    if not wanted:
        there = ", ".join(sorted({each.name for each in found})[:8]) or "nothing"
        raise OperatorError(f"asked for attempts like {sample!r} in {path}; found {there}")
    return wanted


def with_replay(found: Sequence[Diagnosed], *, runbook: bool = True) -> list[Diagnosed]:
    """The same attempts after copies of their worlds have been asked.

    Args:
        found: attempts of this project's own worlds; others stay as they are.
        runbook: whether the answer key's commands are tried beside the expert.
    """

    async def ask() -> list[Diagnosed]:
        try:
            return [await _replayed(each, runbook=runbook) for each in found]
        finally:
            await (await Stable.open(BUILDER)).close()

    return asyncio.run(ask())


async def _replayed(each: Diagnosed, *, runbook: bool) -> Diagnosed:
    if each.attempt.evidence is None or not each.attempt.traced:
        return each
    replay = await replayed(each.attempt, runbook=runbook)
    diagnosis = diagnose(each.attempt, replay)
    for fact, words in (await glimpsed(each.attempt, diagnosis.funnel)).items():
        path = next(path for path in diagnosis.funnel if path.id == fact)
        path.would_show = words
    each.result.diagnosis = diagnosis
    return dataclasses.replace(each, diagnosis=diagnosis)


def _in_folder(folder: Path) -> Iterator[Diagnosed]:
    logs = list_eval_logs(str(folder))
    if logs:
        for info in sorted(logs, key=lambda item: item.name):
            yield from _samples(_read(info.name, "auto"))
        return
    files = sorted(path for suffix in _TEXT_SUFFIXES for path in folder.glob(suffix))
    if not files:
        raise OperatorError(f"asked to diagnose {folder}; found no log and no transcript in it")
    for file in files:
        yield from _in_file(file)


def _in_file(path: Path) -> Iterator[Diagnosed]:
    if form := is_inspect_log(path):
        yield from _samples(_read(str(path), form))
    else:
        for transcript in transcripts_in(path):
            yield _foreign(transcript)


def _read(name: str, form: str) -> EvalLog:
    try:
        return read_eval_log(name, format=cast("Literal['eval', 'json', 'auto']", form))
    except Exception as error:
        raise OperatorError(
            f"asked to diagnose {name}; it is no whole Inspect log ({type(error).__name__}); restore it, or leave it out"
        ) from error


def _samples(log: EvalLog) -> Iterator[Diagnosed]:
    for sample in log.samples or []:
        epoch = f" epoch {sample.epoch}" if sample.epoch > 1 else ""
        name = f"{sample.id}{epoch}"
        if STEPS_KEY not in sample.store and not _ours(log):
            messages = [message.model_dump() for message in sample.messages]
            transcript = transcript_of(name, messages)
            transcript.agent = log.eval.model
            yield _foreign(transcript)
        else:
            yield _own(log, sample, name)


def _ours(log: EvalLog) -> bool:
    return log.eval.task.startswith("opsrange/")


def _own(log: EvalLog, sample: EvalSample, name: str) -> Diagnosed:
    row = result_of(log, sample)
    assert row.diagnosis is not None
    return Diagnosed(agent_name(log), name, row, attempt_of(row, log, sample), row.diagnosis)


def _foreign(transcript: Transcript) -> Diagnosed:
    attempt = attempt_from(transcript)
    diagnosis = diagnose(attempt)
    row = AttemptResult(
        scenario=transcript.name,
        seed=0,
        page=attempt.page,
        report=attempt.report,
        steps=list(attempt.steps),
        turns=attempt.turns,
        diagnosis=diagnosis,
    )
    return Diagnosed(transcript.agent or "agent", transcript.name, row, attempt, diagnosis)
