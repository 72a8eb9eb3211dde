"""Many attempts as one resumable run: Inspect's eval set, quietly, with progress told to whoever asks.

Killing the process loses no finished attempt: each is flushed to its log as it ends, and the same call with the same folder
runs only what is missing.

Belongs here: driving Inspect. Does not: printing (``cli``), results (``logbook``).
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval_set
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.hooks import Hooks, SampleEnd, hooks
from inspect_ai.log import EvalLog
from inspect_ai.model import GenerateConfig, get_model

from opsrange.errors import OperatorError
from opsrange.tasks import sre

Progress = Callable[[str], None]
"""Told the sample's id whenever an attempt has ended."""

PROTOCOL = "openai-api/"
"""Inspect's provider for servers of others that speak OpenAI's protocol."""
_FIRST_RETRIES = 2
_FIRST_TIMEOUT_S = 180
"""Long enough for a server that loads its model at the first request."""
_LINE_CHARS = 300

_listeners: list[Progress] = []


@hooks(
    name="opsrange_progress", description="Tells opsrange's own progress bar of finished attempts."
)
class _ProgressHooks(Hooks):
    def enabled(self) -> bool:
        return bool(_listeners)

    async def on_sample_end(self, data: SampleEnd) -> None:
        for listener in _listeners:
            listener(str(data.sample.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """What is to be run."""

    models: Sequence[str]
    """Inspect model names; ``opsrange/oracle`` and the like are scripted."""
    folder: Path
    """Where the logs go; the same folder resumes."""
    scenario: str = "core"
    seeds: str = "1"
    task: str = "sre_repair"
    epochs: int | None = None
    """Repeats of each instance; as many as the profile has when none are asked for."""
    at_once: int = 4
    """Attempts at a time."""
    docs_arms: Sequence[str] = ("none",)
    """Documents that agents get; every attempt is made once under each."""
    task_args: dict[str, Any] = field(default_factory=dict)
    conditions: Sequence[Mapping[str, Any]] = ({},)
    """Further arguments of the task; every attempt is made once under each."""
    model_args: dict[str, Any] = field(default_factory=dict)
    model_base_url: str | None = None

    @property
    def repeats(self) -> int:
        """How often each instance is run."""
        original = self.task_args.get("profile") == "itbench_aa"
        if original:
            return sre.ITBENCH_EPOCHS
        return 1 if self.epochs is None else self.epochs


def prepare(suite: Suite) -> list[Task]:
    """The tasks of a suite, with everything checked that can be checked before anything runs.

    Raises:
        OperatorError: for an unknown task, scenario, seed, model or arm, for more or fewer epochs than the profile has, for
            documents that cannot be read, and for a model that does not answer; it is asked unless the folder shows that it
            was before.
    """
    factory = {"sre_repair": sre.sre_repair, "sre_diagnosis": sre.sre_diagnosis}.get(suite.task)
    if factory is None:
        raise OperatorError(f"asked for task {suite.task!r}; known are sre_repair, sre_diagnosis")
    if suite.epochs not in {None, suite.repeats}:
        raise OperatorError(
            f"asked for {suite.epochs} epochs; the rules of {suite.task_args['profile']} are {suite.repeats}; leave --epochs away"
        )
    # Inspect greets on standard output, which is ours.
    with contextlib.redirect_stdout(io.StringIO()):
        for name in suite.models:
            _known(name, suite)
    tasks = [
        factory(
            scenario=suite.scenario, seeds=suite.seeds, docs=arm, **suite.task_args, **condition
        )
        for arm in dict.fromkeys(suite.docs_arms)
        for condition in suite.conditions
    ]
    if not any(suite.folder.glob("*.eval")):
        for name in suite.models:
            _answers(name, suite)
    return tasks


def run_suite(
    suite: Suite, progress: Progress | None = None, tasks: Sequence[Task] | None = None
) -> list[EvalLog]:
    """Run what is missing of a suite and return the logs of all of it.

    Args:
        suite: what to run.
        progress: told of each finished attempt.
        tasks: of the suite, when they are already prepared.

    Raises:
        OperatorError: as :func:`prepare` does, before anything runs.
        KeyboardInterrupt: when it was interrupted; what had finished is in the logs.
    """
    tasks = prepare(suite) if tasks is None else tasks
    if progress is not None:
        _listeners.append(progress)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            _, logs = eval_set(
                tasks=list(tasks),
                log_dir=str(suite.folder),
                model=[_provided(name, suite) for name in suite.models],
                model_base_url=suite.model_base_url,
                model_args=suite.model_args,
                epochs=suite.repeats,
                max_samples=suite.at_once,
                # side by side, so that an instance is built once for all of them
                max_tasks=len(suite.models) * len(tasks),
                max_sandboxes=suite.at_once,
                retry_attempts=1,
                log_buffer=1,
                log_dir_allow_dirty=True,
                fail_on_error=False,
                display="none",
                score_display=False,
            )
    finally:
        if progress is not None:
            _listeners.remove(progress)
    whole = len(logs) == len(suite.models) * len(tasks)
    if not whole or any(log.status == "cancelled" for log in logs):
        raise KeyboardInterrupt  # Inspect swallows it; what was to follow must not run
    return logs


def _known(name: str, suite: Suite) -> None:
    """Refuse a model that cannot be had before anything runs.

    Raises:
        OperatorError: with Inspect's own reason.
    """
    try:
        get_model(_provided(name, suite), base_url=suite.model_base_url, **suite.model_args)
    except (ValueError, ImportError, PrerequisiteError) as error:
        raise OperatorError(f"asked for model {name!r}; Inspect says: {_line(error)}") from error


def _provided(name: str, suite: Suite) -> str:
    """The name by which Inspect finds the right provider.

    Its provider for OpenAI takes every name it does not know for OpenAI's newest model, and calls an API that other
    servers do not have. Another one is for servers that only speak the protocol.
    """
    other_server = suite.model_base_url and name.startswith("openai/")
    return f"{PROTOCOL}{name}" if other_server else name


def _answers(name: str, suite: Suite) -> None:
    """Ask a model for a word, so that a wrong key or address is said now and not by every attempt.

    Raises:
        OperatorError: with what came back.
    """
    if name.startswith(("opsrange/", "none/", "mockllm/")):
        return
    model = get_model(
        _provided(name, suite), base_url=suite.model_base_url, memoize=False, **suite.model_args
    )
    config = GenerateConfig(
        max_retries=_FIRST_RETRIES, timeout=_FIRST_TIMEOUT_S, attempt_timeout=_FIRST_TIMEOUT_S
    )

    async def ask() -> None:
        async with model:
            output = await model.generate("Answer with one word: ready?", config=config)
        if not output.choices:
            raise ValueError("an answer without a choice")

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            asyncio.run(ask())
    except Exception as caught:  # noqa: BLE001 - providers raise what they like
        last = getattr(caught, "last_attempt", None)  # of a request that was repeated
        error = (last and last.exception()) or caught
        where = f" at {suite.model_base_url}" if suite.model_base_url else ""
        raise OperatorError(
            f"asked model {name!r}{where} for a first word; found: {_line(error)}"
        ) from error


def _line(error: BaseException) -> str:
    """What an exception says, in one line without markup."""
    text = re.sub(r"\[/?\w+\]", "", " ".join(str(error).split()))
    return text[:_LINE_CHARS] or type(error).__name__
