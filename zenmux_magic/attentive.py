"""Waits of the user's own event loop that an interrupt ends.

In: a future. Out: its result. ipykernel (6.29 to 7.4) turns SIGINT into a callback without waking a loop
that has nothing else to do: the interrupt would wait for the answer. A time-out wakes it.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

T = TypeVar("T")

POLL_S = 0.1  # soon, for a person, and no work


async def attentive(future: asyncio.Future[T]) -> T:
    """Wait for a future, and leave it alone where the wait is cancelled."""
    while not (await asyncio.wait([future], timeout=POLL_S))[0]:
        continue
    return future.result()
