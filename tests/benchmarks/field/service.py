"""The service that all ways ask: the tests' gateway, in a process of its own.

In: prompts that name a case, `case:words:6`, `case:hostile`. Out: answers at a real pace, and a
record of what came. A way that asks for no stream gets the same answer whole, at the moment at which
the stream would have ended. A second server stands for the rest of the world: what it is asked for,
an answer has made the page fetch.

The process ends with the one that started it, however that ends: its pipe closes then.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from tests.benchmarks.painting import reply, words
from tests.support.gateway import (
    KEY,
    Close,
    Gateway,
    Head,
    Pause,
    Recorded,
    Reply,
    Send,
    chunk,
    cut_text,
    error,
    usage,
)  # fmt: skip

if TYPE_CHECKING:
    from typing_extensions import Self

RATE = 150.0
# What a quick model takes to its first word.
LEAD_S = 0.3
SLOW_RATE = 20.0
# How much of an answer has come when its connection is lost.
LOST_AFTER = 200
HOSTILE = """## Report

![chart](http://{host}/chart.png) <img src="http://{host}/pixel.png">

<img src=x onerror="window.fieldRan = (window.fieldRan || 0) + 1">

<script>window.fieldRan = (window.fieldRan || 0) + 1</script>

[details](javascript:void(0)) w1 """


@dataclass(frozen=True)
class Chat:
    """One request, as the service saw it.

    Attributes:
        words_ms: When each word left, Unix time; of a whole answer, when it would have left as a
            stream, and the last when the answer left.
        left: Whether the client closed the connection before the answer was over.
    """

    words_ms: list[float]
    left: bool


class Desk:
    """Gateway and outside world; what `Service` calls in the other process."""

    def __init__(self) -> None:
        self.gateway, self.outside = Gateway(), Gateway()
        self.gateway.route = self._route

    def base_url(self) -> str:
        """The service's address."""
        return self.gateway.base_url

    def forget(self) -> None:
        """Begin a new case."""
        for kept in (self.gateway.requests, self.gateway.sent, self.gateway.departures):
            kept.clear()
        self.outside.requests.clear()

    def wait_request(self) -> None:
        """Wait until the case's first request has come."""
        self.gateway.wait_for_request(1, timeout=60)

    def wait_departure(self) -> bool:
        """Whether the client leaves, waiting up to five seconds for it."""
        try:
            self.gateway.wait_departure(1, timeout=5)
        except AssertionError:
            return False
        return True

    def chats(self) -> list[Chat]:
        """The requests of the case."""
        gone = [one.asked for one in self.gateway.departures]
        return [
            Chat(self._words_ms(asked), any(asked is one for one in gone))
            for asked in self.gateway.chats
        ]

    def fetched(self) -> list[str]:
        """What the outside world was asked for."""
        return [one.path for one in self.outside.requests]

    def _words_ms(self, asked: Recorded) -> list[float]:
        sent = [one for one in self.gateway.sent if one.asked is asked and b'"content"' in one.data]
        if asked.json.get("stream"):
            return [one.wall * 1000 for one in sent for _ in range(one.data.count(b'"content"'))]
        tokens, rate = self._tokens(asked)
        began = asked.at + time.time() - time.monotonic()
        scheduled = [1000 * (began + LEAD_S + at / rate) for at in range(1, len(tokens))]
        return [*scheduled, sent[0].wall * 1000] if sent else scheduled

    def _tokens(self, asked: Recorded) -> tuple[list[str], float]:
        """The words of a case, and how many come in a second."""
        kind, size = _case(asked)
        if kind == "slow":
            return words(3), SLOW_RATE
        if kind == "lost":
            return words(2), RATE
        if kind == "hostile":
            host = self.outside.base_url.split("/")[2]
            return cut_text(HOSTILE.format(host=host), "token"), RATE
        return words(size or 0.5), RATE

    def _route(self, asked: Recorded) -> Reply:
        kind, _ = _case(asked)
        if kind == "refused":
            said = f"Incorrect API key provided: {KEY}."
            return error(401, "invalid_request_error", said, code="invalid_api_key")
        tokens, rate = self._tokens(asked)
        lost = kind == "lost"
        if not asked.json.get("stream"):
            return _whole(tokens, rate, lost)
        if lost:
            started = reply(tokens[:LOST_AFTER], rate)
            return Reply(steps=[Pause(LEAD_S), *started.steps[:-1], Close()])
        return Reply(steps=[Pause(LEAD_S), *reply(tokens, rate).steps])


def _case(asked: Recorded) -> tuple[str, float]:
    found = re.search(r"case:(\w+):?([\d.]*)", asked.prompt)
    kind, size = found.groups() if found else ("words", "")
    return kind, float(size or 0)


def _whole(tokens: list[str], rate: float, lost: bool) -> Reply:
    """The answer in one body, when a stream would have ended; or half of it, when one is lost."""
    message = {"role": "assistant", "content": "".join(tokens)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    whole = {**chunk(), "object": "chat.completion", "choices": [choice]}
    body = json.dumps({**whole, "usage": usage(12, len(tokens))}).encode()
    fields = {"content-type": "application/json"}
    if lost:
        pause, half = Pause(LEAD_S + LOST_AFTER / rate), Send(body[: len(body) // 2])
        return Reply(200, fields, [pause, Head(), half, Close()], "length", len(body))
    pause = Pause(LEAD_S + len(tokens) / rate)
    return Reply(200, fields, [pause, Head(), Send(body)], "length")


def _serve(pipe: Connection) -> None:
    """Answer calls until the other end has gone."""
    desk = Desk()
    while True:
        try:
            name = pipe.recv()
        except EOFError:
            return
        pipe.send(getattr(desk, name)())


class Service:
    """The process; a context manager. `ask("chats")` calls that method of its `Desk`."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, name: str) -> Any:
        """Call the method of that name over there."""
        self._pipe.send(name)
        return self._pipe.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pipe.close()
        self._process.join(10)
