"""An agent of one's own: ``path.py:function``.

Two forms. A factory without required arguments that returns an Inspect solver or agent is used as it is. A plain function
``agent(page, run) -> dict`` gets the page's text and a ``run(command)`` whose result has ``stdout``, ``stderr`` and
``exit_code``, and returns a report; it works through the same tools as any model. Where documents are searched,
``run.search_docs(query)`` and ``run.open_doc(id)`` give their text; where they are handed over, they follow the page.

Belongs here: loading and adapting foreign code. Does not: the command line.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio.from_thread
import anyio.to_thread
from inspect_ai.agent import Agent, as_solver, is_agent
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    execute_tools,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool, ToolCall
from inspect_ai.util import ExecResult, registry_info
from pydantic import ValidationError

from opsrange.agents.tools import bash, keep
from opsrange.agents.world_access import think
from opsrange.errors import AgentError, OperatorError
from opsrange.trace import Report


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did, in full."""

    stdout: str
    stderr: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Run:
    """What a plain agent works with: ``run("kubectl get pods")``."""

    call: Callable[[str, dict[str, Any]], Ran]
    """Calls a tool by name, from the agent's thread."""

    def __call__(self, command: str) -> Ran:
        """Run a command line."""
        return self.call("bash", {"command": command})

    def search_docs(self, query: str, limit: int = 5) -> Ran:
        """Search the documents; fails where they are not searched."""
        return self.call("search_docs", {"query": query, "limit": limit})

    def open_doc(self, id: str, part: int = 1) -> Ran:  # noqa: A002  # what it is called everywhere
        """Show a document; fails where there is none of that id."""
        return self.call("open_doc", {"id": id, "part": part})


PlainAgent = Callable[[str, Run], dict[str, Any]]


def load_agent(reference: str, *, think_time_s: float, tools: Sequence[Tool] = ()) -> Solver:
    """The solver behind ``path.py:function``.

    Args:
        reference: file and function.
        think_time_s: virtual seconds before each command of a plain function.
        tools: of a plain function, beside the shell.

    Raises:
        OperatorError: when there is no such file or function, or it has neither form.
    """
    path_text, separator, name = reference.rpartition(":")
    path = Path(path_text)
    if not separator or not path_text.endswith(".py") or not name:
        raise OperatorError(f"asked for agent {reference!r}; expected path.py:function")
    if not path.is_file():
        raise OperatorError(f"asked for agent {reference!r}; there is no file {path_text}")
    function = getattr(_module(path), name, None)
    if function is None or not callable(function):
        raise OperatorError(f"asked for agent {reference!r}; {path_text} has no function {name}")
    required = _required_arguments(function)
    if required == 0:
        return _from_factory(reference, function)
    if required == 2 and not inspect.iscoroutinefunction(function):
        return plain_agent(function, name, think_time_s, tools)
    raise OperatorError(
        f"asked for agent {reference!r}; {name} takes {required} arguments; expected agent(page, run) -> dict, "
        "or a factory without arguments that returns an Inspect solver or agent"
    )


def _module(path: Path) -> object:
    spec = importlib.util.spec_from_file_location(f"opsrange_agent_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise OperatorError(f"asked for agent file {path}; Python cannot load it")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # foreign code may do anything while loading
        raise OperatorError(
            f"asked for agent file {path}; loading it failed: {type(error).__name__}: {error}"
        ) from error
    return module


def _required_arguments(function: Callable[..., Any]) -> int:
    return sum(
        parameter.default is parameter.empty
        and parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}
        for parameter in inspect.signature(function).parameters.values()
    )


def _from_factory(reference: str, factory: Callable[[], Any]) -> Solver:
    try:
        made = factory()
    except (Exception, SystemExit) as error:  # foreign code
        raise OperatorError(
            f"asked for agent {reference!r}; making it failed: {type(error).__name__}: {error}"
        ) from error
    if is_agent(made):
        agent: Agent = made
        return as_solver(agent)
    if callable(made):
        with contextlib.suppress(ValueError):  # raised for what Inspect never registered
            if registry_info(made).type == "solver":
                found: Solver = made
                return found
    raise OperatorError(
        f"asked for agent {reference!r}; it returned {type(made).__name__}, not an Inspect solver or agent"
    )


@solver
def plain_agent(
    function: PlainAgent, name: str, think_time_s: float, tools: Sequence[Tool] = ()
) -> Solver:
    """A plain function as a solver. Its own exceptions are the agent's; those of the tools keep their owner."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        results: list[ExecResult[str]] = []
        failures: list[Exception] = []
        mine = [bash(results.append), *tools]

        async def call(tool: str, arguments: dict[str, Any]) -> Ran:
            results.clear()
            await think(think_time_s)
            asked = ToolCall(id=f"call-{len(state.messages)}", function=tool, arguments=arguments)
            state.messages.append(ChatMessageAssistant(content="", tool_calls=[asked], model=name))
            try:
                answers, _ = await execute_tools(state.messages, mine)
            except Exception as error:
                failures.append(error)
                raise
            state.messages.extend(answers)
            if results:
                return Ran(results[0].stdout, results[0].stderr, results[0].returncode)
            [answer] = answers
            if isinstance(answer, ChatMessageTool) and answer.error:
                return Ran(answer.text, answer.error.message, 1)
            return Ran(answer.text, "", 0)

        run = Run(lambda tool, arguments: anyio.from_thread.run(call, tool, arguments))
        told = "\n\n".join(m.text for m in state.messages if isinstance(m, ChatMessageUser))
        try:
            answer = await anyio.to_thread.run_sync(_ending_alone, function, told, run)
            keep(_report(answer))
        except Exception as error:
            if failures:
                raise failures[0] from error
            state.metadata["agent_failure"] = f"{type(error).__name__}: {error}"
        return state

    return solve


def _ending_alone(function: PlainAgent, told: str, run: Run) -> object:
    """Call foreign code; what would end its program (``sys.exit``) ends its attempt and not the whole run."""
    try:
        return function(told, run)
    except (KeyboardInterrupt, SystemExit) as end:
        raise AgentError(f"the agent ended its program: {type(end).__name__}: {end}") from end


def _report(answer: object) -> Report:
    try:
        return Report.model_validate(answer)
    except ValidationError as error:
        raise AgentError(f"the agent's report is malformed: {error}") from error
