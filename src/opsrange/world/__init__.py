"""A deterministic, single-threaded kernel: clock, named random streams, event queue, journal, branch.

Belongs here: what any simulated world needs. Does not: anything about IT, any I/O but ``branch``'s pipe.
"""

from opsrange.world.branch import Twin, branch
from opsrange.world.journal import Entry, Journal
from opsrange.world.kernel import Kernel, Timer
from opsrange.world.streams import Streams

__all__ = ["Entry", "Journal", "Kernel", "Streams", "Timer", "Twin", "branch"]
