"""How long a reader rests between two reads, so that very many leave the processor to others.

In: how many streams are being read on one event loop. Out: seconds. A read costs ten times what
decoding a token does, whether it finds one token or twenty: what comes while a reader rests waits in
the socket, and is read at once. A few streams never rest.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

FEW = 8
READS_PER_S = 200  # of all streams beyond these


class Rest:
    """Counts the readers of one event loop: `with rest: … await rest.between_reads()`."""

    def __init__(self) -> None:
        self._readers = 0

    def __enter__(self) -> None:
        self._readers += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._readers -= 1

    @property
    def seconds(self) -> float:
        """How long each rests, as many as there are."""
        return max(0, self._readers - FEW) / READS_PER_S

    async def between_reads(self) -> None:
        """Rest."""
        if self._readers > FEW:
            await asyncio.sleep(self.seconds)
