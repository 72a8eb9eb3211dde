"""World processes: the warm parent, forks, the HTTP façade, the control channel, the jumping of virtual time.

Theory of operation
    runner → *stable* (spawned; imports everything) → *instance parent* (fork; builds scenario@seed once) →
    *world* (fork; one attempt) → *forks* and *branches* (copies for questions). The runner may have threads and is
    never forked; everything below it has one thread. Control is a Unix socket pair carrying length-prefixed JSON and
    file descriptors; end of file means exit, and each child dies with its parent, so killing any process leaves
    nothing behind it.

What a seat does, in terms of :class:`World`
    1. ``world = await (await Stable.open(builder)).world(scenario, seed)``
    2. Make listening TCP sockets for ``await world.addresses()`` inside the sandbox's network namespace and a
       ``SOCK_STREAM`` Unix pair for idleness; ``await world.serve({address: socket}, idle=..., now_file=...)``.
       The descriptors are duplicated: close your copies.
    3. Per command: ``await world.begin(limit_ms=..., **arguments)``, run it while watching ``world.virtual_timeout`` (an
       ``asyncio.Event``: stop the command when set), ``evidence = await world.end(**arguments)``.
    4. ``await world.close()``.

Idleness
    The world writes ``?`` to the idle socket; the sandbox's init answers ``1`` when no process of the sandbox is runnable
    and ``0`` otherwise (asked again 2 ms later). It is asked only while a step is open and somebody holds a stream, and at
    most one question is outstanding. The answer must be ``0`` from ``begin`` until the step's command runs, and again from the
    command's exit until ``end`` is answered: otherwise a watch left in the background would let time slip meanwhile.

Sleeping
    The address ``clock:80`` is offered by hosting itself: ``POST /sleep?ms=N`` answers with a stream that ends N virtual
    milliseconds later (HTTP/1.0 closes the connection then; a client need only read to the end), ``GET /now`` with the
    instant as Unix seconds with three decimals.

Belongs here: processes and sockets on the world's side. Does not: what is hosted (it is built by a named function), the sandbox (seat).
"""

from opsrange.hosting.client import Stable, World
from opsrange.hosting.hosted import Hosted

__all__ = ["Hosted", "Stable", "World"]
