"""Runs on the engine, and the Python interface above them."""

from __future__ import annotations

import asyncio
import contextvars
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest

import zenmux_magic as zm
from tests.support.gateway import (
    KEY,
    Gateway,
    Reply,
    Send,
    WaitFor,
    chunk,
    error,
    fault,
    sse,
    streaming,
)
from zenmux_magic.asking import Call
from zenmux_magic.client import Secret
from zenmux_magic.completion import Completion
from zenmux_magic.engine import Engine, shared
from zenmux_magic.errors import (
    ArgumentError,
    ConnectionFailed,
    ServiceError,
    SettingsError,
    StreamBroken,
)
from zenmux_magic.events import Event, Failure, Finish, Opened, TextDelta
from zenmux_magic.markdown import Reader
from zenmux_magic.request import Request
from zenmux_magic.run import Answer
from zenmux_magic.views import Controls, NullView
from zenmux_magic.views.document import DocumentView

SO_FAR = "So far, so good"
VARIABLES = ("API_KEY", "API_KEY_FILE", "BASE_URL", "MODEL")


@pytest.fixture(autouse=True)
def _settings(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in VARIABLES:
        monkeypatch.delenv(f"ZENMUX_{name}", raising=False)
    monkeypatch.setenv("ZENMUX_API_KEY", KEY)
    monkeypatch.setenv("ZENMUX_BASE_URL", gateway.base_url)
    yield
    shared().stop()


@pytest.fixture
def engine() -> Iterator[Engine]:
    running = Engine()
    yield running
    running.stop()


def call(gateway: Gateway, model: str = "demo/echo", **fields: Any) -> Call:
    messages = ({"role": "user", "content": "Hi"},)
    # The direct way: importing `openai` would only make these tests slower.
    request = Request(model, messages, base_url=gateway.base_url, transport="direct", **fields)
    return Call(request, Secret(KEY))


class Watch(NullView):
    """A view that remembers, and says when the first text has come."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []
        self.text_came = threading.Event()
        self.opened = threading.Event()

    def open(self, requests: Sequence[Request], controls: Controls) -> None:
        self.seen.append(("open", [request.model for request in requests]))
        self.opened.set()

    def event(self, column: int, event: Event) -> None:
        self.seen.append(("event", column, type(event).__name__))
        if isinstance(event, TextDelta):
            self.text_came.set()

    async def settle(self, completions: Sequence[Completion]) -> None:
        self.seen.append(("settle", [answer.text for answer in completions]))


# Runs.


def test_a_run_feeds_its_view(engine: Engine, gateway: Gateway) -> None:
    gateway.default = streaming("Hello", pieces=5, usage=None)
    view = Watch()
    [answer] = Answer(engine, [call(gateway)], view).result()
    assert (answer.text, answer.finish_reason) == ("Hello", "stop")
    kinds = ["Opened", "Identified", "TextDelta", "Finish"]
    assert view.seen == [
        ("open", ["demo/echo"]),
        *(("event", 0, kind) for kind in kinds),
        ("settle", ["Hello"]),
    ]


def test_columns_keep_their_order(engine: Engine, gateway: Gateway) -> None:
    gateway.route = lambda asked: streaming(f"from {asked.model}")
    models = [f"m/{n}" for n in range(6)]
    answers = Answer(engine, [call(gateway, model) for model in models], NullView()).result()
    assert [answer.text for answer in answers] == [f"from {model}" for model in models]


def test_one_column_fails_the_others_go_on(engine: Engine, gateway: Gateway) -> None:
    gateway.route = lambda asked: (
        error(402, "insufficient_credit", "No.") if asked.model == "m/1" else streaming("fine")
    )
    calls = [call(gateway, f"m/{n}") for n in range(3)]
    answers = Answer(engine, calls, NullView()).result()
    assert [answer.error is None for answer in answers] == [True, False, True]


def test_stop_in_the_middle(engine: Engine, gateway: Gateway) -> None:
    gateway.default = fault("silence", SO_FAR)
    view = Watch()
    answer = Answer(engine, [call(gateway)], view)
    assert view.text_came.wait(10)
    answer.stop()
    answer.stop()
    [completion] = answer.result()
    assert SO_FAR.startswith(completion.text)
    assert completion.text
    assert (completion.finish_reason, completion.error) == ("stopped", None)
    assert [row for row in view.seen if row[-1] in ("Finish", "Failure")] == [
        ("event", 0, "Finish")
    ]
    gateway.wait_departure(1)
    gateway.wait_closed(0)
    answer.stop()
    assert answer.result() == (completion,)


def test_stop_before_the_first_token(engine: Engine, gateway: Gateway) -> None:
    gateway.default = fault("silence before the head")
    answer = Answer(engine, [call(gateway)], NullView())
    gateway.wait_for_request(1)
    answer.stop()
    [completion] = answer.result()
    assert (completion.text, completion.finish_reason, completion.error) == ("", "stopped", None)
    gateway.wait_departure(1)


def test_stop_before_anything_is_sent(engine: Engine, gateway: Gateway) -> None:
    go = threading.Event()
    engine.start()[0].call_soon_threadsafe(go.wait)  # the loop is busy: nothing begins
    answer = Answer(engine, [call(gateway)], NullView())
    answer.stop()
    go.set()
    [completion] = answer.result()
    assert (completion.finish_reason, completion.error) == ("stopped", None)
    assert not gateway.requests


def test_stop_between_two_attempts(engine: Engine, gateway: Gateway) -> None:
    gateway.default = error(429, "rate_limit", "Slow.", headers={"retry-after": "50"})
    retrying = threading.Event()

    class Wait(NullView):
        def event(self, column: int, event: Event) -> None:
            retrying.set()

    answer = Answer(engine, [call(gateway)], Wait())
    assert retrying.wait(10)
    answer.stop()
    [completion] = answer.result()
    assert (completion.finish_reason, completion.error) == ("stopped", None)
    assert len(gateway.chats) == 1


def test_stop_one_column(engine: Engine, gateway: Gateway) -> None:
    go = threading.Event()
    rest = sse(chunk("b"), chunk({}, finish_reason="stop"))
    late = Reply(steps=[Send(sse(chunk("a"), done=False)), WaitFor(go), Send(rest)])
    gateway.route = lambda asked: late if asked.model == "m/0" else fault("silence", "x")
    first_ended = threading.Event()

    class EndOfSecond(Watch):
        def event(self, column: int, event: Event) -> None:
            super().event(column, event)
            if column == 1 and isinstance(event, Finish):
                first_ended.set()

    view = EndOfSecond()
    answer = Answer(engine, [call(gateway, "m/0"), call(gateway, "m/1")], view)
    assert view.text_came.wait(10)
    answer.stop(1)
    assert first_ended.wait(10)
    assert not answer.done
    go.set()
    going, stopped = answer.result()
    assert (going.text, going.finish_reason) == ("ab", "stop")
    assert stopped.finish_reason == "stopped"


def test_a_stop_that_comes_after_the_end_changes_nothing(engine: Engine, gateway: Gateway) -> None:
    class StopAtTheEnd(Watch):
        def open(self, requests: Sequence[Request], controls: Controls) -> None:
            self.controls = controls

        def event(self, column: int, event: Event) -> None:
            super().event(column, event)
            if isinstance(event, Finish):
                self.controls.stop()

    view = StopAtTheEnd()
    [completion] = Answer(engine, [call(gateway)], view).result()
    assert completion.finish_reason == "stop"
    assert [row for row in view.seen if row[-1] == "Finish"] == [("event", 0, "Finish")]


def test_interrupt(engine: Engine, gateway: Gateway) -> None:
    gateway.default = fault("silence", SO_FAR)
    view = Watch()
    answer = Answer(engine, [call(gateway)], view)
    assert view.text_came.wait(10)
    answer.interrupt()
    answer.stop()
    [completion] = answer.result()
    assert completion.text
    assert completion.finish_reason is None
    assert completion.error is not None
    assert completion.error.kind == "Interrupted"
    gateway.wait_departure(1)


def test_a_view_that_fails_does_not_cost_the_answer(engine: Engine, gateway: Gateway) -> None:
    class Broken(NullView):
        def event(self, column: int, event: Event) -> None:
            raise ZeroDivisionError("drawn badly")

    answer = Answer(engine, [call(gateway)], Broken())
    [completion] = answer.result()
    assert completion.text == "Hello from the stand-in gateway."
    assert isinstance(answer.view_error, ZeroDivisionError)


def test_a_view_that_failed_settles_all_the_same(engine: Engine, gateway: Gateway) -> None:
    class Broken(Watch):
        def event(self, column: int, event: Event) -> None:
            raise ZeroDivisionError("drawn badly")

    view = Broken()
    answer = Answer(engine, [call(gateway)], view)
    answer.result()
    assert view.seen[-1] == ("settle", ["Hello from the stand-in gateway."])
    assert isinstance(answer.view_error, ZeroDivisionError)


class Published:
    """A publisher that keeps what it is given."""

    def __init__(self) -> None:
        self.data: list[dict[str, Any]] = []

    def publish(self, data: dict[str, Any], *_: object, **__: object) -> None:
        self.data.append(data)


class Held(Reader):
    """Begins to read a settled answer, and ends when it is let go."""

    begun, go = threading.Event(), threading.Event()

    def settled(self, text: str) -> str:
        self.begun.set()
        return super().settled(text) if self.go.wait(10) else "not let go"


@pytest.fixture
def held() -> Held:
    Held.begun.clear()
    Held.go.clear()
    return Held()


def test_others_stream_while_one_settles(engine: Engine, gateway: Gateway, held: Held) -> None:
    published = Published()
    settling = Answer(engine, [call(gateway)], DocumentView(published, held))
    assert held.begun.wait(10)
    assert Answer(engine, [call(gateway)], NullView()).result()[0].finish_reason == "stop"
    assert not settling.done
    held.go.set()
    assert settling.result()[0].finish_reason == "stop"
    assert ">Hello from the stand-in gateway.</p>" in published.data[-1]["text/html"]


def test_names_that_are_looked_up_for_long_hold_no_answer_up(
    engine: Engine, gateway: Gateway
) -> None:
    loop, _ = engine.start()
    go, published = threading.Event(), Published()

    async def full(_: object) -> None:  # as when a resolver hangs: look-ups are done on this pool
        for _ in range(64):
            loop.run_in_executor(None, go.wait)

    engine.submit(full).result()
    answer = Answer(engine, [call(gateway)], DocumentView(published))
    try:
        assert wait([answer._future], timeout=10).done
    finally:
        go.set()
    assert ">Hello from the stand-in gateway.</p>" in published.data[-1]["text/html"]


def test_what_settles_when_the_engine_stops_is_kept(
    engine: Engine, gateway: Gateway, held: Held
) -> None:
    waits = threading.Event()

    async def let_go(_: object) -> None:
        waits.set()
        try:
            await asyncio.Event().wait()
        finally:  # all tasks are cancelled at once
            held.go.set()

    published = Published()
    settling = Answer(engine, [call(gateway)], DocumentView(published, held))
    engine.submit(let_go)
    assert waits.wait(10)
    assert held.begun.wait(10)
    engine.stop()
    assert settling.result()[0].finish_reason == "stop"
    assert ">Hello from the stand-in gateway.</p>" in published.data[-1]["text/html"]


def test_what_a_run_publishes_belongs_to_the_cell_that_began_it(
    engine: Engine, gateway: Gateway
) -> None:
    cell = contextvars.ContextVar("cell", default="none")
    seen: list[str] = []

    class Context(NullView):
        async def settle(self, completions: Sequence[Completion]) -> None:
            seen.append(cell.get())

    for name in ("first", "second"):
        cell.set(name)
        Answer(engine, [call(gateway)], Context()).result()
    assert seen == ["first", "second"]


def test_an_answer_is_awaited_on_any_loop(engine: Engine, gateway: Gateway) -> None:
    async def one() -> Any:
        return await Answer(engine, [call(gateway)], NullView())

    async def two() -> Any:
        return await Answer(engine, [call(gateway), call(gateway)], NullView())

    assert asyncio.run(one()).finish_reason == "stop"
    assert len(asyncio.run(two())) == 2


def test_cancelling_the_wait_leaves_the_run_alone(engine: Engine, gateway: Gateway) -> None:
    gateway.default = fault("silence", SO_FAR)
    view = Watch()
    answer = Answer(engine, [call(gateway)], view)

    async def give_up() -> None:
        waiting = asyncio.create_task(answer.wait())
        await asyncio.to_thread(view.text_came.wait, 10)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(give_up())
    assert not answer.done
    answer.stop()
    assert answer.result()[0].finish_reason == "stopped"


# The engine.


def test_the_engine_starts_again(gateway: Gateway) -> None:
    engine = Engine()
    assert not engine.running
    for _ in range(2):
        assert Answer(engine, [call(gateway)], NullView()).result()[0].finish_reason == "stop"
        assert engine.running
        engine.stop()
        engine.stop()
        assert not engine.running
        gateway.wait_closed(0)
    assert not [one for one in threading.enumerate() if one.name.startswith("zenmux-")]


def test_stopping_the_engine_ends_what_runs(gateway: Gateway) -> None:
    gateway.default = fault("silence", SO_FAR)
    engine, view = Engine(), Watch()
    answer = Answer(engine, [call(gateway)], view)
    assert view.text_came.wait(10)
    engine.stop()
    gateway.wait_departure(1)
    assert answer.done
    answer.stop()
    [completion] = answer.result()
    assert completion.finish_reason == "stopped"
    assert completion.text
    assert view.seen[-1] == ("settle", [completion.text])


def test_stopping_the_engine_waits_for_its_pool() -> None:
    engine, began, order = Engine(), threading.Event(), list[str]()
    loop, pool = engine.start()

    def work() -> None:
        began.set()
        while not loop.is_closed():
            time.sleep(0.001)
        time.sleep(0.1)  # time in which a stop that does not wait returns
        order.append("worked")

    pool.submit(work)
    assert began.wait(10)
    engine.stop()
    order.append("stopped")
    assert order == ["worked", "stopped"]
    assert not [one for one in threading.enumerate() if one.name.startswith("zenmux-")]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python warns about any fork with threads")
def test_a_fork_starts_an_engine_of_its_own(engine: Engine, gateway: Gateway) -> None:
    assert Answer(engine, [call(gateway)], NullView()).result()[0].text
    child = os.fork()
    if child == 0:
        try:
            text = Answer(engine, [call(gateway)], NullView()).result()[0].text
            os._exit(0 if text else 2)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert Answer(engine, [call(gateway)], NullView()).result()[0].text


# The Python interface.


def test_ask(gateway: Gateway) -> None:
    answer = asyncio.run(zm.ask("Say hello.", model="a/b"))
    assert answer.text == "Hello from the stand-in gateway."
    assert gateway.chats[0].prompt == "Say hello."
    assert gateway.chats[0].model == "a/b"


def test_ask_sync_with_every_option(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Notes.\n")
    answer = zm.ask_sync(
        "{{ as it is }}",
        model="a/b",
        system="Be brief.",
        file=[str(tmp_path / "notes.txt")],
        temperature=0.2,
        max_tokens=80,
        reasoning="low",
        param={"stop": ["END"], "x": {"a": 1}},
        timeout=5,
        transport="direct",
    )
    assert answer.finish_reason == "stop"
    [asked] = gateway.chats
    system, user = asked.json["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    assert user["content"].startswith("Notes.")
    assert user["content"].endswith("{{ as it is }}")
    standing = {"model", "messages", "stream", "stream_options"}
    assert {k: v for k, v in asked.json.items() if k not in standing} == {
        "temperature": 0.2,
        "max_completion_tokens": 80,
        "reasoning_effort": "low",
        "stop": ["END"],
        "x": {"a": 1},
    }


def test_ask_sync_inside_a_loop(gateway: Gateway) -> None:
    async def inside() -> str:
        return zm.ask_sync("Hi", transport="direct").text

    assert asyncio.run(inside()) == "Hello from the stand-in gateway."


def test_another_base_url_gets_no_key(gateway: Gateway) -> None:
    with Gateway(check_key=False) as other:
        assert zm.ask_sync("Hi", base_url=other.base_url, transport="direct").text
        assert "authorization" not in other.chats[0].headers
    assert not gateway.requests


async def read(**options: Any) -> list[Event]:
    return [event async for event in zm.stream("Hi", transport="direct", **options)]


def test_stream(gateway: Gateway) -> None:
    gateway.default = streaming("Hello", pieces=1)
    events = asyncio.run(read(model="a/b"))
    assert isinstance(events[0], Opened)
    assert isinstance(events[-1], Finish)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Hello"


def test_a_stream_that_fails_ends_with_a_failure(gateway: Gateway) -> None:
    gateway.default = fault("reset", SO_FAR)
    events = asyncio.run(read())
    assert isinstance(events[-1], Failure)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == SO_FAR


def test_leaving_a_stream_ends_the_request(gateway: Gateway) -> None:
    gateway.default = fault("silence", SO_FAR)

    async def leave() -> None:
        async for event in zm.stream("Hi", transport="direct"):
            if isinstance(event, TextDelta):
                break

    asyncio.run(leave())
    gateway.wait_departure(1)


def test_a_stream_whose_request_cannot_be_written_raises(gateway: Gateway) -> None:
    for value in (object(), float("nan"), "half a character \ud83d"):
        with pytest.raises(ArgumentError, match="The request cannot be written as JSON: "):
            asyncio.run(read(param={"x": value}))
    assert not gateway.requests


def test_a_stream_does_not_outlive_the_engine(gateway: Gateway) -> None:
    gateway.default = fault("silence", SO_FAR)

    async def lose_the_engine() -> Event:
        async for event in zm.stream("Hi", transport="direct"):
            if isinstance(event, TextDelta):
                await asyncio.to_thread(shared().stop)
        return event

    last = asyncio.run(lose_the_engine())
    assert isinstance(last, Finish)
    assert last.reason == "stopped"


def test_cancelling_ask_ends_the_request(gateway: Gateway) -> None:
    gateway.default = fault("silence before the head")

    async def cancel() -> None:
        asking = asyncio.create_task(zm.ask("Hi", transport="direct"))
        await asyncio.to_thread(gateway.wait_for_request, 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(cancel())
    gateway.wait_departure(1)


@pytest.mark.parametrize(
    ("reply", "kind", "text"),
    [
        (error(402, "insufficient_credit", "No."), ServiceError, ""),
        (fault("reset", SO_FAR), StreamBroken, SO_FAR),
    ],
)
def test_ask_raises_with_what_had_come(
    gateway: Gateway, reply: Reply, kind: type[ServiceError | StreamBroken], text: str
) -> None:
    gateway.default = reply
    for ask in (lambda: asyncio.run(zm.ask("Hi")), lambda: zm.ask_sync("Hi")):
        with pytest.raises(kind) as caught:
            ask()
        assert caught.value.completion is not None
        assert caught.value.completion.text == text
        assert caught.value.completion.error == caught.value.error
        # A cause would bring the network's stack trace back.
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_nobody_listens() -> None:
    with pytest.raises(ConnectionFailed, match="Is a server running there"):
        zm.ask_sync("Hi", base_url="http://127.0.0.1:1/v1", transport="direct")


def test_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZENMUX_API_KEY")
    monkeypatch.setenv("ZENMUX_BASE_URL", "https://model.invalid/v1")
    with pytest.raises(SettingsError, match=r"/v1, which anthropic/claude-haiku-4\.5 needs"):
        zm.ask_sync("Hi")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": " "}, "Give it as the first argument"),
        ({"model": []}, "Leave `model` out for the default model"),
        ({"max_tokens": 0}, "max_tokens=0 cannot be: it takes a number above 0"),
        ({"max_tokens": "many"}, "max_tokens=many cannot be"),
        ({"timeout": -1}, "timeout=-1 cannot be"),
        ({"reasoning": "huge"}, "reasoning='huge' cannot be: it takes one of none, minimal, low"),
        ({"transport": "pigeon"}, "it takes one of openai, direct"),
        ({"file": "nowhere.txt"}, "The file nowhere.txt cannot be used"),
    ],
)
def test_what_a_line_would_refuse_is_refused(
    gateway: Gateway, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(zm.ZenMuxError) as caught:
        zm.ask_sync(**{"text": "Hi", **given})
    assert said in str(caught.value)
    assert gateway.chats == []


def test_a_file_may_stand_alone(gateway: Gateway, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Summarise this.")
    zm.ask_sync("", file=path)
    assert gateway.chats[0].prompt == "Summarise this."


def test_an_option_that_does_not_exist() -> None:
    with pytest.raises(TypeError, match="max"):
        zm.ask_sync("Hi", max=5)


def test_the_public_face() -> None:
    assert {name: getattr(zm, name) is not None for name in zm.__all__} == dict.fromkeys(
        zm.__all__, True
    )
    with pytest.raises(AttributeError, match="has no attribute 'asq'"):
        zm.asq  # noqa: B018
