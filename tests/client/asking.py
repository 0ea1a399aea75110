"""Asks the client in a test: a request in, its events, its answer or its error out. No fixture here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.support.gateway import (
    KEY,
)
from zenmux_magic.client import Connections, Secret, stream
from zenmux_magic.completion import Completion, fold
from zenmux_magic.errors import ErrorInfo
from zenmux_magic.events import Event, Failure, Finish
from zenmux_magic.request import Request, TransportName

SECRET = Secret(KEY)
TRANSPORTS: tuple[TransportName, ...] = ("openai", "direct")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
ODD = 'naïve 日本語 🙂 a\u2028b\u2029c\u0085d\x0be\ufefff "q" \\ \x00 \r\n\ttail\n\n'


@asynccontextmanager
async def connected() -> AsyncIterator[Connections]:
    connections = Connections()
    try:
        yield connections
    finally:
        await connections.aclose()


class Naps:
    """Stands in for sleeping between attempts: takes no time, and remembers."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def events_of(
    request: Request,
    key: Secret | None = SECRET,
    naps: Naps | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> list[Event]:
    """All events of one request."""

    async def collect() -> list[Event]:
        async with connected() as connections:
            happened = stream(
                request, key, connections, clock=clock, sleep=naps or Naps(), jitter=lambda: 0.5
            )
            return [event async for event in happened]

    return asyncio.run(collect())


def answer_to(request: Request, key: Secret | None = SECRET) -> Completion:
    events = events_of(request, key)
    assert [isinstance(event, (Finish, Failure)) for event in events].index(True) == len(events) - 1
    return fold(request, events)


def failure_of(request: Request, key: Secret | None = SECRET) -> ErrorInfo:
    problem = answer_to(request, key).error
    assert problem is not None
    assert "\n" not in str(problem)
    return problem


def check(problem: ErrorInfo | None, expected: tuple[str, str | None, int | None, str]) -> None:
    assert problem is not None
    kind, type_, status, words = expected
    assert (problem.kind, problem.type, problem.status) == (kind, type_, status)
    assert words in problem.message
    assert "\n" not in str(problem)
