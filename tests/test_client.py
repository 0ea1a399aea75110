"""The client on a real loopback server: bytes on a socket in, events out, through both transports."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import anyio
import pytest

from tests.support.gateway import (
    KEY,
    REQUEST_ID,
    Close,
    Endless,
    Gateway,
    Head,
    Pause,
    Raw,
    Reply,
    Reset,
    Send,
    WaitFor,
    chunk,
    error,
    fault,
    sse,
    streaming,
)
from zenmux_magic import __version__
from zenmux_magic.client import Connections, Secret, faults, stream
from zenmux_magic.client.listing import get_json
from zenmux_magic.client.silence import Silence as Nothing
from zenmux_magic.client.silence import Watch
from zenmux_magic.completion import Completion, fold
from zenmux_magic.errors import ErrorInfo, RequestError
from zenmux_magic.events import Event, Failure, Finish, Opened, Retrying, TextDelta, Usage
from zenmux_magic.request import Request, TransportName

SECRET = Secret(KEY)
TRANSPORTS: tuple[TransportName, ...] = ("openai", "direct")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> TransportName:
    found: TransportName = request.param
    return found


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def asked(gateway: Gateway, transport: TransportName) -> Request:
    """A request to the stand-in, to be varied."""
    return Request(
        "demo/echo",
        ({"role": "user", "content": "Hi"},),
        base_url=gateway.base_url,
        transport=transport,
        timeout_s=10.0,
        first_byte_timeout_s=10.0,
    )


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


# Good answers.

ODD = 'naïve 日本語 🙂 a\u2028b\u2029c\u0085d\x0be\ufefff "q" \\ \x00 \r\n\ttail\n\n'


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


# What goes over the wire.


def test_the_request(gateway: Gateway, asked: Request, transport: TransportName) -> None:
    answer_to(asked)
    [got] = gateway.requests
    assert (got.method, got.path, got.query) == ("POST", "/api/v1/chat/completions", {})
    assert got.json == {
        "model": "demo/echo",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert got.headers["authorization"] == f"Bearer {KEY}"
    assert got.headers["user-agent"] == f"zenmux-magic/{__version__}"
    assert got.headers["accept"] == "text/event-stream"
    assert got.headers["content-type"] == "application/json"
    known = {"host", "accept-encoding", "connection", "content-length"}
    # How the `openai` package marks that its raw response is asked for.
    known |= {"x-stainless-raw-response"} if transport == "openai" else set()
    said = {"authorization", "user-agent", "accept", "content-type"}
    assert set(got.headers) == known | said


@pytest.mark.parametrize(
    "params",
    [
        {"temperature": 0.2, "max_completion_tokens": 800, "reasoning_effort": "low"},
        {"temperature": 0, "top_p": 1.0, "stop": ["a b", "\n"], "x": {"a": [1, None, "é"]}},
        {"reasoning": {"enabled": True}, "provider": {"routing": {"type": "order"}}},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]},
        {"n": 1, "seed": None, "logit_bias": {"50256": -100}, "web_search_options": {}},
    ],
)
def test_fields_go_as_they_were_asked_for(
    gateway: Gateway, asked: Request, params: dict[str, Any]
) -> None:
    answer_to(replace(asked, params=params))
    standing = {"model", "messages", "stream", "stream_options"}
    assert {k: v for k, v in gateway.chats[0].json.items() if k not in standing} == params


@pytest.mark.parametrize(
    "content",
    [
        ODD,
        '{"a": 1} \\frac{1}{2} \\section{% c {%d} {} $x %d {{ secret }}\r\n\n',
        [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "AA=="}, "odd": 1},
        ],
    ],
    ids=["odd text", "no template", "parts"],
)
def test_messages_go_as_they_are(gateway: Gateway, asked: Request, content: Any) -> None:
    messages = ({"role": "system", "content": "S"}, {"role": "user", "content": content})
    answer_to(replace(asked, messages=messages))
    assert gateway.chats[0].json["messages"] == list(messages)


def test_variables_of_the_openai_package_do_not_leak(
    gateway: Gateway, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Gateway(check_key=False) as other:
        for name in ("API_KEY", "ORG_ID", "PROJECT_ID", "ADMIN_KEY", "WEBHOOK_SECRET"):
            monkeypatch.setenv(f"OPENAI_{name}", "leak-me")
        monkeypatch.setenv("OPENAI_BASE_URL", other.base_url)
        monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Leak: leak-me\nAuthorization: leak-me")
        assert answer_to(asked).text
        assert not other.requests
        assert "leak-me" not in str(gateway.requests[0])


def test_without_a_key_none_is_sent(
    gateway: Gateway, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "leak-me")
    gateway.check_key = False
    assert answer_to(asked, key=None).text
    assert "authorization" not in gateway.requests[0].headers


def test_a_key_goes_with_its_own_request(gateway: Gateway, asked: Request) -> None:
    gateway.check_key = False

    async def three() -> None:
        async with connected() as connections:
            for key in (Secret("sk-one"), None, Secret("sk-two")):
                assert [event async for event in stream(asked, key, connections)]

    asyncio.run(three())
    sent = [got.headers.get("authorization") for got in gateway.chats]
    assert sent == ["Bearer sk-one", None, "Bearer sk-two"]


def test_loopback_needs_no_proxy(
    gateway: Gateway, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PROXIES[:3]:
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert answer_to(asked).text
    assert answer_to(replace(asked, base_url=asked.base_url.replace("127.0.0.1", "localhost"))).text


def test_elsewhere_the_proxy_is_used(
    gateway: Gateway, asked: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", gateway.base_url.removesuffix("/api/v1"))
    assert answer_to(replace(asked, base_url="http://model.invalid/api/v1")).text
    assert gateway.chats[0].headers["host"] == "model.invalid"


def test_a_proxy_that_cannot_be_used(asked: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://me:hunter2@127.0.0.1:1")
    problem = failure_of(replace(asked, base_url="http://model.invalid/api/v1"))
    assert "Check the variables HTTPS_PROXY, ALL_PROXY" in problem.message
    assert "hunter2" not in problem.message


def check(problem: ErrorInfo | None, expected: tuple[str, str | None, int | None, str]) -> None:
    assert problem is not None
    kind, type_, status, words = expected
    assert (problem.kind, problem.type, problem.status) == (kind, type_, status)
    assert words in problem.message
    assert "\n" not in str(problem)


# Trying again.


def test_a_second_attempt_succeeds(gateway: Gateway, asked: Request) -> None:
    gateway.enqueue(error(502, "provider_error", "Gone."), streaming("Hello"))
    naps = Naps()
    events = events_of(asked, naps=naps)
    first, opened, *_, last = events
    assert isinstance(first, Retrying)
    assert (first.attempt, first.delay_s, first.error.status) == (1, 0.5, 502)
    assert isinstance(opened, Opened)
    assert last == Finish(last.at_s, "stop")
    assert fold(asked, events).text == "Hello"
    assert naps.taken == [0.5]
    assert gateway.chats[0].body == gateway.chats[1].body


def test_the_service_says_when(gateway: Gateway, asked: Request) -> None:
    gateway.enqueue(error(429, "rate_limit", "Slow.", headers={"retry-after": "7"}), streaming("a"))
    naps = Naps()
    assert isinstance(events_of(asked, naps=naps)[-1], Finish)
    assert naps.taken == [7.0]


def test_the_service_names_a_date(gateway: Gateway, asked: Request) -> None:
    when = datetime.now(timezone.utc) + timedelta(seconds=50)
    fields = {"retry-after": format_datetime(when, usegmt=True)}
    gateway.enqueue(error(503, "oops", "Slow.", headers=fields), streaming("a"))
    naps = Naps()
    assert isinstance(events_of(asked, naps=naps)[-1], Finish)
    [nap] = naps.taken
    assert 0 < nap <= 50  # without the header it would have been 0.5
    assert nap > 1


def test_no_more_than_was_allowed(gateway: Gateway, asked: Request) -> None:
    gateway.default = error(503, "oops", "Gone.")
    naps = Naps()
    events = events_of(replace(asked, max_retries=2), naps=naps)
    assert [type(event) for event in events] == [Retrying, Retrying, Failure]
    assert naps.taken == [0.5, 1.0]
    assert len(gateway.chats) == 3


# No connection.


@contextmanager
def speaking(answer: bytes) -> Iterator[int]:
    """A port where somebody answers every connection with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stopping = threading.Event()

        def serve() -> None:
            while True:
                peer, _ = server.accept()
                with peer:
                    if stopping.is_set():
                        return
                    peer.recv(65536)
                    peer.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        stopping.set()
        socket.create_connection(server.getsockname()).close()
        thread.join()


