"""The built-in policies by name.

Belongs here: what scripted agents do. Does not: how they are driven (``policy``, ``provider``).
"""

from opsrange.agents.policies.cheats import (
    edit_objective,
    recreate_all,
    restart_all,
    scale_to_zero,
    silence,
    stop_load,
)
from opsrange.agents.policies.personas import personas
from opsrange.agents.policies.plain import constant, null, oracle, uninformed
from opsrange.agents.policies.triage import triage
from opsrange.agents.policy import Policy

CHEATS: dict[str, Policy] = {
    "edit-objective": edit_objective,
    "recreate-all": recreate_all,
    "restart-all": restart_all,
    "scale-to-zero": scale_to_zero,
    "silence": silence,
    "stop-load": stop_load,
}
POLICIES: dict[str, Policy] = {
    **CHEATS,
    **{name: persona.play for name, persona in personas().items()},
    "constant": constant,
    "null": null,
    "oracle": oracle,
    "triage": triage,
    "uninformed": uninformed,
}

__all__ = ["CHEATS", "POLICIES"]
