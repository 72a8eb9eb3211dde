"""Where the agent sits: the sandboxed shell, its toolbox and network; the Inspect sandbox provider.

Belongs here: everything the agent can touch directly. Does not: truth, faults, scoring; the import contract forbids them.
"""

from opsrange.seat.control import Completed
from opsrange.seat.limits import SeatConfig, SeatLimits
from opsrange.seat.seat import Seat
from opsrange.seat.toolbox import toolbox_versions

__all__ = ["Completed", "Seat", "SeatConfig", "SeatLimits", "toolbox_versions"]
