"""Good answers on a real loopback server: bytes on a socket in, events out, through both transports."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from tests.client.asking import (
    ODD,
    SECRET,
    answer_to,
    connected,
    events_of,
)
from tests.support.gateway import (
    REQUEST_ID,
    Gateway,
    Reply,
    Send,
    WaitFor,
    chunk,
    sse,
    streaming,
)
from zenmux_magic.client import Connections, stream
from zenmux_magic.completion import fold
from zenmux_magic.events import Finish, TextDelta, Usage
from zenmux_magic.request import Request


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("split", ["event", "byte", 3, 4096])
def test_text_arrives_byte_for_byte(
    gateway: Gateway, asked: Request, split: Any, newline: bytes
) -> None:
    gateway.default = streaming(ODD, pieces=1, split=split, newline=newline, keepalive=5)
    answer = answer_to(asked)
    assert answer.text.encode() == ODD.encode()
    assert (answer.finish_reason, answer.error) == ("stop", None)


def test_all_that_an_answer_tells(gateway: Gateway, asked: Request) -> None:
    gateway.default = streaming("Hello", reasoning="Hm.", model="served/model", pieces=1)
    events = events_of(asked)
    answer = fold(asked, events)
    assert (answer.text, answer.reasoning) == ("Hello", "Hm.")
    assert (answer.model, answer.requested_model) == ("served/model", "demo/echo")
    assert (answer.id, answer.request_id) == ("2534c5a8f1b64b0d9a6e1c0de0000001", REQUEST_ID)
    assert answer.usage == Usage(12, 7, 0, 0, 19)
    assert answer.messages == asked.messages
    times = [event.at_s for event in events]
    assert times == sorted(times)
    assert answer.ttft_s is not None
    assert answer.ttfa_s is not None
    assert answer.duration_s is not None
    assert 0 < answer.ttft_s <= answer.ttfa_s <= answer.duration_s


def test_events_come_while_the_stream_goes_on(gateway: Gateway, asked: Request) -> None:
    go = threading.Event()
    first, rest = sse(chunk("Hel"), done=False), sse(chunk("lo"), chunk({}, finish_reason="stop"))
    gateway.default = Reply(steps=[Send(first), WaitFor(go), Send(rest)])

    async def read() -> str:
        text = ""
        async with connected() as connections:
            async for event in stream(asked, SECRET, connections):
                if isinstance(event, TextDelta):
                    go.set()  # the server waits for this before it sends the rest
                    text += event.text
        return text

    assert asyncio.run(read()) == "Hello"


def test_two_at_once(gateway: Gateway, asked: Request) -> None:
    gateway.route = lambda got: streaming(f"for {got.model}", pieces=1)

    async def both() -> list[str]:
        async def one(model: str, connections: Connections) -> str:
            request = replace(asked, model=model)
            events = [event async for event in stream(request, SECRET, connections)]
            return fold(request, events).text

        async with connected() as connections:
            return await asyncio.gather(*(one(f"m{n}", connections) for n in range(8)))

    assert asyncio.run(both()) == [f"for m{n}" for n in range(8)]


def test_the_connection_serves_the_next_request(gateway: Gateway, asked: Request) -> None:
    async def twice() -> int:
        async with connected() as connections:
            for _ in range(2):
                events = [event async for event in stream(asked, SECRET, connections)]
                assert isinstance(events[-1], Finish)
            return gateway.connections_open

    assert asyncio.run(twice()) == 1
