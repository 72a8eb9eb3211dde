"""A sound junior engineer as rules: alerts, unhealthy objects, recent changes, one fix at a time, verification.

Belongs here: what can be concluded from shown output. Does not: knowledge of scenarios.
"""

from opsrange.agents.policies.triage.play import triage

__all__ = ["triage"]
