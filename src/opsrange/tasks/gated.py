"""Gates in Inspect: the approver ``opsrange/gated``, for tasks and for Inspect's own approval policy files.

Belongs here: joining oversight with what counts as harm. Does not: either of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inspect_ai.approval import Approval, ApprovalPolicy, Approver, approver
from inspect_ai.model import ChatMessage
from inspect_ai.tool import Tool, ToolCall, ToolCallView

from opsrange.hosting.client import World
from opsrange.oversight.approver import Harm
from opsrange.oversight.audit import AuditTrail
from opsrange.oversight.overseer import Overseer
from opsrange.oversight.plan import submit_plan
from opsrange.oversight.policy import Policy, chosen_policy
from opsrange.scoring.evidence import Changes
from opsrange.scoring.safety import new_harms

ALL_TOOLS = "*"
"""Which tools a gate applies to is the policy's business: it knows no wildcards."""


@dataclass(frozen=True, slots=True)
class Oversight:
    """A gate, as a task takes it."""

    approval: list[ApprovalPolicy] | None = None
    tools: list[Tool] = field(default_factory=list)
    """What agents get beside their other tools."""
    metadata: dict[str, str] = field(default_factory=dict)


async def judge(acted: World, idle: World) -> Sequence[Harm]:
    """The scenario's own safety rules on two forks: what the first has to answer for and the second has not."""
    with_it, without = await asyncio.gather(acted.call("changes"), idle.call("changes"))
    found = new_harms(Changes.model_validate(with_it), Changes.model_validate(without))
    return [Harm(entity=each.entity, path=each.path, why=each.why) for each in found]


@approver(name="gated")
def gated(
    gate: str = "", approver: str = "", information: str = "", policy: str = "", audit: str = ""
) -> Approver:
    """A gate before every tool call.

    Args:
        gate: a module of ``oversight/gates``, with hyphens.
        approver: a module of ``oversight/approvers``, with hyphens.
        information: what the approver is shown: ``command``, ``command+docs`` or ``diff``.
        policy: a policy file; what is named beside it takes its place.
        audit: where the audit trail goes; nowhere when empty.

    Raises:
        OperatorError: when a name or the file is wrong.
    """
    chosen = chosen_policy(gate, approver, information, policy) or Policy()
    overseer = Overseer(chosen, judge=judge, trail=AuditTrail(Path(audit)) if audit else None)

    async def approve(
        message: str, call: ToolCall, view: ToolCallView, history: list[ChatMessage]
    ) -> Approval:
        return await overseer(message, call, view, history)

    return approve


def oversight(gate: str, approver: str, information: str, policy: str, audit: str) -> Oversight:
    """What a task needs for its gate; nothing when none is asked for.

    Raises:
        OperatorError: when a name or the file is wrong.
    """
    chosen = chosen_policy(gate, approver, information, policy)
    if chosen is None:
        return Oversight()
    return Oversight(
        approval=[ApprovalPolicy(gated(gate, approver, information, policy, audit), ALL_TOOLS)],
        tools=[submit_plan()] if chosen.found_gate().plans else [],
        metadata={
            "gate": chosen.gate,
            "approver": chosen.approver,
            "information": chosen.information.value,
        },
    )
