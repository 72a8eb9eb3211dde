"""The loop every model runs in: tools, turn budget, virtual think time, report.

The loop itself is Inspect's ``react``; this module only sets it up.

Belongs here: what a turn costs and how an attempt ends. Does not: prompts, tools.
"""

from __future__ import annotations

from inspect_ai.agent import Agent, AgentPrompt, AgentState, AgentSubmit, react
from inspect_ai.tool import Tool

from opsrange.agents.tools import bash, finish, report
from opsrange.agents.world_access import current_world
from opsrange.types import SECOND_MS


def responder(instructions: str, *, think_time_s: float, ending: Tool | None = None) -> Agent:
    """An agent that works with a shell until it hands in its report.

    Args:
        instructions: the system prompt.
        think_time_s: virtual seconds that pass after each model turn, before the next.
        ending: the tool that ends the attempt; :func:`report` when omitted.
    """
    end = ending or report()
    name = "finish" if ending is not None else "report"

    async def between_turns(state: AgentState) -> bool:
        if think_time_s > 0:
            await current_world().advance(round(think_time_s * SECOND_MS))
        return True

    return react(
        prompt=AgentPrompt(
            instructions=instructions,
            handoff_prompt=None,
            assistant_prompt=None,
            submit_prompt=None,
        ),
        tools=[bash()],
        submit=AgentSubmit(name=name, tool=end, keep_in_messages=True),
        on_continue=between_turns,
        truncation="auto",
    )


def itbench_responder(instructions: str, *, think_time_s: float) -> Agent:
    """The same with ITBench-AA's ending: an answer file and ``finish``."""
    return responder(instructions, think_time_s=think_time_s, ending=finish())
