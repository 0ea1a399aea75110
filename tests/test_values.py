"""Events, requests, completions, errors: values that fold, compare, store and show themselves."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenmux_magic.completion import Completion, Fold, fold
from zenmux_magic.errors import (
    ArgumentError,
    ConnectionFailed,
    ErrorInfo,
    Interrupted,
    RequestError,
    ServiceError,
    StreamBroken,
    ZenMuxError,
    exception_of,
)
from zenmux_magic.events import (
    Event,
    Failure,
    Finish,
    Identified,
    Opened,
    ReasoningDelta,
    Retrying,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from zenmux_magic.request import Request

ASKED = Request("asked/model", ({"role": "user", "content": "Hi"},))
BUSY = ErrorInfo("ServiceError", "Too many requests.", "rate_limit", 429, "req-0")
LOST = ErrorInfo("StreamBroken", "The connection was lost.", None, None, "req-1")


def test_an_answer() -> None:
    answer = fold(
        ASKED,
        [
            Retrying(0.1, 1, 2.0, BUSY),
            Opened(2.2, "req-1"),
            Identified(2.3, "gen-1", "served/model"),
            ReasoningDelta(2.5, "Hm"),
            ReasoningDelta(2.6, "m."),
            TextDelta(3.0, "Hel"),
            UsageReport(3.1, Usage(1, 2)),
            TextDelta(3.5, "lo\n"),
            UsageReport(4.5, Usage(12, 10, 4, 0, 22)),
            Finish(4.5, "stop"),
        ],
    )
    assert answer == Completion(
        text="Hello\n",
        reasoning="Hmm.",
        model="served/model",
        requested_model="asked/model",
        finish_reason="stop",
        usage=Usage(12, 10, 4, 0, 22),
        ttft_s=2.5,
        ttfa_s=3.0,
        duration_s=4.5,
        id="gen-1",
        request_id="req-1",
        messages=ASKED.messages,
        base_url=ASKED.base_url,
    )
    assert str(answer) == "Hello\n"
    assert answer.tokens_per_s == 5.0


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], Completion()),
        ([Finish(1.0, None)], Completion(duration_s=1.0)),
        ([Failure(1.0, BUSY)], Completion(error=BUSY, duration_s=1.0, request_id="req-0")),
        (
            [Opened(0.5, "req-1"), TextDelta(1.0, "a"), Failure(2.0, LOST)],
            Completion("a", error=LOST, ttft_s=1.0, ttfa_s=1.0, duration_s=2.0, request_id="req-1"),
        ),
        (
            [Opened(0.5, "req-1"), Failure(2.0, BUSY)],
            Completion(error=BUSY, duration_s=2.0, request_id="req-1"),
        ),
        ([TextDelta(1.0, ""), TextDelta(2.0, "a")], Completion("a", ttft_s=1.0, ttfa_s=1.0)),
        ([Identified(1.0, "x", None), Identified(2.0, None, "y")], Completion(id="x", model="y")),
        (
            [
                ToolCallDelta(1.0, 1, "b", "g", "{}"),
                ToolCallDelta(2.0, 0, "a", "f", "{"),
                ToolCallDelta(3.0, 0, None, None, "}"),
            ],
            Completion(
                ttft_s=1.0,
                tool_calls=(
                    {"id": "a", "name": "f", "arguments": "{}"},
                    {"id": "b", "name": "g", "arguments": "{}"},
                ),
            ),
        ),
    ],
)
def test_fold(events: list[Event], expected: Completion) -> None:
    told = fold(ASKED, events)
    of_the_request = {
        "requested_model": "asked/model",
        "messages": [{"role": "user", "content": "Hi"}],
        "base_url": ASKED.base_url,
    }
    model = expected.model or "asked/model"
    assert told.to_dict() == {**expected.to_dict(), **of_the_request, "model": model}


def test_the_answer_so_far() -> None:
    state = Fold(ASKED)
    state.add(TextDelta(1.0, "a"))
    before = state.completion()
    state.add(TextDelta(2.0, "b"))
    assert (before.text, state.completion().text) == ("a", "ab")


def test_only_events_fold() -> None:
    with pytest.raises(TypeError, match="not an event: 'x'"):
        Fold(ASKED).add("x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("usage", "ttft_s", "duration_s", "rate"),
    [
        (Usage(12, 10), 1.0, 3.0, 5.0),
        (Usage(12, 10, None, None, 32), 1.0, 3.0, 10.0),  # reasoning counted outside
        (Usage(), 1.0, 3.0, None),
        (Usage(12, 10), None, 3.0, None),
        (Usage(12, 10), 1.0, None, None),
        (Usage(12, 10), 3.0, 3.0, None),
    ],
)
def test_tokens_per_s(
    usage: Usage, ttft_s: float | None, duration_s: float | None, rate: float | None
) -> None:
    assert Completion(usage=usage, ttft_s=ttft_s, duration_s=duration_s).tokens_per_s == rate


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (
            Completion("Hello", model="a/b", finish_reason="stop"),
            "<Completion a/b: 5 characters, finish_reason='stop'>",
        ),
        (Completion(model="a/b", error=BUSY), "<Completion a/b: 0 characters, error=ServiceError>"),
    ],
)
def test_repr(answer: Completion, shown: str) -> None:
    assert repr(answer) == shown


def test_code_blocks() -> None:
    answer = Completion("```python\nprint(1)\n```\n\nand\n\n```\nplain\n```\n")
    assert [(block.language, block.code) for block in answer.code_blocks] == [
        ("python", "print(1)\n"),
        ("", "plain\n"),
    ]


def test_values_are_frozen() -> None:
    for value in (Completion(), Usage(), ASKED, BUSY, TextDelta(1.0, "a"), Finish(1.0, None)):
        with pytest.raises((FrozenInstanceError, TypeError)):
            value.text = "x"  # type: ignore[union-attr,misc]


times = st.floats(0, 1e6)
maybe_text = st.none() | st.text()
counts = st.none() | st.integers(0, 10**9)
errors = st.builds(
    ErrorInfo,
    st.sampled_from(["ServiceError", "ConnectionFailed", "StreamBroken", "Interrupted"]),
    st.text(),
    maybe_text,
    st.none() | st.integers(100, 599),
    maybe_text,
)
events = st.one_of(
    st.builds(Retrying, times, st.integers(1, 9), times, errors),
    st.builds(Opened, times, maybe_text),
    st.builds(Identified, times, maybe_text, maybe_text),
    st.builds(ReasoningDelta, times, st.text()),
    st.builds(TextDelta, times, st.text()),
    st.builds(ToolCallDelta, times, st.integers(0, 3), maybe_text, maybe_text, st.text()),
    st.builds(UsageReport, times, st.builds(Usage, counts, counts, counts, counts, counts)),
    st.builds(Finish, times, maybe_text),
    st.builds(Failure, times, errors),
)


@given(st.lists(events))
def test_replaying_gives_an_equal_answer(happened: list[Event]) -> None:
    answer = fold(ASKED, happened)
    assert fold(ASKED, list(happened)) == answer
    assert answer.text == "".join(event.text for event in happened if isinstance(event, TextDelta))


@given(st.lists(events))
def test_dict_and_back(happened: list[Event]) -> None:
    answer = fold(ASKED, happened)
    assert Completion.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer


@given(st.lists(events))
def test_pickle_and_copy(happened: list[Event]) -> None:
    answer = fold(ASKED, happened)
    assert pickle.loads(pickle.dumps(answer)) == answer
    assert copy.deepcopy(answer) == answer
    assert pickle.loads(pickle.dumps(happened)) == happened


def test_a_request_as_data() -> None:
    request = Request("a/b", ({"role": "user", "content": "Hi"},), {"temperature": 0.2})
    assert json.loads(json.dumps(request.to_dict())) == {
        "model": "a/b",
        "messages": [{"role": "user", "content": "Hi"}],
        "params": {"temperature": 0.2},
        "base_url": "https://zenmux.ai/api/v1",
        "transport": "openai",
        "timeout_s": 60.0,
        "first_byte_timeout_s": 600.0,
        "max_retries": 3,
        "settings": "",
    }


@pytest.mark.parametrize(
    ("kind", "cls"),
    [
        ("ServiceError", ServiceError),
        ("ConnectionFailed", ConnectionFailed),
        ("StreamBroken", StreamBroken),
        ("Interrupted", RequestError),
    ],
)
def test_an_error_value_becomes_an_exception(kind: str, cls: type[RequestError]) -> None:
    answer = Completion("so far")
    raised = exception_of(ErrorInfo(kind, "It broke.", request_id="req-1"), answer)
    assert type(raised) is cls
    assert isinstance(raised, ZenMuxError)
    assert str(raised) == "It broke. (request id req-1)"
    assert raised.completion is answer
    again = pickle.loads(pickle.dumps(raised))
    assert (type(again), str(again), again.completion) == (cls, str(raised), answer)


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ArgumentError("No option --max."), "ZenMux: No option --max."),
        (ServiceError(BUSY), "ZenMux: Too many requests. (request id req-0)"),
        (Interrupted("Interrupted."), "Interrupted."),
    ],
)
def test_ipython_shows_one_red_line(error: Any, shown: str) -> None:
    assert error._render_traceback_() == [f"\x1b[31m{shown}\x1b[0m"]


def test_an_interrupt_goes_by_the_name_that_front_ends_know() -> None:
    assert issubclass(Interrupted, KeyboardInterrupt)
    assert type(Interrupted("x")).__name__ == "KeyboardInterrupt"
