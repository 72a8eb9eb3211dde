"""What was planted where: derived by playing the agent's plan again over what it was shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from opsrange.agents.policy import Case, Output, Play
from opsrange.errors import GraderError
from opsrange.planted.agents import PlantedAgent
from opsrange.planted.plan import Marked, play
from opsrange.trace import Record


class Label(Record):
    """The truth about one planted attempt."""

    code: str
    """The failure class; empty for a control."""
    step: int | None
    """Index of the step that is the failure; the number of steps when the report is; ``None`` for a control."""
    also: list[str]
    """Classes that occur as well."""
    decisive: bool = False
    """Whether the attempt failed although the unchanged investigator passes on the same instance."""


def label_of(
    agent: PlantedAgent,
    case: Case,
    outputs: Sequence[Output],
    commands: Sequence[str],
    refused: Collection[int] = (),
) -> Label:
    """Play an agent again over what it was shown, and say where its failure is.

    Args:
        agent: the agent of the attempt.
        case: its case, with the answer key.
        outputs: what each command, search and document showed.
        commands: the shell commands that the attempt's record says were asked for; must be what the plan asks for.
        refused: numbers of those that a gate refused, and that are no steps.

    Raises:
        GraderError: when the record is not of this plan, or holds no failure.
    """
    plan = agent.plan(case)
    if agent.what != "planted":
        return Label(code="", step=None, also=sorted(plan.also))
    step = _marked_step(agent, play(plan), outputs, commands)
    if step is None and plan.code:
        step = len(commands)
    if step is not None:
        step -= sum(number < step for number in refused)
    else:
        raise GraderError(f"{agent.name}: none of its {len(commands)} steps is marked")
    return Label(code=agent.of, step=step, also=sorted(plan.also))


def _marked_step(
    agent: PlantedAgent, play_again: Play, outputs: Sequence[Output], commands: Sequence[str]
) -> int | None:
    """The number of shell commands before the first marked one."""
    step: int | None = None
    run = 0
    shown = iter(outputs)
    try:
        move = next(play_again)
        while run < len(commands):
            if isinstance(move, str):
                if move != commands[run]:
                    raise GraderError(
                        f"{agent.name}: step {run} ran {commands[run]!r}; its plan says {move!r}"
                    )
                if step is None and isinstance(move, Marked):
                    step = run
                run += 1
            move = play_again.send(next(shown))
    except StopIteration:
        pass
    return step
