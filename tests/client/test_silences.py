"""How long nothing may come, and what is left open when somebody leaves early."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import aclosing, suppress
from dataclasses import replace

import pytest

from tests.client.asking import (
    SECRET,
    answer_to,
    check,
    connected,
    events_of,
    failure_of,
)
from tests.support.gateway import (
    Endless,
    Gateway,
    Head,
    Pause,
    Reply,
    Send,
    WaitFor,
    chunk,
    fault,
    sse,
)
from zenmux_magic.client import stream
from zenmux_magic.client.silence import Silence as Nothing
from zenmux_magic.client.silence import Watch
from zenmux_magic.completion import fold
from zenmux_magic.events import Event, TextDelta
from zenmux_magic.request import Request

COMMENT = b": ZENMUX PROCESSING\n\n"
GOOD = sse(chunk("Hello"), chunk({}, finish_reason="stop"))


@pytest.mark.parametrize(
    "steps",
    [
        [Pause(0.6), Head(), Send(GOOD)],
        [Head(), Pause(0.6), Send(GOOD)],
    ],
    ids=["before the head", "after the head"],
)
def test_the_first_byte_may_take_longer(
    gateway: Gateway, asked: Request, steps: list[Pause | Head | Send]
) -> None:
    gateway.default = Reply(steps=steps)
    assert answer_to(replace(asked, timeout_s=0.3)).text == "Hello"


def test_comments_are_no_silence(gateway: Gateway, asked: Request) -> None:
    waiting = [step for _ in range(40) for step in (Send(COMMENT), Pause(0.1))]
    gateway.default = Reply(steps=[*waiting, Send(GOOD)])
    assert answer_to(replace(asked, timeout_s=3.0, first_byte_timeout_s=3.0)).text == "Hello"


def test_a_loop_that_stood_still_is_no_silence(gateway: Gateway, asked: Request) -> None:
    go = threading.Event()
    gateway.default = Reply(steps=[Send(sse(chunk("So "), done=False)), WaitFor(go), Send(GOOD)])
    request = replace(asked, timeout_s=0.5)

    def stand_still() -> None:
        before = len(gateway.sent)
        go.set()
        while len(gateway.sent) == before:
            time.sleep(0.01)
        time.sleep(1.0)

    async def ask() -> list[Event]:
        events = []
        async with connected() as connections:
            async for event in stream(request, SECRET, connections):
                events.append(event)
                if isinstance(event, TextDelta) and not go.is_set():
                    asyncio.get_running_loop().call_later(0.1, stand_still)
        return events

    assert fold(request, asyncio.run(ask())).text == "So Hello"


@pytest.mark.parametrize(
    ("alive", "told"),
    [
        (COMMENT, ""),
        (b"\n", ""),
        (sse(chunk(""), done=False), ""),
        (sse(chunk("Hi"), done=False) + COMMENT, "Hi"),
    ],
    ids=["comments", "blank lines", "empty chunks", "comments after a token"],
)
def test_signs_of_life_alone_are_no_answer_for_ever(
    gateway: Gateway, asked: Request, alive: bytes, told: str
) -> None:
    first, again = (alive, alive) if not told else (alive, COMMENT)
    gateway.default = Reply(steps=[Send(first), Endless(again, 0.02)])
    events = events_of(asked, clock=lambda: 5.0 * len(gateway.sent))
    answer = fold(asked, events)
    assert answer.text == told
    words = "for 60 s came only signs of life (--timeout allows more)"
    check(answer.error, ("StreamBroken", None, None, words))
    assert len(gateway.chats) == 1
    gateway.wait_departure(1)


@pytest.mark.parametrize("name", ["silence", "silence before the head", "silence after the head"])
def test_a_silent_service_is_left(gateway: Gateway, asked: Request, name: str) -> None:
    gateway.default = fault(name)
    assert failure_of(replace(asked, timeout_s=2.0, first_byte_timeout_s=2.0))
    gateway.wait_departure(1)


def test_a_watch_over_one_read_after_the_other() -> None:
    async def read() -> str:
        watch, story = Watch(), []
        for limit_s, takes_s in ((10.0, 0.0), (0.05, 60.0), (10.0, 0.0), (0.05, 60.0)):
            try:
                with watch.over(limit_s):
                    await asyncio.sleep(takes_s)
                story.append("read")
            except Nothing as silence:
                story.append(f"nothing for {silence.limit_s} s")
            # Nobody reads now, and the timer of the read before may ring.
            await asyncio.sleep(0.1)
        watch.stop()
        return ", ".join(story)

    assert asyncio.run(read()) == "read, nothing for 0.05 s, read, nothing for 0.05 s"


def test_a_watch_lets_a_cancellation_through() -> None:
    async def cancel() -> None:
        watch, reading = Watch(), asyncio.Event()

        async def read() -> None:
            with watch.over(60.0):
                reading.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(read())
        await reading.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        watch.stop()

    asyncio.run(cancel())


def test_a_ring_that_was_swallowed_is_forgotten() -> None:
    """As anyio does below Python 3.11: what cancels the next read is somebody else."""

    async def reads() -> None:
        watch = Watch()
        with watch.over(0.01), suppress(asyncio.CancelledError):
            await asyncio.sleep(10)
        reading = asyncio.current_task()
        assert reading is not None
        asyncio.get_running_loop().call_later(0.01, reading.cancel)
        with watch.over(10):
            await asyncio.sleep(10)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(reads())


def test_leaving_the_stream_closes_the_response(gateway: Gateway, asked: Request) -> None:
    gateway.default = fault("silence")

    async def leave() -> None:
        async with connected() as connections:
            async with aclosing(stream(asked, SECRET, connections)) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        break
            gateway.wait_departure(1)

    asyncio.run(leave())


@pytest.mark.parametrize("name", ["silence", "silence before the head", "silence after the head"])
def test_cancelling_closes_the_response(gateway: Gateway, asked: Request, name: str) -> None:
    gateway.default = fault(name)

    async def cancel() -> None:
        async with connected() as connections:

            async def read() -> list[Event]:
                return [event async for event in stream(asked, SECRET, connections)]

            reading = asyncio.create_task(read())
            await asyncio.to_thread(gateway.wait_for_request, 1)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            await asyncio.to_thread(gateway.wait_departure, 1)

    asyncio.run(cancel())
