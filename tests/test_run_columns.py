"""Several columns at once: independent, stopped and asked again one by one, within limits."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import environment
from tests.support.gateway import (
    KEY,
    Gateway,
    Recorded,
    Reply,
    Send,
    WaitFor,
    chunk,
    error,
    sse,
    streaming,
)
from zenmux_magic.asking import Call
from zenmux_magic.client import Secret
from zenmux_magic.comparison import Comparison
from zenmux_magic.completion import Completion
from zenmux_magic.cost import Cost
from zenmux_magic.engine import Engine
from zenmux_magic.events import Event, Finish, Queued, Started, TextDelta
from zenmux_magic.limiter import Limiter
from zenmux_magic.request import Request
from zenmux_magic.run import Answer, failure_of
from zenmux_magic.views import Controls, NullView


@pytest.fixture
def engine() -> Iterator[Engine]:
    running = Engine()
    yield running
    running.stop()


def calls(gateway: Gateway, *models: str, **more: Any) -> list[Call]:
    messages = ({"role": "user", "content": "Hi"},)
    fields = {"base_url": gateway.base_url, "transport": "direct", "max_retries": 0}
    requests = [Request(model, messages, **fields) for model in models]
    return [Call(request, Secret(KEY), **more) for request in requests]


class Watch(NullView):
    """Remembers what each column did, in order, and lets a test wait for it."""

    def __init__(self) -> None:
        self.log: list[tuple[int, str]] = []
        self._changed = threading.Condition()

    def open(self, requests: Sequence[Request], controls: Controls) -> None:
        self.controls = controls

    def event(self, column: int, event: Event) -> None:
        self._note(column, event.text if isinstance(event, TextDelta) else type(event).__name__)

    def restart(self, column: int) -> None:
        self._note(column, "restart")

    def wait(self, column: int, what: str, count: int = 1) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.log.count((column, what)) >= count, 60), (
                self.log
            )

    def of(self, column: int) -> list[str]:
        return [what for number, what in self.log if number == column]

    def _note(self, column: int, what: str) -> None:
        with self._changed:
            self.log.append((column, what))
            self._changed.notify_all()


def held(text: str, go: threading.Event) -> Reply:
    steps = [
        Send(sse(chunk(text), done=False)),
        WaitFor(go),
        Send(sse(chunk(finish_reason="stop"))),
    ]
    return Reply(steps=steps)


def by_model(replies: dict[str, Reply]) -> Any:
    return lambda asked: replies[asked.model]


def test_all_columns_start_at_once_and_none_waits_for_another(
    engine: Engine, gateway: Gateway
) -> None:
    slow = threading.Event()
    gateway.route = by_model({"a/slow": held("S", slow), "b/fast": streaming("Fast.")})
    view = Watch()
    answer = Answer(engine, calls(gateway, "a/slow", "b/fast"), view)
    view.wait(1, "Finish")
    view.wait(0, "S")
    assert not answer.done
    slow.set()
    assert [one.text for one in answer.result()] == ["S", "Fast."]


def test_failures_stay_in_their_column(engine: Engine, gateway: Gateway) -> None:
    gateway.route = by_model(
        {
            "a/refused": error(403, "access_denied", "No."),
            "b/cut": Reply(steps=[Send(sse(chunk("Half an "), done=False))]),
            "c/whole": streaming("Whole."),
        }
    )
    refused, cut, whole = Answer(
        engine, calls(gateway, "a/refused", "b/cut", "c/whole"), NullView()
    ).result()
    assert refused.error is not None
    assert refused.error.type == "access_denied"
    assert (cut.text, cut.error is None) == ("Half an ", False)
    assert (whole.text, whole.error) == ("Whole.", None)


def test_one_column_is_stopped_and_the_rest_goes_on(engine: Engine, gateway: Gateway) -> None:
    go = threading.Event()
    gateway.route = by_model({"a/x": held("A", go), "b/y": held("B", go)})
    view = Watch()
    answer = Answer(engine, calls(gateway, "a/x", "b/y"), view)
    view.wait(0, "A")
    view.wait(1, "B")
    view.controls.stop(0)
    view.wait(0, "Finish")
    assert not answer.done
    go.set()
    assert [one.finish_reason for one in answer.result()] == ["stopped", "stop"]


def test_refused_cut_and_silent_columns_are_each_asked_again(
    engine: Engine, gateway: Gateway
) -> None:
    go, never = threading.Event(), threading.Event()
    first = {
        "b/refused": error(403, "access_denied", "No."),
        "c/cut": Reply(steps=[Send(sse(chunk("Half"), done=False))]),
        "d/silent": Reply(steps=[Send(sse(chunk("So"), done=False)), WaitFor(never)]),
    }

    def route(asked: Recorded) -> Reply:
        return held("L", go) if asked.model == "a/long" else first.pop(asked.model, at_once)

    gateway.route = route
    planned = calls(gateway, "a/long", *first)
    # One write: the short time-out is not for the second answer.
    at_once = Reply(steps=[Send(sse(chunk("Now."), chunk(finish_reason="stop")))])
    planned[3] = replace(planned[3], request=replace(planned[3].request, timeout_s=0.3))
    view = Watch()
    answer = Answer(engine, planned, view)
    for column in (1, 2, 3):
        view.wait(column, "Failure")
        view.controls.retry(column)
        view.wait(column, "Finish")
    never.set()
    go.set()
    rows = Comparison(answer.result()).rows()
    assert [row["text"] for row in rows] == ["L", "Now.", "Now.", "Now."]
    assert [row["error"] for row in rows] == [None] * 4


@pytest.mark.parametrize(
    "first",
    [error(403, "access_denied", "No."), Reply(steps=[Send(sse(chunk("Half"), done=False))])],
    ids=["refused", "cut"],
)
def test_a_column_is_asked_again_while_another_runs(
    engine: Engine, gateway: Gateway, first: Reply
) -> None:
    go = threading.Event()
    again = iter([first, streaming("Now.")])
    gateway.route = lambda asked: held("L", go) if asked.model == "a/long" else next(again)
    view = Watch()
    answer = Answer(engine, calls(gateway, "a/long", "b/again"), view)
    view.wait(1, "Failure")
    view.wait(0, "L")
    view.controls.retry(1)
    view.wait(1, "Finish")
    go.set()
    long, retried = answer.result()
    assert (long.text, retried.text, retried.error) == ("L", "Now.", None)
    seen = view.of(1)
    assert seen[seen.index("Failure") :][:3] == ["Failure", "restart", "Started"]
    assert [one.model for one in gateway.chats].count("b/again") == 2


def test_a_column_that_runs_or_stands_alone_is_not_asked_again(
    engine: Engine, gateway: Gateway
) -> None:
    go = threading.Event()
    gateway.route = by_model({"a/x": held("A", go), "b/y": held("B", go)})
    view = Watch()
    answer = Answer(engine, calls(gateway, "a/x", "b/y"), view)
    view.wait(0, "A")
    view.controls.retry(0)
    go.set()
    answer.result()
    view.controls.retry(0)
    assert len(gateway.chats) == 2
    assert "restart" not in view.of(0)


def test_an_interrupt_keeps_what_every_column_has(engine: Engine, gateway: Gateway) -> None:
    never = threading.Event()
    gateway.route = by_model({"a/x": held("A", never), "b/y": streaming("B")})
    view = Watch()
    answer = Answer(engine, calls(gateway, "a/x", "b/y"), view)
    view.wait(0, "A")
    view.wait(1, "Finish")
    answer.interrupt()
    cut, whole = answer.result()
    assert (cut.text, cut.error and cut.error.kind) == ("A", "Interrupted")
    assert (whole.text, whole.error) == ("B", None)


def allowing(per_window: int, window_s: float) -> tuple[Any, list[bool]]:
    """A gateway's route that allows so many requests within a window, and who was let in."""
    left: list[float] = []
    let_in: list[bool] = []

    def route(asked: Recorded) -> Reply:
        recent = [at for at in left if asked.at - at < window_s]
        left.append(asked.at)
        let_in.append(len(recent) < per_window)
        return streaming(asked.model) if let_in[-1] else error(429, "rate_limit", "Slow down.")

    return route, let_in


