"""The decoder of server-sent events: bytes in, `ServerEvent` values out, whatever the chunking."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenmux_magic.client.sse import LONGEST, Decoder, EventTooLongError, ServerEvent

BOM = b"\xef\xbb\xbf"


def message(data: str) -> ServerEvent:
    return ServerEvent("message", data)


# What a body says (left), and the events that it stands for (right).
ROWS: dict[str, tuple[bytes, list[ServerEvent]]] = {
    "one event": (b"data: a\n\n", [message("a")]),
    "no space after the colon": (b"data:a\n\n", [message("a")]),
    "only the first space goes": (b"data:  a\n\n", [message(" a")]),
    "two events": (b"data: a\n\ndata: b\n\n", [message("a"), message("b")]),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", [message("a"), message("b")]),
    "CR": (b"data: a\r\rdata: b\r\r", [message("a"), message("b")]),
    "mixed line ends": (b"data: a\r\n\ndata: b\r\r\ndata: c\n\r", [message(x) for x in "abc"]),
    "several data lines": (b"data: a\ndata: b\ndata:\ndata: c\n\n", [message("a\nb\n\nc")]),
    "a comment": (b": ZENMUX PROCESSING\n\ndata: a\n\n", [message("a")]),
    "a comment inside an event": (b"data: a\n: still here\ndata: b\n\n", [message("a\nb")]),
    "only comments": (b": one\n\n: two\n\n", []),
    "blank lines": (b"\n\n\r\n\rdata: a\n\n\n\n", [message("a")]),
    "a byte order mark": (BOM + b"data: a\n\n", [message("a")]),
    "a byte order mark in front of a comment": (BOM + b": hi\n\ndata: a\n\n", [message("a")]),
    "a byte order mark in a text": (b"data: a\xef\xbb\xbfb\n\n", [message("a\ufeffb")]),
    "a byte order mark begins a text": (b"data: \xef\xbb\xbfb\n\n", [message("\ufeffb")]),
    "U+2028, U+0085, U+000B in a text": (
        "data: a\u2028b\u2029c\u0085d\u000be\u000cf\u001cg\n\n".encode(),
        [message("a\u2028b\u2029c\u0085d\u000be\u000cf\u001cg")],
    ),
    "UTF-8": ("data: naïve 日本語 🙂\n\n".encode(), [message("naïve 日本語 🙂")]),
    "bytes that are no UTF-8": (b"data: a\xffb\n\n", [message("a\ufffdb")]),
    "a named event": (b"event: error\ndata: a\n\n", [ServerEvent("error", "a")]),
    "the name holds for one event": (
        b"event: error\ndata: a\n\ndata: b\n\n",
        [ServerEvent("error", "a"), message("b")],
    ),
    "an empty name is none": (b"event:\ndata: a\n\n", [message("a")]),
    "the last name counts": (b"event: x\nevent: y\ndata: a\n\n", [ServerEvent("y", "a")]),
    "a named event without data": (b"event: ping\n\ndata: a\n\n", [message("a")]),
    "id, retry and unknown fields": (b"id: 7\nretry: 10\nfoo: bar\ndata: a\n\n", [message("a")]),
    "a field without a colon": (b"data\n\ndata: a\n\n", [message(""), message("a")]),
    "empty data": (b"data:\n\ndata: \n\n", [message(""), message("")]),
    "field names are exact": (b"Data: x\n data: y\ndata : z\ndata: a\n\n", [message("a")]),
    "no last blank line": (b"data: a\n\ndata: [DONE]\n", [message("a"), message("[DONE]")]),
    "no last line end": (b"data: a\n\ndata: [DONE]", [message("a"), message("[DONE]")]),
    "ends in a CR": (b"data: a\n\ndata: b\r", [message("a"), message("b")]),
    "nothing": (b"", []),
    "only a byte order mark": (BOM, []),
}


def decoded(*chunks: bytes) -> list[ServerEvent]:
    decoder = Decoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events + decoder.flush()


@pytest.mark.parametrize(("body", "events"), ROWS.values(), ids=ROWS.keys())
def test_whole(body: bytes, events: list[ServerEvent]) -> None:
    assert decoded(body) == events


@pytest.mark.parametrize(("body", "events"), ROWS.values(), ids=ROWS.keys())
def test_one_byte_at_a_time(body: bytes, events: list[ServerEvent]) -> None:
    assert decoded(*(bytes([byte]) for byte in body)) == events


@pytest.mark.parametrize(("body", "events"), ROWS.values(), ids=ROWS.keys())
def test_empty_chunks_change_nothing(body: bytes, events: list[ServerEvent]) -> None:
    chunks = [piece for byte in body for piece in (b"", bytes([byte]), b"")]
    assert decoded(*chunks) == events


FIELDS = [b"data:", b"data: ", b"event: ", b"error", b":", b" ", b"x", b"[DONE]"]
LINE_ENDS = [b"\n", b"\r", b"\r\n", b"\n\n"]
NO_LINE_ENDS = [BOM, b"\xe2\x80\xa8", b"\xc2\x85", b"\x0b", b"\xf0\x9f\x99\x82", b"\xff"]
ALPHABET = st.sampled_from([*FIELDS, *LINE_ENDS, *NO_LINE_ENDS])


@given(parts=st.lists(ALPHABET, max_size=40), data=st.data())
def test_chunking_does_not_matter(parts: list[bytes], data: st.DataObject) -> None:
    body = b"".join(parts)
    inner = data.draw(st.lists(st.integers(0, len(body)), max_size=12).map(sorted))
    cuts = [0, *inner, len(body)]
    assert decoded(*(body[a:b] for a, b in pairwise(cuts))) == decoded(body)


def as_the_standard_says(body: bytes) -> list[ServerEvent]:
    """The whole body at once, word by word after the standard; what its end cut off counts too."""
    text = body.removeprefix(BOM).decode("latin-1")
    events, name, data = [], "", []
    for line in [*re.split("\r\n|\r|\n", text), ""]:
        field, colon, value = line.partition(":")
        value = value.removeprefix(" ").encode("latin-1").decode(errors="replace")
        if not line:
            events += [ServerEvent(name or "message", "\n".join(data))] if data else []
            name, data = "", []
        elif field == "event" and colon:
            name = value
        elif field == "data":
            data.append(value)
    return events


@given(
    parts=st.lists(ALPHABET | st.binary(max_size=4), max_size=40),
    cuts=st.lists(st.integers(0, 200), max_size=12).map(sorted),
)
def test_any_bytes_are_what_the_standard_says(parts: list[bytes], cuts: list[int]) -> None:
    body = b"".join(parts)
    pieces = [
        body[a:b] for a, b in pairwise([0, *(min(cut, len(body)) for cut in cuts), len(body)])
    ]
    assert decoded(*pieces) == as_the_standard_says(body)


@given(texts=st.lists(st.text(), max_size=8), newline=st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_text_comes_back(texts: list[str], newline: str) -> None:
    lines = [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
    body = "".join(
        "".join(f"data: {line}{newline}" for line in text.split("\n")) + newline for text in lines
    )
    assert decoded(body.encode()) == [message(text) for text in lines]


def test_events_come_with_the_byte_that_ends_them() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\n") == []
    assert decoder.feed(b"\n") == [message("a")]
    assert decoder.feed(b"data: b\r") == []
    assert decoder.feed(b"\r") == [message("b")]


def test_an_event_is_given_once() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\n\n") == [message("a")]
    assert decoder.flush() == []


def test_ten_megabytes_on_one_line_in_small_pieces() -> None:
    # A decoder that copies the unfinished line for every piece would move three terabytes here.
    decoder = Decoder()
    pieces = 10_000_000 // 16
    assert decoder.feed(b"data: ") == []
    assert not any(decoder.feed(b"0123456789abcdef") for _ in range(pieces))
    assert decoder.feed(b"\n\n") == [message("0123456789abcdef" * pieces)]


@pytest.mark.parametrize("piece", [b"x" * 50_000, b"data: " + b"x" * 50_000 + b"\n", b":" * 50_000])
def test_an_event_has_an_end(piece: bytes) -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\n\n") == [message("a")]
    pieces = [piece] * (2 * LONGEST // len(piece))
    with pytest.raises(EventTooLongError):
        assert not any(decoder.feed(piece) for piece in pieces)
    assert decoder.flush() == []  # nothing of it is held


def test_many_events_are_not_one() -> None:
    decoder = Decoder()
    event = b"data: " + b"x" * 500_000 + b"\n\ndata: y"
    assert sum(len(decoder.feed(event)) for _ in range(2 * LONGEST // len(event))) > 100
