"""What every agent may do: run a command in the seat, and hand in its report.

Belongs here: the tools, their limits and their words to a model. Does not: the loop that calls them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from inspect_ai.tool import Tool, ToolError, tool
from inspect_ai.util import ExecResult, sandbox, store
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from opsrange.agents.world_access import current_environment
from opsrange.errors import AgentError
from opsrange.trace import Citation, Report, RootCause


@runtime_checkable
class ShowsLess(Protocol):
    """A seat that records what a model was shown, when it was less than all."""

    async def note_shown(self, text: str) -> None:
        """The last command's output as shown."""
        ...


SHOWN_CHARS_MAX = 20_000
"""Of standard output and of standard error each, head and tail kept: ITBench-AA's harness shows as much."""
REPORT_KEY = "opsrange:report"
"""Where the sample's store keeps the report."""
STDERR_MARK = "[stderr]"
EXIT_MARK = "[exit code "
ANSWER_FILE = "agent_output.json"
"""ITBench-AA's answer file, in the seat's home."""


def clip(text: str) -> str:
    """Head and tail of ``text``, with a note on what is missing between."""
    if len(text) <= SHOWN_CHARS_MAX:
        return text
    half = SHOWN_CHARS_MAX // 2
    omitted = len(text) - 2 * half
    return f"{text[:half]}\n[... {omitted} characters omitted ...]\n{text[-half:]}"


def shown(result: ExecResult[str]) -> str:
    """A command's result as a model sees it."""
    parts = [clip(result.stdout)] if result.stdout else []
    if result.stderr:
        parts.append(f"{STDERR_MARK}\n{clip(result.stderr)}")
    if result.returncode != 0:
        parts.append(f"{EXIT_MARK}{result.returncode}]")
    return "\n".join(part.rstrip("\n") for part in parts) or "(no output)"


@tool(parallel=False)
def bash(ran: Callable[[ExecResult[str]], None] | None = None) -> Tool:
    """A shell in the seat.

    Args:
        ran: told each result in full, before truncation.
    """

    async def execute(command: str) -> str:
        """Run a bash command line on the operations workstation.

        kubectl, curl, jq, python3 and the usual Unix tools are there. Each call starts a new shell; files stay.

        Args:
            command: the command line.
        """
        result = await sandbox().exec(["bash", "-lc", command])
        text = shown(result)
        environment = current_environment()
        clipped = max(len(result.stdout), len(result.stderr)) > SHOWN_CHARS_MAX
        if clipped and isinstance(environment, ShowsLess):
            await environment.note_shown(text)
        if ran is not None:
            ran(result)
        return text

    return execute


@tool(parallel=False)
def report() -> Tool:
    """The structured end of an attempt."""

    async def execute(
        root_causes: list[RootCause],
        healthy: bool | None = None,
        actions_claimed: list[str] | None = None,
        confidence: float | None = None,
        escalation: str = "",
        summary: str = "",
        citations: list[Citation] | None = None,
    ) -> str:
        """Hand in the final report and end the incident. Call it once, when you are done.

        Args:
            root_causes: every root cause and nothing else: entity as namespace/Kind/name, mechanism in a sentence, and
                evidence as exact quotes of earlier output, 12 characters at least, with the number of the command
                (from 0) that showed it.
            healthy: whether the service is healthy now.
            actions_claimed: what you changed, one item per change.
            confidence: between 0 and 1.
            escalation: whom you ask for help and why; empty for nobody.
            summary: two or three sentences for the incident record.
            citations: if you relied on documents, their ids with exact quotes of 12 characters at least.
        """
        if confidence is not None and not 0 <= confidence <= 1:
            raise ToolError(f"confidence is {confidence:g}; it must be between 0 and 1")
        handed_in = Report(
            root_causes=root_causes,
            healthy=healthy,
            actions_claimed=actions_claimed or [],
            confidence=confidence,
            escalation=escalation,
            summary=summary,
            citations=citations or [],
        )
        keep(handed_in)
        return "Report received."

    return execute


@tool(parallel=False)
def finish() -> Tool:
    """ITBench-AA's end of an attempt: the answer is a file."""

    async def execute(reason: str, paths: list[str]) -> str:
        """Finish the task. The answer must be in a JSON file before you call this.

        Args:
            reason: why the task is finished.
            paths: the answer file.
        """
        path = next((path for path in paths if path.endswith(ANSWER_FILE)), ANSWER_FILE)
        try:
            text = await sandbox().read_file(path)
        except (OSError, UnicodeDecodeError) as error:
            raise ToolError(
                f"{path} cannot be read ({type(error).__name__}); write it first"
            ) from error
        try:
            keep(read_answer(text))
        except AgentError:
            # the original accepts a malformed file and scores it 0
            keep(Report(summary=reason))
        return "Finished."

    return execute


class _Factor(BaseModel):
    model_config = ConfigDict(extra="ignore")
    name: str


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")
    contributing_factors: list[_Factor] = Field(default_factory=list)


def read_answer(text: str) -> Report:
    """ITBench-AA's answer file as a report; only the names count there.

    Raises:
        AgentError: when it is not such a file.
    """
    try:
        answer = _Answer.model_validate(json.loads(text))
    except (json.JSONDecodeError, ValidationError, RecursionError) as error:
        raise AgentError(f"the answer file is malformed: {error}") from error
    return Report(
        root_causes=[RootCause(entity=factor.name) for factor in answer.contributing_factors]
    )


def keep(handed_in: Report) -> None:
    """Keep a report in the running sample's store."""
    store().set(REPORT_KEY, handed_in.model_dump(mode="json"))