def test_nobody_listens(asked: Request) -> None:
    naps = Naps()
    events = events_of(replace(asked, base_url="http://127.0.0.1:1/v1"), naps=naps)
    last = events[-1]
    assert isinstance(last, Failure)
    check(
        last.error,
        ("ConnectionFailed", None, None, "Is a server running there? Check the base URL."),
    )
    assert "No connection to http://127.0.0.1:1/v1 (" in last.error.message
    assert naps.taken == [0.5, 1.0, 2.0]


def test_a_name_that_does_not_exist(asked: Request) -> None:
    problem = failure_of(replace(asked, base_url="http://no-such-host.invalid/v1"))
    check(problem, ("ConnectionFailed", None, None, "without a network, %zenmux local works"))


def test_no_tls_there(asked: Request) -> None:
    naps = Naps()
    with speaking(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        request = replace(asked, base_url=f"https://127.0.0.1:{port}/v1")
        last = events_of(request, naps=naps)[-1]
    assert isinstance(last, Failure)
    check(
        last.error, ("ConnectionFailed", None, None, "a server without TLS is reached with http://")
    )
    assert naps.taken == []


def test_a_certificate_that_is_not_trusted() -> None:
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
    outer = RuntimeError("Connection error.")
    outer.__cause__ = cause
    problem = faults.from_network(outer, url="https://a/v1", key=None)
    assert "point SSL_CERT_FILE at its certificate" in problem.message
    assert faults.permanent(outer)


def test_an_address_that_does_not_answer() -> None:
    async def wait() -> Exception:
        try:
            with anyio.fail_after(0):
                await anyio.sleep_forever()
        except TimeoutError as error:
            return error
        raise AssertionError("it did not time out")

    problem = faults.from_network(asyncio.run(wait()), url="https://a/v1", key=None)
    assert problem.message.startswith("No connection to https://a/v1 (no answer in time).")


# Silence.

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
    waiting = [step for _ in range(5) for step in (Send(COMMENT), Pause(0.3))]
    gateway.default = Reply(steps=[*waiting, Send(GOOD)])
    assert answer_to(replace(asked, timeout_s=1.0, first_byte_timeout_s=1.0)).text == "Hello"


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
    events = events_of(asked, clock=lambda: 200 * time.monotonic())
    answer = fold(asked, events)
    assert answer.text == told
    words = "for 60 s came only signs of life (--timeout allows more)"
    check(answer.error, ("StreamBroken", None, None, words))
    assert len(gateway.chats) == 1
    gateway.wait_departure(1)


@pytest.mark.parametrize("name", ["silence", "silence before the head", "silence after the head"])
def test_a_silent_service_is_left(gateway: Gateway, asked: Request, name: str) -> None:
    gateway.default = fault(name)
    assert failure_of(replace(asked, timeout_s=0.3, first_byte_timeout_s=0.3))
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


# Leaving early.


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


# One GET that is no stream.


def test_get_json(gateway: Gateway) -> None:
    models = asyncio.run(get_json(f"{gateway.base_url}/models", SECRET))
    assert models["object"] == "list"
    [got] = gateway.requests
    assert got.headers["user-agent"] == f"zenmux-magic/{__version__}"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (error(503, "oops", "Gone."), "The service failed"),
        (Reply(200, {}, [Send(b"<html>")], "length"), "answered with no JSON"),
        (Reply(200, {}, [Reset()]), "No connection to"),
        (Reply(302, {"location": "http://elsewhere.invalid/"}), "redirects to http://elsewhere"),
        (Reply(302, {"location": "http://[::1"}), r"redirects to http://\[::1"),
        (Reply(200, {}, [Send(b"[" * 100_000)], "length"), "answered with no JSON"),
        (Reply(200, {}, [Endless(b"[" * 60_000, 0.0)]), "answered with no JSON"),
        (Reply(200, {"content-encoding": "br"}, [Send(b"x")]), "compressed as br"),
        (Reply(framing="none", steps=[Raw(b"nonsense\r\n\r\n"), Close()]), "is not HTTP"),
    ],
)
def test_get_json_fails_in_one_line(gateway: Gateway, reply: Reply, words: str) -> None:
    gateway.models = reply
    with pytest.raises(RequestError, match=words) as caught:
        asyncio.run(get_json(f"{gateway.base_url}/models", None))
    assert "\n" not in str(caught.value)
    assert caught.value.__context__ is None
