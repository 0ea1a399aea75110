"""Chunks of the stream ↔ values: each row is what the gateway sends, and the events it stands for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.gateway import chunk, usage
from zenmux_magic.client import Secret
from zenmux_magic.client.body import body
from zenmux_magic.client.faults import from_response
from zenmux_magic.client.sse import Decoder, ServerEvent
from zenmux_magic.client.wire import ChunkDecoder
from zenmux_magic.completion import fold
from zenmux_magic.events import (
    Event,
    Failure,
    Finish,
    Identified,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from zenmux_magic.request import Request

KEY = "sk-ai-v1-0123456789abcdefghijklmnopqrstuvwxyz"
ASKED = Request("asked/model", ({"role": "user", "content": "Hi"},))
Sent = dict[str, Any] | str | ServerEvent
STOP = chunk({}, finish_reason="stop")


def decoded(*sent: Sent) -> list[Event]:
    """The events of a whole body, without those that only say who answers."""
    decoder = ChunkDecoder(ASKED, "req-1", Secret(KEY))
    events = [event for one in sent for event in decoder.decode(_server_event(one), 1.0)]
    return [event for event in [*events, *decoder.close(1.0)] if not isinstance(event, Identified)]


def _server_event(sent: Sent) -> ServerEvent:
    if isinstance(sent, ServerEvent):
        return sent
    return ServerEvent("message", sent if isinstance(sent, str) else json.dumps(sent))


def text(value: str) -> TextDelta:
    return TextDelta(1.0, value)


def thought(value: str) -> ReasoningDelta:
    return ReasoningDelta(1.0, value)


FINISH = Finish(1.0, "stop")
DETAILS = [{"type": "reasoning.text", "text": "de"}, {"type": "reasoning.summary", "summary": "ep"}]

# What comes before a good end (left), and its events (right).
ROWS: dict[str, tuple[list[Sent], list[Event]]] = {
    "text": ([chunk("Hel"), chunk("lo")], [text("Hel"), text("lo")]),
    "content null": ([chunk({"content": None}), chunk("a")], [text("a")]),
    "content empty": ([chunk(""), chunk("a")], [text("a")]),
    "role alone": ([chunk({"role": "assistant"}), chunk("a")], [text("a")]),
    "white space is text": ([chunk("\n"), chunk("a"), chunk(" ")], [text(x) for x in "\na "]),
    "content in parts": (
        [chunk({"content": [{"type": "text", "text": "a"}, {"type": "image"}, "odd"]})],
        [text("a")],
    ),
    "choices empty": ([chunk(choices=[]), chunk("a")], [text("a")]),
    "choices null": ([chunk(choices=None), chunk("a")], [text("a")]),
    "choices missing": ([{"id": "x"}, chunk("a")], [text("a")]),
    "choices of the wrong kind": ([chunk(choices={"a": 1}), chunk(choices=[7])], []),
    "delta empty": ([chunk({}), chunk("a")], [text("a")]),
    "delta null": ([chunk(choices=[{"delta": None}]), chunk("a")], [text("a")]),
    "delta missing": ([chunk(choices=[{"index": 0}]), chunk("a")], [text("a")]),
    "text with the finish": ([chunk("a", finish_reason=None), chunk("b")], [text("a"), text("b")]),
    "error null": ([chunk("a", error=None)], [text("a")]),
    "reasoning": ([chunk({"reasoning": "deep"})], [thought("deep")]),
    "reasoning_content": ([chunk({"reasoning_content": "deep"})], [thought("deep")]),
    "reasoning_details": ([chunk({"reasoning_details": DETAILS})], [thought("deep")]),
    "reasoning in two places": (
        [chunk({"reasoning": "deep", "reasoning_content": "deep"})],
        [thought("deep")],
    ),
    "reasoning in three places": (
        [chunk({"reasoning": "deep", "reasoning_content": "x", "reasoning_details": DETAILS})],
        [thought("deep")],
    ),
    "reasoning null, elsewhere there": (
        [chunk({"reasoning": None, "reasoning_content": "", "reasoning_details": DETAILS})],
        [thought("deep")],
    ),
    "reasoning with text": (
        [chunk({"reasoning": "deep", "content": "a"})],
        [thought("deep"), text("a")],
    ),
    "reasoning of the wrong kind": (
        [chunk({"reasoning": {"a": 1}, "reasoning_details": "x"}), chunk({"content": 7})],
        [],
    ),
    "a surrogate pair in two chunks": (
        [chunk("a\ud83d"), chunk("\ude42b")],
        [text("a"), text("🙂b")],
    ),
    "half a character": ([chunk("a\ude42b")], [text("a\ufffdb")]),
    "an event without data": ([ServerEvent("message", ""), " ", chunk("a")], [text("a")]),
    "a named event of no account": ([ServerEvent("ping", '{"type": "ping"}')], []),
}


@pytest.mark.parametrize(("sent", "events"), ROWS.values(), ids=ROWS.keys())
def test_content(sent: list[Sent], events: list[Event]) -> None:
    assert decoded(chunk(">"), *sent, STOP, "[DONE]") == [text(">"), *events, FINISH]


COUNTS = Usage(12, 7, 3, 2, 19)
TOLD = usage(12, 7, reasoning=3, cached=2)
USAGE_ROWS: dict[str, tuple[list[Sent], Usage]] = {
    "on a last chunk without choices": ([STOP, chunk(choices=[], usage=TOLD)], COUNTS),
    "on the finish chunk": ([chunk({}, finish_reason="stop", usage=TOLD)], COUNTS),
    "on the first chunk": ([chunk("b", usage=TOLD), STOP], COUNTS),
    "on every chunk: the last holds": (
        [chunk("b", usage=usage(12, 1)), chunk("c", usage=usage(12, 2)), chunk(usage=TOLD), STOP],
        COUNTS,
    ),
    "null afterwards": ([chunk("b", usage=TOLD), chunk({}, finish_reason="stop", usage=None)], COUNTS),
    "empty afterwards": ([chunk("b", usage=TOLD), STOP, chunk(choices=[], usage={})], COUNTS),
    "a number afterwards": ([chunk("b", usage=TOLD), STOP, chunk(choices=[], usage=0.002)], COUNTS),
    "never": ([STOP], Usage()),
    "details null": (
        [STOP, chunk(usage={**TOLD, "completion_tokens_details": None, "prompt_tokens_details": None})],
        Usage(12, 7, None, None, 19),
    ),
    "details missing": (
        [STOP, chunk(usage={"prompt_tokens": 12, "completion_tokens": 7})],
        Usage(12, 7),
    ),
    "counts null": ([STOP, chunk(usage={"prompt_tokens": None, "total_tokens": 19})], Usage(total_tokens=19)),
    "counts as floats": ([STOP, chunk(usage={"prompt_tokens": 12.0})], Usage(12)),
    "counts of the wrong kind": (
        [STOP, chunk(usage={"prompt_tokens": "12", "total_tokens": True, "completion_tokens": 0.5})],
        Usage(),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "counts"), USAGE_ROWS.values(), ids=USAGE_ROWS.keys())
def test_usage(sent: list[Sent], counts: Usage) -> None:
    assert fold(ASKED, decoded(chunk("a"), *sent, "[DONE]")).usage == counts


@pytest.mark.parametrize(
    ("counts", "output"),
    [
        (Usage(46, 1679, 1600, None, 1725), 1679),  # a vendor that counts reasoning inside
        (Usage(783, 86, 7136, None, 8005), 7222),  # one that counts it outside
        (Usage(783, 86), 86),
        (Usage(total_tokens=8005), None),
        (Usage(), None),
    ],
)
def test_output_tokens(counts: Usage, output: int | None) -> None:
    assert counts.output_tokens == output


def call(index: int, **fields: Any) -> dict[str, Any]:
    return chunk({"tool_calls": [{"index": index, **fields}]})


def test_tool_calls() -> None:
    events = decoded(
        call(0, id="c0", type="function", function={"name": "add", "arguments": ""}),
        call(0, function={"arguments": '{"a"'}),
        call(1, id="c1", function={"name": "sub", "arguments": "{}"}),
        call(0, id=None, function={"name": None, "arguments": ": 1}"}),
        call(2, function=None),
        chunk({"tool_calls": ["odd"]}),
        chunk({"tool_calls": None}),
        chunk({}, finish_reason="tool_calls"),
        "[DONE]",
    )
    assert events[0] == ToolCallDelta(1.0, 0, "c0", "add", "")
    assert events[-1] == Finish(1.0, "tool_calls")
    assert fold(ASKED, events).tool_calls == (
        {"id": "c0", "name": "add", "arguments": '{"a": 1}'},
        {"id": "c1", "name": "sub", "arguments": "{}"},
        {"id": None, "name": None, "arguments": ""},
    )


ERROR = {"code": "502", "type": "provider_error", "message": "It went away."}
KEPT = [text("a")]

End = str | tuple[str, str | None, int | None, str] | None
# How a stream ends (left), and its last event: a reason, or (kind, type, status, words) of a failure.
ENDS: dict[str, tuple[list[Sent], End]] = {
    "stop": ([STOP, "[DONE]"], "stop"),
    "length": ([chunk({}, finish_reason="length"), "[DONE]"], "length"),
    "content_filter": ([chunk({}, finish_reason="content_filter"), "[DONE]"], "content_filter"),
    "a reason never heard of": ([chunk({}, finish_reason="tired"), "[DONE]"], "tired"),
    "no DONE": ([STOP], "stop"),
    "no DONE, usage last": ([STOP, chunk(choices=[], usage=TOLD)], "stop"),
    "no reason": (["[DONE]"], None),
    "nothing after DONE": ([STOP, "[DONE]", {"error": ERROR}], "stop"),
    "neither": ([], ("StreamBroken", None, None, "closed before the end of the stream")),
    "reason error": (
        [chunk({}, finish_reason="error"), "[DONE]"],
        ("StreamBroken", None, None, "ended it with an error"),
    ),
    "error event": ([{"error": ERROR}], ("ServiceError", "provider_error", 502, "It went away.")),
    "error on a chunk": (
        [chunk({}, finish_reason="error", error=ERROR), "[DONE]"],
        ("ServiceError", "provider_error", 502, "It went away."),
    ),
    "named error event": (
        [ServerEvent("error", json.dumps(ERROR))],
        ("ServiceError", "provider_error", 502, "It went away."),
    ),
    "named error event with an error key": (
        [ServerEvent("error", json.dumps({"error": ERROR}))],
        ("ServiceError", "provider_error", 502, "It went away."),
    ),
    "named error event in plain words": (
        [ServerEvent("error", "upstream gone")],
        ("ServiceError", None, None, "upstream gone"),
    ),
    "error as a string": ([{"error": "overloaded"}], ("ServiceError", None, None, "overloaded")),
    "error code as a number": (
        [{"error": {"code": 429, "message": "Slow down."}}],
        ("ServiceError", None, 429, "Too many requests"),
    ),
    "error code in words": (
        [{"error": {"code": "oops", "message": "Slow down."}}],
        ("ServiceError", None, None, "Slow down."),
    ),
    "error code beyond all numbers": (
        ['{"error": {"code": Infinity, "message": "Slow down."}}'],
        ("ServiceError", None, None, "Slow down."),
    ),
    "a key in the type": (
        [{"error": {"type": f"bad\n{KEY}"}}],
        ("ServiceError", "bad sk-…", None, "[bad sk-…]"),
    ),
    "error without a word": ([{"error": {"a": None}}], ("ServiceError", None, None, "Run the cell")),
    "malformed JSON": (['{"choices": ['], ("StreamBroken", None, None, "“{\"choices\": [”")),
    "JSON too deep": (["[" * 100_000], ("StreamBroken", None, None, "not a JSON object")),
    "a list": (["[1, 2]"], ("StreamBroken", None, None, "not a JSON object (“[1, 2]”)")),
    "null": (["null"], ("StreamBroken", None, None, "“null”")),
    "a key in it": ([f'"Bearer {KEY}'], ("StreamBroken", None, None, "“\"Bearer sk-…”")),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "end"), ENDS.values(), ids=ENDS.keys())
def test_end(sent: list[Sent], end: End) -> None:
    *kept, last = decoded(chunk("a"), *sent)
    assert [event for event in kept if not isinstance(event, UsageReport)] == KEPT
    if not isinstance(end, tuple):
        assert last == Finish(1.0, end)
        return
    assert isinstance(last, Failure)
    kind, type_, status, words = end
    assert (last.error.kind, last.error.type, last.error.status) == (kind, type_, status)
    assert words in last.error.message
    assert last.error.request_id == "req-1"
    assert "\n" not in last.error.message


EMPTY: dict[str, tuple[list[Sent], bool]] = {
    "stop": ([STOP, "[DONE]"], False),
    "stop after white space": ([chunk("\n"), STOP, "[DONE]"], False),
    "stop with usage": ([STOP, chunk(choices=[], usage=TOLD), "[DONE]"], False),
    "only DONE": (["[DONE]"], False),
    "content_filter": ([chunk({}, finish_reason="content_filter"), "[DONE]"], False),
    "length": ([chunk({}, finish_reason="length"), "[DONE]"], True),
    "reasoning alone": ([chunk({"reasoning": "deep"}), STOP, "[DONE]"], True),
    "a tool call alone": ([call(0, id="c", function={"name": "f"}), STOP, "[DONE]"], True),
}


@pytest.mark.parametrize(("sent", "good"), EMPTY.values(), ids=EMPTY.keys())
def test_empty_answer(sent: list[Sent], good: bool) -> None:
    last = decoded(*sent)[-1]
    assert isinstance(last, Finish) if good else isinstance(last, Failure)
    assert good or "asked/model sent an empty answer" in fold(ASKED, [last]).error.message  # type: ignore[union-attr]


def test_who_answers_is_told_when_it_changes() -> None:
    decoder = ChunkDecoder(ASKED)
    chunks: list[Sent] = [
        {"id": "g1", "model": "served/model", "choices": []},
        {"id": "g1", "model": "served/model", "choices": []},
        {"choices": []},
        {"id": "g1", "model": "other/model"},
        {"id": 7, "model": ""},
    ]
    events = [event for one in chunks for event in decoder.decode(_server_event(one), 1.0)]
    assert events == [Identified(1.0, "g1", "served/model"), Identified(1.0, "g1", "other/model")]


def test_an_event_that_the_end_cut_off_counts_only_if_it_is_whole() -> None:
    whole, cut = ChunkDecoder(ASKED), ChunkDecoder(ASKED)
    [_, last] = whole.decode_last(_server_event(chunk("a")), 1.0)
    assert last == text("a")
    assert cut.decode_last(ServerEvent("message", '{"choices": [{"de'), 1.0) == []
    [end] = cut.close(1.0)
    assert isinstance(end, Failure)
    assert "closed before the end" in end.error.message


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["choices", "delta", "content", "reasoning", "reasoning_details", "tool_calls", "function"]
NAMES += ["error", "usage", "id", "model", "index", "finish_reason", "message", "code", "text"]
ODD = st.recursive(
    JSON_VALUES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(values=st.lists(ODD | st.builds(lambda v: chunk(choices=[v]), ODD), max_size=5))
def test_whatever_comes_the_stream_has_one_end_and_can_be_stored(values: list[Any]) -> None:
    events = decoded(*(json.dumps(value) for value in values))
    assert [isinstance(event, (Finish, Failure)) for event in events] == [
        *([False] * (len(events) - 1)),
        True,
    ]
    json.dumps(fold(ASKED, events).to_dict(), ensure_ascii=False).encode()


HALVES = st.lists(
    st.text(max_size=4) | st.sampled_from(["\ud83d", "\ude00", "\ud83d\ude00", "\0"]), max_size=12
)


@given(pieces=HALVES)
def test_no_text_is_lost_and_halves_are_joined(pieces: list[str]) -> None:
    events = decoded(*(chunk(piece) for piece in pieces), STOP)
    whole = "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    shown = "".join(event.text for event in events if isinstance(event, TextDelta))
    # A first half that waits when the stream ends was the half of nothing.
    assert shown == whole or f"{shown}\ufffd" == whole


@given(data=st.binary(max_size=200), sizes=st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_any_bytes_have_one_end(data: bytes, sizes: list[int]) -> None:
    decoder, wire, at = Decoder(), ChunkDecoder(ASKED), 0
    body, events = b"data: " + data + b"\n\ndata: {}\n\n", []
    for turn in range(len(body)):
        size = sizes[turn % len(sizes)]
        found = decoder.feed(body[at : at + size])
        events += [event for one in found for event in wire.decode(one, 1.0)]
        at += size
    events += [event for one in decoder.flush() for event in wire.decode_last(one, 1.0)]
    ends = [*events, *wire.close(1.0)]
    assert sum(isinstance(event, (Finish, Failure)) for event in ends) == 1
    assert isinstance(ends[-1], (Finish, Failure))


@pytest.mark.parametrize("unit", ["[", '{"error":', '{"choices":[', '{"a":['])
def test_no_depth_is_too_deep(unit: str) -> None:
    deep = unit * 100_000
    assert isinstance(decoded(deep)[-1], Failure)
    found = from_response(500, {}, deep.encode(), model="a/b", url="https://x", key=None)
    assert found.status == 500


MESSAGES = ({"role": "system", "content": "S"}, {"role": "user", "content": "U"})
PLAIN = {"model": "a/b", "messages": list(MESSAGES), "stream": True}
WITH_USAGE = {**PLAIN, "stream_options": {"include_usage": True}}


@pytest.mark.parametrize(
    ("params", "sent"),
    [
        ({}, WITH_USAGE),
        ({"temperature": 0.2}, {**WITH_USAGE, "temperature": 0.2}),
        ({"usage": {"include": True}}, {**PLAIN, "usage": {"include": True}}),
        ({"stream_options": {}}, {**PLAIN, "stream_options": {}}),
        ({"stream": False}, {**PLAIN, "stream": False}),
        ({"x": None}, {**WITH_USAGE, "x": None}),
    ],
)
def test_body(params: dict[str, Any], sent: dict[str, Any]) -> None:
    assert body(Request("a/b", MESSAGES, params)) == sent
