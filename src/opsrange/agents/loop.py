"""The loop every model runs in. It is Inspect's ``react``; this module sets it up.

Belongs here: how an attempt goes on and ends, and what a turn costs. Does not: prompts, tools.
"""

from __future__ import annotations

from collections.abc import Sequence

from inspect_ai.agent import Agent, AgentPrompt, AgentState, AgentSubmit, react
from inspect_ai.tool import Tool

from opsrange.agents.tools import bash
from opsrange.agents.world_access import think


def responder(
    instructions: str, ending: Tool, *, think_time_s: float, tools: Sequence[Tool] = ()
) -> Agent:
    """An agent that works with a shell until it calls the tool that ends the attempt.

    Args:
        instructions: the system prompt.
        ending: ``report`` or ``finish``.
        think_time_s: virtual seconds that each model turn takes, however many commands it asks for.
        tools: beside the shell.
    """

    async def after_turn(state: AgentState) -> bool:
        await think(think_time_s)
        return True

    return react(
        prompt=AgentPrompt(
            instructions=instructions,
            handoff_prompt=None,
            assistant_prompt=None,
            submit_prompt=None,
        ),
        tools=[bash(), *tools],
        submit=AgentSubmit(tool=ending, keep_in_messages=True),
        on_continue=after_turn,
        truncation="auto",
    )
