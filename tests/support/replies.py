"""Builders of replies: texts, deltas, usage and errors in, `Reply` values out. No socket here.

streaming("Hi **there**", pieces="token", pace_s=0.01)         # a good answer
streaming("naïve", split="byte", newline=b"\r\n")             # the same in single bytes
error(402, "insufficient_credit", "Top up.")                   # refused before the stream
as_json({"any": "value"})                                      # a whole JSON body
Reply(steps=[Send(sse(chunk("Hel"), chunk("lo")))])            # by hand
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, Literal

from .script import Pause, Reply, Send, Step

JSON = dict[str, Any]

GENERATION_ID = "2534c5a8f1b64b0d9a6e1c0de0000001"
MODEL = "demo/echo"


def as_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A whole JSON body with its Content-Length."""
    body = json.dumps(value, ensure_ascii=False).encode()
    fields = {"content-type": "application/json", **(headers or {})}
    return Reply(status, fields, [Send(body)], "length")


def error(
    status: int,
    type: str,  # noqa: A002 (the field's name on the wire)
    message: str,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """A refusal before the stream, in ZenMux's shape (`code` is a string, the status if unsaid)."""
    body = {"error": {"code": code or str(status), "type": type, "message": message}}
    return as_json(body, status, headers)


def chunk(delta: JSON | str | None = None, **fields: Any) -> JSON:
    """One `chat.completion.chunk`.

    Args:
        delta: The first choice's delta; a string stands for `{"content": …}`.
        **fields: `finish_reason` goes into the choice, everything else on top (`choices=[]`,
            `usage={…}`, `model=…`, `error={…}`).
    """
    inner = {"content": delta} if isinstance(delta, str) else dict(delta or {})
    choice = {"index": 0, "delta": inner, "finish_reason": fields.pop("finish_reason", None)}
    whole: JSON = {"id": GENERATION_ID, "object": "chat.completion.chunk", "created": 1785000000}
    return {**whole, "model": MODEL, "choices": [choice], **fields}


def sse(*events: JSON | str | bytes, done: bool = True, newline: bytes = b"\n") -> bytes:
    """Server-sent events: a dict is dumped, a string is data as it is, bytes go out untouched."""
    return b"".join(_event(event, newline) for event in [*events, *(["[DONE]"] * done)])


def _event(event: JSON | str | bytes, newline: bytes) -> bytes:
    if isinstance(event, bytes):
        return event
    text = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
    return b"data: " + text.encode() + newline * 2


def usage(prompt: int, completion: int, *, reasoning: int = 0, cached: int = 0) -> JSON:
    """A usage object whose reasoning tokens are counted inside the completion's."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "completion_tokens_details": {"reasoning_tokens": reasoning},
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def cut_text(text: str, pieces: Sequence[str] | int | Literal["token"]) -> list[str]:
    """Cut a text into deltas: as given, every N characters, or at about a tokeniser's places."""
    if pieces == "token":
        return re.findall(r"\s?\w{1,5}|\s?[^\w\s]|\s", text)
    if isinstance(pieces, int):
        return [text[at : at + pieces] for at in range(0, len(text), pieces)]
    if "".join(pieces) != text:
        raise ValueError("the pieces, joined, are not the text")
    return list(pieces)


def streaming(
    text: str,
    *,
    pieces: Sequence[str] | int | Literal["token"] = "token",
    pace_s: float = 0.0,
    reasoning: str = "",
    usage: JSON | Literal["auto"] | None = "auto",
    finish: str | None = "stop",
    model: str = MODEL,
    split: Literal["event", "byte"] | int | Sequence[int] = "event",
    newline: bytes = b"\n",
    keepalive: int = 0,
    done: bool = True,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """A good answer, streamed.

    Args:
        text: The answer; the joined `delta.content` is exactly this.
        pieces: Where deltas are cut, see `cut_text`.
        pace_s: Seconds before each delta after the first.
        reasoning: Sent first, as `delta.reasoning`.
        usage: On a last chunk without choices; `None` for none.
        finish: The finish reason; `None` sends no finishing chunk.
        model: The model that says it answered.
        split: Writes: one an event, one a byte, every N bytes, or cut at these offsets of the body
            alone (several events may then share a write); a paced delta always begins a write.
        newline: Line ends of the event stream.
        keepalive: A comment before the first event and after every N events; 0 for none.
        done: Whether `[DONE]` ends the stream.
        headers: More header fields.
    """
    thoughts = [{"reasoning": piece} for piece in cut_text(reasoning, "token")]
    answers: list[JSON] = [{"content": piece} for piece in cut_text(text, pieces)]
    deltas: list[JSON] = [*thoughts, *answers]
    tail = [] if finish is None else [chunk(model=model, finish_reason=finish)]
    told = _usage_for(len(deltas)) if usage == "auto" else usage
    tail += [] if told is None else [chunk(model=model, choices=[], usage=told)]
    first = chunk({"role": "assistant", "content": ""}, model=model)
    chunks = [first, *(chunk(delta, model=model) for delta in deltas), *tail]
    events = [sse(one, done=False, newline=newline) for one in chunks]
    events += [sse(newline=newline)] * done
    paced = range(2, 1 + len(deltas)) if pace_s else ()
    events = _with_comments(events, keepalive, newline)
    return Reply(200, headers or {}, _cut(events, split, pace_s, paced))


def _usage_for(completion: int) -> JSON:
    return usage(12, completion)


def _with_comments(events: list[bytes], every: int, newline: bytes) -> list[bytes]:
    """Put keep-alive comments in front of events (never as events of their own: pace counts)."""
    comment = b": ZENMUX PROCESSING" + newline * 2
    return [
        comment + event if every and index % every == 0 else event
        for index, event in enumerate(events)
    ]


def _cut(
    events: list[bytes],
    split: Literal["event", "byte"] | int | Sequence[int],
    pace_s: float,
    paced: Iterable[int],
) -> list[Step]:
    """Steps that send the events, with a pause before each paced one."""
    body = b"".join(events)
    starts = [0, *accumulate(map(len, events))]
    slow = {starts[index] for index in paced}
    if split == "event":
        edges = set(starts)
    elif isinstance(split, (str, int)):
        edges = set(range(0, len(body), 1 if isinstance(split, str) else split))
    else:
        edges = {at for at in split if 0 < at < len(body)}
    places = sorted(edges | slow | {0, len(body)})
    steps: list[Step] = []
    for begin, end in pairwise(places):
        steps += [Pause(pace_s)] if begin in slow else []
        steps.append(Send(body[begin:end]))
    return steps
