"""The approver's page: a person in a browser sees what a command did on a fork of the world, and decides.

Bound to loopback, behind a token that is handed out once in the address and kept in a cookie that scripts cannot read.
A browser that is open counts as an approver being there; when the last one closes, what is pending pauses.

Belongs here: the page and the little server behind it. Does not: waiting and answering (``queue``), what is asked (``request``).
"""

from opsrange.oversight.console.server import Console, open_console

__all__ = ["Console", "open_console"]
