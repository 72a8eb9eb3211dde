"""``python -m opsrange.hosting <descriptor> <module:function>``: the stable. Started by ``client``, not by people."""

from __future__ import annotations

import os
import sys
import traceback

from opsrange.hosting.channel import Channel
from opsrange.hosting.processes import Role, tie_children_to_parents
from opsrange.hosting.stable import StableProcess


def main() -> None:
    """Be the stable, and in each fork whatever that fork becomes."""
    descriptor, builder = sys.argv[1:]
    tie_children_to_parents()
    role: Role | None = StableProcess(Channel.adopt(int(descriptor)), builder)
    try:
        while role is not None:
            role = role.run()
    except BaseException:  # noqa: BLE001 - the last line of a process; its peer sees the end of file
        traceback.print_exc()
        os._exit(1)
    os._exit(0)  # a fork must not run its parents' exit handlers


if __name__ == "__main__":
    main()
