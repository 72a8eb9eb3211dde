"""What clients may write in a given time: as much as any engineer needs, and no more than a world can keep.

Everything that is written is remembered (in the store, in the journal, in the step's record), so that an agent which is about
to fail could otherwise fill the machine's memory and have its attempt voided. Time is virtual, so that the same requests
meet the same refusals everywhere.
"""

from __future__ import annotations

from opsrange.types import SECOND_MS
from opsrange.wire import Handler, Request, Response, Stream
from opsrange.world import Kernel

BURST_BYTES = 32 << 20
REFILL_BYTES_PER_S = 64 << 10
REQUEST_BYTES = 4 << 10
"""What a write costs beside its body."""
READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Bucket:
    """Bytes that may still be written; they come back with time.

    Args:
        kernel: for the present instant.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._left = float(BURST_BYTES)
        self._filled_ms = kernel.now_ms

    def take(self, size_bytes: int) -> bool:
        """Take so many bytes; false, and nothing taken, when there are not so many."""
        passed_ms = self._kernel.now_ms - self._filled_ms
        self._filled_ms = self._kernel.now_ms
        self._left = min(BURST_BYTES, self._left + passed_ms / SECOND_MS * REFILL_BYTES_PER_S)
        if size_bytes > self._left:
            return False
        self._left -= size_bytes
        return True


class Throttled:
    """Implements ``wire.Handler`` over another one. Every request that may write counts, whatever becomes of it.

    Args:
        inner: answers what is let through.
        bucket: shared by all that is kept in one world.
        refusal: the answer to a write that is not.
    """

    def __init__(self, inner: Handler, bucket: Bucket, refusal: Response) -> None:
        self._inner = inner
        self._bucket = bucket
        self._refusal = refusal

    def handle(self, request: Request) -> Response | Stream:
        """The inner answer, or the refusal."""
        if request.method in READS or self._bucket.take(_size_bytes(request)):
            return self._inner.handle(request)
        return self._refusal


def _size_bytes(request: Request) -> int:
    """What is remembered of a request."""
    query = sum(len(name) + sum(map(len, values)) for name, values in request.query.items())
    return REQUEST_BYTES + len(request.path) + query + len(request.body)
