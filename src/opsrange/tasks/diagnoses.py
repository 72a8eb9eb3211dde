"""Attempts to diagnose from whatever a person points at.

Belongs here: choosing the reader, choosing samples. Does not: formats (``diagnosis.readers``, ``logbook``), rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inspect_ai.log import EvalLog, EvalSample, read_eval_log

from opsrange.diagnosis.case import Attempt
from opsrange.diagnosis.diagnosis import Diagnosis
from opsrange.errors import OperatorError
from opsrange.reports.results import AttemptResult
from opsrange.tasks.attempts import attempt_of
from opsrange.tasks.logbook import agent_name, read_logs, result_of


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
        path: a folder of Inspect logs, or one log.
        sample: part of the name of those wanted; empty for all.

    Raises:
        OperatorError: when there is nothing to read, or nothing is wanted.
    """
    found = [each for each in _all(path) if sample in each.name]
    if not found:
        raise OperatorError(
            f"asked for attempts like {sample!r} in {path}; found none of that name"
        )
    return found


def _all(path: Path) -> Iterator[Diagnosed]:
    for log in read_logs(path) if path.is_dir() else [_one(path)]:
        for sample in log.samples or []:
            yield _diagnosed(log, sample)


def _diagnosed(log: EvalLog, sample: EvalSample) -> Diagnosed:
    row = result_of(log, sample)
    attempt = attempt_of(row, log, sample)
    assert row.diagnosis is not None
    epoch = f" epoch {sample.epoch}" if sample.epoch > 1 else ""
    return Diagnosed(agent_name(log), f"{sample.id}{epoch}", row, attempt, row.diagnosis)


def _one(path: Path) -> EvalLog:
    if not path.is_file():
        raise OperatorError(f"asked to diagnose {path}; there is no such file or folder")
    try:
        return read_eval_log(str(path))
    except Exception as error:
        raise OperatorError(
            f"asked to diagnose {path}; it is no Inspect log ({type(error).__name__})"
        ) from error