def test_two_comparisons_of_eight_within_ten_requests_a_window(
    engine: Engine, gateway: Gateway
) -> None:
    gateway.route, let_in = allowing(10, 0.5)
    # Longer than the service's window, as the real one is: requests travel for unlike times.
    limiter = Limiter(8, 10, window_s=2.5)
    models = [f"a/m{number}" for number in range(8)]
    views = [Watch(), Watch()]
    answers = [Answer(engine, calls(gateway, *models, limiter=limiter), view) for view in views]
    for answer in answers:
        assert [(one.text, one.error) for one in answer.result()] == [
            (name, None) for name in models
        ]
    assert let_in == [True] * 16
    queued = [what for _, what in views[1].log if what in ("Queued", "Started")]
    assert queued.count("Queued") == queued.count("Started") >= 6


def test_a_column_stopped_in_the_queue_sends_nothing(engine: Engine, gateway: Gateway) -> None:
    go = threading.Event()
    gateway.route = by_model({"a/x": held("A", go), "b/y": streaming("B")})
    view = Watch()
    answer = Answer(engine, calls(gateway, "a/x", "b/y", limiter=Limiter(1)), view)
    view.wait(0, "A")
    view.wait(1, "Queued")
    view.controls.stop(1)
    view.wait(1, "Finish")
    go.set()
    assert [one.finish_reason for one in answer.result()] == ["stop", "stopped"]
    assert [one.model for one in gateway.chats] == ["a/x"]


