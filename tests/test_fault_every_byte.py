"""A compact stream that goes wrong at each of its bytes, the head included.

Many places at once, each a column of a run. What is to be kept is computed from the bytes alone.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.support.gateway import KEY, Close, Gateway, Pause, Raw, Reply, Reset, Silence
from tests.support.script import Step
from zenmux_magic.asking import Call
from zenmux_magic.client import Secret
from zenmux_magic.completion import Completion
from zenmux_magic.engine import Engine
from zenmux_magic.events import Event, Failure, Finish
from zenmux_magic.request import Request, TransportName
from zenmux_magic.run import Answer
from zenmux_magic.views import NullView

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
PIECES = [
    "naïve ",
    "🙂",
    "\\ud83d",
    "\\ude42!",
]  # cut inside UTF-8, and inside a pair of surrogates
LINES = [b'data: {"choices":[{"delta":{"content":"%b"}}]}' % piece.encode() for piece in PIECES]
STOP = b'data: {"choices":[{"finish_reason":"stop"}]}'
DONE = b"data: [DONE]"
FRAMES = [b"%x\r\n%b\r\n" % (len(line) + 2, line + b"\n\n") for line in [*LINES, STOP, DONE]]
WIRE = HEAD + b"".join(FRAMES) + b"0\r\n\r\n"
AT_ONCE = 120  # as many connections as the gateway's backlog takes
# What the user has once so many events have come; half a pair waits for its other half.
TEXTS = ["", "naïve ", "naïve 🙂", "naïve 🙂", "naïve 🙂🙂!"]


def _ends() -> list[int]:
    """Where on the wire each event's last byte of JSON stands: from there on it can be read."""
    ends, at = [], len(HEAD)
    for line, frame in zip([*LINES, STOP, DONE], FRAMES, strict=True):
        ends.append(at + frame.index(line) + len(line))
        at += len(frame)
    return ends


ENDS = _ends()


class Watch(NullView):
    """Counts how often each column ended."""

    def __init__(self) -> None:
        self.ends: Counter[int] = Counter()

    def event(self, column: int, event: Event) -> None:
        self.ends[column] += isinstance(event, (Finish, Failure))


@pytest.fixture
def engine() -> Iterator[Engine]:
    running = Engine()
    yield running
    running.stop()


def _answers(
    engine: Engine,
    gateway: Gateway,
    transport: TransportName,
    play: Callable[[int], Sequence[Step]],
    timeout_s: float = 60.0,
) -> list[Completion]:
    """Runs with a column for each byte of the wire, each asked once."""
    gateway.route = lambda asked: Reply(framing="none", steps=play(int(asked.model)))
    asked = [
        Request(
            str(at),
            ({"role": "user", "content": "Hi"},),
            base_url=gateway.base_url,
            transport=transport,
            timeout_s=timeout_s,
            first_byte_timeout_s=timeout_s,
            max_retries=0,
        )
        for at in range(len(WIRE))
    ]
    answers: list[Completion] = []
    for first in range(0, len(asked), AT_ONCE):
        calls = [Call(request, Secret(KEY)) for request in asked[first : first + AT_ONCE]]
        view = Watch()
        answers += Answer(engine, calls, view).result()
        assert view.ends == dict.fromkeys(range(len(calls)), 1)
    assert Counter(one.model for one in gateway.chats) == {one.model: 1 for one in asked}
    return answers


def _patience_s(engine: Engine, gateway: Gateway, transport: TransportName) -> float:
    """Longer than this machine, with what else it does, needs for as many requests at once."""
    begun = time.monotonic()
    _answers(engine, gateway, transport, lambda at: [Raw(WIRE[:at]), Close()])
    gateway.requests.clear()
    return max(2.0, time.monotonic() - begun)


def _come(at: int, line_ends: int = 0) -> int:
    """How many events have come, when so many bytes have."""
    return sum(end + line_ends <= at for end in ENDS)


TRANSPORTS = pytest.mark.parametrize("transport", ["openai", "direct"])


@TRANSPORTS
@pytest.mark.parametrize("end", [Close(), Reset(), Silence()], ids=["closed", "reset", "silence"])
def test_an_end_at_each_byte(
    engine: Engine, gateway: Gateway, transport: TransportName, end: Step
) -> None:
    patience = _patience_s(engine, gateway, transport) if isinstance(end, Silence) else 60.0
    answers = _answers(engine, gateway, transport, lambda at: [Raw(WIRE[:at]), end], patience)
    for at, answer in enumerate(answers):
        come = _come(at)
        text = TEXTS[min(come, len(LINES))]
        assert answer.text == text, f"byte {at}"
        if come > len(LINES):  # the finish reason has come: the answer is whole
            assert (answer.finish_reason, answer.error) == ("stop", None), f"byte {at}"
            continue
        assert answer.error is not None, f"byte {at}"
        kept = "What had come is kept" in answer.error.message
        broke = answer.error.kind == "StreamBroken"
        if isinstance(end, Silence):
            assert broke == bool(text), f"byte {at}"
        else:
            assert broke == (at >= len(HEAD)), f"byte {at}"
        assert kept == bool(text), f"byte {at}: {answer.error.message}"
    gateway.wait_closed(20)  # kept for the next request, if at all


@TRANSPORTS
def test_a_pause_at_each_byte(engine: Engine, gateway: Gateway, transport: TransportName) -> None:
    answers = _answers(
        engine,
        gateway,
        transport,
        lambda at: [Raw(WIRE[:at]), Pause(0.05), Raw(WIRE[at:]), Close()],
    )
    for at, answer in enumerate(answers):
        assert (answer.text, answer.finish_reason, answer.error) == (TEXTS[-1], "stop", None), at


@TRANSPORTS
@pytest.mark.parametrize("wrong", [b"\xff", b"\n", b"9"], ids=repr)
def test_a_wrong_byte_at_each_place(
    engine: Engine, gateway: Gateway, transport: TransportName, wrong: bytes
) -> None:
    answers = _answers(
        engine, gateway, transport, lambda at: [Raw(WIRE[:at] + wrong + WIRE[at + 1 :]), Close()]
    )
    for at, answer in enumerate(answers):
        # What stood whole before it is kept; whatever it did to the rest, the run has come to its end.
        before = TEXTS[min(_come(at, line_ends=2), len(LINES))]
        assert answer.text.startswith(before), f"byte {at}: {answer.text!r}"
        assert answer.error is not None or answer.finish_reason is not None or answer.text
