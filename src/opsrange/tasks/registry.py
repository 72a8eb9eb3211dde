"""What Inspect finds when it loads the entry point ``opsrange``: tasks, the model provider, the sandbox provider, the gate.

Belongs here: registration. Does not: anything else; what is heavy is imported when it is first used.
"""

from __future__ import annotations

from inspect_ai.model import ModelAPI, modelapi

from opsrange.seat.provider import SeatEnvironment
from opsrange.tasks.gated import gated
from opsrange.tasks.sre import sre_diagnosis, sre_repair


@modelapi(name="opsrange")
def scripted() -> type[ModelAPI]:
    """Scripted agents: ``opsrange/oracle``, ``opsrange/triage`` and others."""
    from opsrange.tasks.scripted import ScriptedModel

    return ScriptedModel


__all__ = ["SeatEnvironment", "gated", "scripted", "sre_diagnosis", "sre_repair"]
