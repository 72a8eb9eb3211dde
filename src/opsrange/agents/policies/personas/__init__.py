"""Characters: agents that know the answer key and go about an incident each in its own way, ten of them.

They show what the measures of this package say of a character whose faults one knows. Unlike planted failures they are
not one change to a sound attempt; a character is one all along.

Belongs here: one module per character, each defining ``PERSONA``; the directory is the registry. Does not: agents that have to
find something out (``triage``), planted failures.
"""

from opsrange.agents.policies.personas.persona import Persona, personas

__all__ = ["Persona", "personas"]
