"""One request in, its events out: the attempts, the waits, and the one end that every stream has.

Ends with exactly one `Finish` or one `Failure`, whatever the network does; only cancellation passes
through. What one `attempt` does is told there; between attempts stands the policy of `retry`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from zenmux_magic.client import faults
from zenmux_magic.client.attempt import Attempt
from zenmux_magic.client.body import body
from zenmux_magic.client.connections import Connections
from zenmux_magic.client.secret import Secret
from zenmux_magic.events import Event, Failure, Retrying
from zenmux_magic.request import Request


async def stream(
    request: Request,
    key: Secret | None,
    connections: Connections,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    jitter: Callable[[], float] = random.random,
) -> AsyncGenerator[Event, None]:
    """Send a request and yield its events.

    Args:
        request: What to ask.
        key: The key for the request's base URL, if there is one.
        connections: Kept connections of this event loop.
        clock: Seconds, monotonic.
        sleep: Waits between attempts.
        jitter: A number from 0 to 1 for each wait.

    Yields:
        The events, the last of which is a `Finish` or a `Failure`.

    Raises:
        ArgumentError: The request cannot be written as JSON; nothing was sent.
    """
    try:
        # The first call for a base URL imports and builds the client: no part of the answer's time.
        transport = connections.get(request, key)
    except (ImportError, ValueError, OSError) as problem:
        yield Failure(0.0, faults.unusable(problem, key))
        return
    fields = body(request)
    start = clock()
    number = 0
    while True:
        number += 1
        rest = connections.rest
        attempt = Attempt(request, fields, key, transport, lambda: clock() - start, rest)
        async with aclosing(attempt.events()) as events:
            async for event in events:
                if isinstance(event, Failure):
                    break
                yield event
            else:
                return
        delay = attempt.delay_s(event.error, number, jitter())
        if delay is None:
            yield Failure(event.at_s, attempt.told(event.error))
            return
        yield Retrying(event.at_s, number, delay, event.error)
        await sleep(delay)
