"""JSON → values: the events that each chunk of the stream stands for.

In: the decoded server-sent events. Out: our events, the last of which is exactly one `Finish` or one
`Failure`, the key masked in all of them. No I/O, no clock, no retries.
"""

from __future__ import annotations

import json
from typing import Any

from zenmux_magic.client import faults
from zenmux_magic.client.characters import Joiner, encodable
from zenmux_magic.client.secret import Mask, Secret, redact_answer
from zenmux_magic.client.sse import ServerEvent
from zenmux_magic.client.words import masked, named
from zenmux_magic.errors import ErrorInfo
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

_MOST_TOKENS = 2**53  # what every JSON reader, database and float can hold


class ChunkDecoder:
    """Turns the server-sent events of one response into our events."""

    def __init__(
        self, request: Request, request_id: str | None = None, key: Secret | None = None
    ) -> None:
        self._request = request
        self._request_id = request_id
        self._key = key
        self._reason: str | None = None
        self._identity: tuple[Any, Any] = (None, None)
        self._id: str | None = None
        self._model: str | None = None
        self._text, self._reasoning = _Cleaner(key), _Cleaner(key)
        self._arguments: dict[int, _Cleaner] = {}
        self.began = False  # a token of any kind has come
        self.content = False  # text, reasoning or a tool call that is more than white space
        self.ended = False

    @property
    def finished(self) -> bool:
        """Whether the finish reason has come, so that only usage may follow."""
        return self._reason is not None

    def decode(self, event: ServerEvent, at_s: float) -> list[Event]:
        """The events that one server-sent event stands for."""
        if self.ended:
            return []
        if event.data == "[DONE]":
            return [self._end(at_s)]
        if not event.data or event.data.isspace():  # keeps the connection alive, no more
            return []
        chunk = _loads(event.data)
        if event.event == "error" or (isinstance(chunk, dict) and chunk.get("error")):
            error = chunk.get("error", chunk) if isinstance(chunk, dict) else chunk
            return [*self._content(chunk, at_s), self.fail(at_s, self._error(error))]
        if not isinstance(chunk, dict):
            said = masked(event.data, self._key)[:60]
            return [self.fail(at_s, self.broken(f"an event is not a JSON object (“{said}”)"))]
        return self._content(chunk, at_s)

    def decode_last(self, event: ServerEvent, at_s: float) -> list[Event]:
        """The same for an event that the end of the body has cut off, and that may be whole."""
        whole = event.data == "[DONE]" or isinstance(_loads(event.data), dict)
        return self.decode(event, at_s) if whole else []

    def close(self, at_s: float, problem: ErrorInfo | None = None) -> list[Event]:
        """The last event, when the response's body is over or broke with `problem`."""
        if self.ended:
            return []
        if self.finished:  # the answer is whole; what broke came after it
            return [self._end(at_s)]
        if problem is None:
            problem = self.broken("the connection was closed before the end of the stream")
        return [self.fail(at_s, problem)]

    def fail(self, at_s: float, error: ErrorInfo) -> Failure:
        """End the stream with an error."""
        self.ended = True
        return Failure(at_s, error)

    def broken(self, what: str) -> ErrorInfo:
        """The error of a stream that is not going to come to its proper end."""
        return faults.broken(what, self._request_id, began=self.began)

    def _error(self, error: Any) -> ErrorInfo:
        request = self._request
        return faults.from_stream(
            error,
            model=request.model,
            url=request.base_url,
            request_id=self._request_id,
            key=self._key,
        )

    def _end(self, at_s: float) -> Event:
        self.ended = True
        if self._reason == "error":
            return Failure(at_s, self.broken("the model's provider ended it with an error"))
        if not self.content and self._reason != "length":
            message = (
                f"{self._request.model} sent an empty answer (finish reason {self._reason or 'none'})."
                " Run the cell again, or ask another model."
            )
            return Failure(at_s, ErrorInfo("ServiceError", message, None, None, self._request_id))
        return Finish(at_s, self._reason)

    def _content(self, chunk: Any, at_s: float) -> list[Event]:
        if not isinstance(chunk, dict):
            return []
        events: list[Event] = []
        identity = (chunk.get("id"), chunk.get("model"))
        if identity != self._identity:
            self._identity = identity
            self._identify(at_s, events)
        usage = chunk.get("usage")
        if usage and isinstance(usage, dict):
            events.append(UsageReport(at_s, _usage(usage)))
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if isinstance(choice, dict):
            delta = choice.get("delta") or choice.get("message")
            if isinstance(delta, dict):
                self._delta(delta, at_s, events)
            if choice.get("finish_reason"):
                self._reason = named(choice["finish_reason"], self._key)
        return events

    def _identify(self, at_s: float, events: list[Event]) -> None:
        texts = (one if isinstance(one, str) else None for one in self._identity)
        id_, model = (named(text, self._key) for text in texts)
        id_, model = id_ or self._id, model or self._model
        if (id_, model) != (self._id, self._model):
            self._id, self._model = id_, model
            events.append(Identified(at_s, id_, model))

    def _delta(self, delta: dict[str, Any], at_s: float, events: list[Event]) -> None:
        reasoning = _reasoning(delta)
        if reasoning and (reasoning := self._reasoning.clean(reasoning)):
            events.append(ReasoningDelta(at_s, reasoning))
        text = _content_text(delta.get("content"))
        if text and (text := self._text.clean(text)):
            events.append(TextDelta(at_s, text))
        calls = delta.get("tool_calls")
        if isinstance(calls, list):
            events.extend(self._tool_call(at_s, call) for call in calls if isinstance(call, dict))
            self.content = self.content or bool(calls)
        self.began = self.began or bool(reasoning or text or calls)
        if not self.content and (reasoning.strip() or text.strip()):
            self.content = True

    def _tool_call(self, at_s: float, call: dict[str, Any]) -> ToolCallDelta:
        index = call.get("index")
        index = index if isinstance(index, int) else 0
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        cleaner = self._arguments.setdefault(index, _Cleaner(self._key))
        return ToolCallDelta(
            at_s,
            index,
            self._name(call.get("id")),
            self._name(function.get("name")),
            cleaner.clean(function.get("arguments")),
        )

    def _name(self, value: Any) -> str | None:
        """What a service calls something; `None` for anything but text."""
        if not isinstance(value, str) or not value:
            return None
        return redact_answer(encodable(value), self._key)