def test_cost_is_of_the_model_that_served(engine: Engine, gateway: Gateway) -> None:
    prices = {"a/asked": Cost(Decimal(9)), "a/served": Cost(Decimal("0.5"))}
    gateway.default = streaming("Hi", model="a/served")
    [call] = calls(gateway, "a/asked", price=lambda model, usage: prices[model])
    [answer] = Answer(engine, [call], NullView()).result()
    assert (answer.cost_usd, answer.price_unknown) == (Decimal("0.5"), False)


WHOLE = Completion(text="x", requested_model="a/x", model="a/x")


@pytest.mark.parametrize(
    ("failed", "strict", "said"),
    [
        ([False, False], True, None),
        ([True, False], False, None),
        ([True, False], True, r"1 of 2 models failed\. a/x: No\."),
        ([True, True], False, r"All 2 models failed\. No\."),
    ],
)
def test_the_cell_fails_if_every_column_did(
    failed: list[bool], strict: bool, said: str | None
) -> None:
    from zenmux_magic.errors import ErrorInfo

    broken = replace(WHOLE, error=ErrorInfo("ServiceError", "No."))
    failure = failure_of([broken if one else WHOLE for one in failed], strict=strict)
    if said is None:
        assert failure is None
    else:
        with pytest.raises(type(failure), match=said):  # type: ignore[arg-type]
            raise failure  # type: ignore[misc]


def test_events_of_a_queue_are_part_of_no_answer() -> None:
    from zenmux_magic.completion import fold

    events = [Queued(0.0, 1.0), Started(0.0), TextDelta(0.1, "x"), Finish(0.2, "stop")]
    assert fold(Request("a/x", ()), events).text == "x"


IN_ORDER = """
import sys
from tests.test_run_columns import Answer, Engine, Limiter, NullView, calls
from dataclasses import replace
from types import SimpleNamespace

assert "openai" not in sys.modules
gateway = SimpleNamespace(base_url=sys.argv[1])
limiter = Limiter(1, 0)
asked = [replace(one, request=replace(one.request, transport="openai"))
         for one in calls(gateway, "a", "b", "c", "d", limiter=limiter)]
Answer(Engine(), asked, NullView()).result()
"""


def test_columns_go_in_the_order_asked_also_while_the_package_loads(
    gateway: Gateway, tmp_path: Path
) -> None:
    gateway.default = streaming("x")
    words = [sys.executable, "-c", IN_ORDER, gateway.base_url]
    subprocess.run(words, env=environment(tmp_path), check=True, timeout=60)
    assert [one.model for one in gateway.chats] == ["a", "b", "c", "d"]
