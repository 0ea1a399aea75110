"""A stand-in for the ZenMux gateway: a real HTTP/1.1 server on 127.0.0.1, scripted to the byte.

In: `Reply` values (see `script`, `replies`, `faults`; all re-exported here). Out: bytes on sockets,
and a record of what came and went. One thread per connection, no dependency. It judges nothing but
the key: what a request should hold is for the tests to say.

    with Gateway(key=KEY) as gw:                   # Gateway(check_key=False) lets everyone in
        gw.base_url                                # "http://127.0.0.1:PORT/api/v1"
        gw.enqueue(error(429, "rate_limit", "Slow down."), streaming("Hello"))
        gw.route = lambda asked: streaming(asked.prompt)      # or None, for the queue
        ...
        gw.wait_for_request(2).json["model"]       # the second request, waited for
        gw.chats                                   # the POSTs to /chat/completions alone

For POST /chat/completions the reply is `route(asked)` unless None, else the next of the queue, else
`default`. A request without a good key is refused (403) and uses nothing up. GET /models gives
`models`, GET /management/generation?id= gives `generations[id]`; either may be a `Reply` instead.

    asked.model, asked.prompt, asked.headers["user-agent"], asked.body, asked.at (monotonic)
    gw.sent                [Sent(asked, data, at, wall)]: each write, timed just before it
    gw.departures          [Departure(asked, at)]: the client left before the reply was over
    gw.connections_open    sockets open now (an idle kept-alive one counts)
    gw.wait_departure(1), gw.wait_closed(0)        # wait, then fail with what was seen

`python -m tests.support.gateway` runs it alone, see `demo`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING

from .catalogue import CATALOGUE
from .connection import Listener
from .faults import EMPTY_FAULTS, FAULTS, fault
from .records import Departure, Recorded, Sent
from .replies import (
    GENERATION_ID,
    JSON,
    MODEL,
    as_json,
    chunk,
    cut_text,
    error,
    sse,
    streaming,
    usage,
)
from .script import (
    REQUEST_ID,
    Close,
    Endless,
    HalfClose,
    Head,
    Pause,
    Raw,
    Reply,
    Reset,
    Send,
    Silence,
    Stamp,
    Step,
    Tell,
    WaitFor,
)

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "CATALOGUE", "EMPTY_FAULTS", "FAULTS", "GENERATION_ID", "JSON", "KEY", "MODEL", "REQUEST_ID",
    "Close", "Departure", "Endless", "Gateway", "HalfClose", "Head", "Pause", "Raw", "Recorded", "Reply",
    "Reset", "Send", "Sent", "Silence", "Stamp", "Step", "Tell", "WaitFor", "as_json", "chunk",
    "cut_text", "error", "fault", "sse", "streaming", "usage",
]  # fmt: skip

# Made up, of the shape of a real one, so that tests can look for it where it must not be.
KEY = "sk-ai-v1-5d0c0ffee5ca1ab1e0ddba11deadbea75eedf00d"


class Gateway:
    """The server; a context manager, see the module's docstring.

    Args:
        key: The key that is let in.
        check_key: False lets in any request.
        port: The port to listen on; 0 for a free one.
    """

    def __init__(self, key: str = KEY, check_key: bool = True, port: int = 0) -> None:
        self.key, self.check_key = key, check_key
        self.default: Reply | None = None
        self.route: Callable[[Recorded], Reply | None] | None = None
        self.models: list[JSON] | Reply = list(CATALOGUE)
        self.generations: dict[str, JSON | Reply] = {}
        self.requests: list[Recorded] = []
        self.sent: list[Sent] = []
        self.departures: list[Departure] = []
        self._queue: deque[Reply] = deque()
        self._changed = threading.Condition()
        self._listener = Listener(port, self)

    @property
    def base_url(self) -> str:
        """What clients take as their base URL."""
        return f"http://127.0.0.1:{self._listener.port}/api/v1"

    @property
    def connections_open(self) -> int:
        """Sockets that neither side has closed."""
        return len(self._listener.connections)

    @property
    def chats(self) -> list[Recorded]:
        """The requests to /chat/completions."""
        return [one for one in self.requests if one.path.endswith("/chat/completions")]

    def enqueue(self, *replies: Reply) -> None:
        """Script the next replies to /chat/completions."""
        with self._changed:
            self._queue.extend(replies)

    def wait_for_request(self, n: int = 1, timeout: float = 60) -> Recorded:
        """The n-th request (of any kind, from 1), once it has come."""
        self._wait(lambda: len(self.requests) >= n, timeout, f"request {n}")
        return self.requests[n - 1]

    def wait_departure(self, n: int = 1, timeout: float = 60) -> Departure:
        """The n-th time (from 1) that a client left before its reply was over."""
        self._wait(lambda: len(self.departures) >= n, timeout, f"departure {n}")
        return self.departures[n - 1]

    def wait_closed(self, n: int = 0, timeout: float = 60) -> None:
        """Wait until at most n connections are open."""
        self._wait(lambda: self.connections_open <= n, timeout, f"only {n} connections open")

    def wait_until(self, true: Callable[[], bool], what: str, timeout: float = 60) -> None:
        """Wait until something is true of what came and went."""
        self._wait(true, timeout, what)

    def _wait(self, true: Callable[[], bool], timeout: float, what: str) -> None:
        with self._changed:
            if self._changed.wait_for(true, timeout):
                return
        seen = [f"{one.method} {one.path}" for one in self.requests]
        raise AssertionError(
            f"waited {timeout} s for {what}; saw requests {seen}, {len(self.departures)} "
            f"departures, {self.connections_open} open connections"
        )

    def close(self) -> None:
        """Stop listening, drop every connection, end every thread."""
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # What connections ask of their server.

    def note(self, record: Recorded | Sent | Departure | None) -> None:
        """Keep a record (None: a connection came or went) and wake who waits."""
        with self._changed:
            if isinstance(record, Recorded):
                self.requests.append(record)
            elif isinstance(record, Sent):
                self.sent.append(record)
            elif isinstance(record, Departure):
                self.departures.append(record)
            self._changed.notify_all()

    def answer(self, asked: Recorded) -> Reply:
        """The reply to a request."""
        path = asked.path.removeprefix("/api/v1")
        if (asked.method, path) == ("GET", "/models"):
            found: Iterable[JSON] | Reply = self.models
            return found if isinstance(found, Reply) else as_json({"object": "list", "data": found})
        if self.check_key and asked.headers.get("authorization") != f"Bearer {self.key}":
            return error(403, "access_denied", "You have no permission to access this resource.")
        if (asked.method, path) == ("GET", "/management/generation"):
            kept = self.generations.get(asked.query.get("id", ""))
            missing = error(404, "not_found", "Generation not found.")
            return kept if isinstance(kept, Reply) else as_json(kept) if kept else missing
        if (asked.method, path) == ("POST", "/chat/completions"):
            return self._scripted(asked)
        return error(404, "not_found", f"No route for {asked.method} {asked.path}.")

    def _scripted(self, asked: Recorded) -> Reply:
        reply = self.route(asked) if self.route else None
        with self._changed:
            if reply is None and self._queue:
                reply = self._queue.popleft()
        return reply or self.default or _hello(asked)


def _hello(asked: Recorded) -> Reply:
    """The default answer: streamed if asked so, else whole."""
    text = "Hello from the stand-in gateway."
    if asked.json.get("stream"):
        return streaming(text, model=asked.model)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    whole = {**chunk(model=asked.model), "object": "chat.completion", "choices": [choice]}
    return as_json({**whole, "usage": usage(12, 7)})


if __name__ == "__main__":
    from .demo import main

    main()