class _Cleaner:
    """A text of the service's, piece by piece: halves of characters joined, the key masked."""

    __slots__ = ("_joiner", "_mask")

    def __init__(self, key: Secret | None) -> None:
        self._joiner, self._mask = Joiner(), Mask(key)

    def clean(self, piece: Any) -> str:
        """The piece as it may be shown; anything but text is none."""
        if not isinstance(piece, str) or not piece:
            return ""
        return self._mask.pass_on(self._joiner.join(piece))


def _loads(text: str) -> Any:
    """The JSON value of a text; the text itself if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _content_text(content: Any) -> str:
    """A delta's text; some services send a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str))
    return ""


def _reasoning(delta: dict[str, Any]) -> str:
    """The reasoning of a delta: it may come in three places at once; the first that is there."""
    for name in ("reasoning", "reasoning_content"):
        value = delta.get(name)
        if isinstance(value, str) and value:
            return value
    details = delta.get("reasoning_details")
    if not isinstance(details, list):
        return ""
    texts = (part.get("text") or part.get("summary") for part in details if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def _usage(usage: dict[str, Any]) -> Usage:
    output = usage.get("completion_tokens_details")
    prompt = usage.get("prompt_tokens_details")
    return Usage(
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        reasoning_tokens=_count(output, "reasoning_tokens"),
        cached_tokens=_count(prompt, "cached_tokens"),
        total_tokens=_count(usage, "total_tokens"),
    )


def _count(fields: Any, name: str) -> int | None:
    value = fields.get(name) if isinstance(fields, dict) else None
    if isinstance(value, float) and value.is_integer():  # some encoders know no other numbers
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= _MOST_TOKENS else None
