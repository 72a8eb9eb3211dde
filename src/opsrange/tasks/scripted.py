"""Every scripted agent as a model: the built-in ones, and those that fail on purpose.

Belongs here: finding an agent by its name. Does not: agents.
"""

from __future__ import annotations

from opsrange.agents.policy import Policy
from opsrange.agents.provider import PolicyModel
from opsrange.planted import agents as planted


class ScriptedModel(PolicyModel):
    """The provider ``opsrange``."""

    def find(self, name: str) -> Policy | None:
        """A built-in agent, else a planted one."""
        return super().find(name) or planted.find(name)

    def keyed(self, name: str) -> bool:
        """The oracle and whoever fails on purpose know the answer key."""
        return super().keyed(name) or planted.find(name) is not None
