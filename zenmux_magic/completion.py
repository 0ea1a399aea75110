"""The answer as a value, and the pure fold from events to it.

In: a `Request` and its events. Out: a frozen `Completion`. Folding the same events again gives an
equal one. Knows neither network nor screen; its rich display is asked of `views` when it is shown.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from zenmux_magic.errors import ErrorInfo
from zenmux_magic.events import (
    Event,
    Failure,
    Finish,
    Identified,
    Opened,
    Queued,
    ReasoningDelta,
    Retrying,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from zenmux_magic.inert import inert
from zenmux_magic.request import Message, Request

if TYPE_CHECKING:
    from zenmux_magic.billing import Bill
    from zenmux_magic.markdown import CodeBlock
    from zenmux_magic.snippets import Snippet


@dataclass(frozen=True)
class Completion:
    """One answer, whole or partial.

    Attributes:
        text: The answer, exactly as it was streamed.
        reasoning: The model's reasoning, where the service sends it.
        model: The model that served the answer (falls back to the one asked for).
        requested_model: The model that was asked for.
        finish_reason: The service's word (`stop`, `length`, …); `stopped` if the user stopped it;
            `None` if it failed or the service did not say.
        usage: Token counts.
        ttft_s: Seconds to the first token of any kind.
        ttfa_s: Seconds to the first token of the answer.
        duration_s: Seconds from sending the request to the end of the stream.
        id: The generation's id.
        request_id: The gateway's id of the HTTP request.
        error: What went wrong, or `None`.
        messages: The messages that were sent.
        tool_calls: Tool calls, each with `id`, `name` and `arguments` (a JSON text).
        settings: What set this request apart from another of the same model, as the user wrote it.
        cost_usd: What it cost in US dollars, estimated from the catalogue's prices; `None` if unknown.
        price_unknown: Whether it costs money and the catalogue does not say how much.
        params: Every other field of the request, as it was sent.
        base_url: Where the request went.
        kept: Whether it came from the ledger: nothing was sent, and nothing was paid again.
    """

    text: str = ""
    reasoning: str = ""
    model: str = ""
    requested_model: str = ""
    finish_reason: str | None = None
    usage: Usage = field(default_factory=Usage)
    ttft_s: float | None = None
    ttfa_s: float | None = None
    duration_s: float | None = None
    id: str | None = None
    request_id: str | None = None
    error: ErrorInfo | None = None
    messages: tuple[Message, ...] = ()
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    settings: str = ""
    cost_usd: Decimal | None = None
    price_unknown: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)
    base_url: str = ""
    kept: bool = False

    def __str__(self) -> str:
        return self.text

    def __await__(self) -> Generator[Any, None, Completion]:
        """What is there need not be waited for: `await answer` is right before and after the end."""
        yield from ()
        return self

    def __repr__(self) -> str:
        state = (
            f"error={self.error.kind}" if self.error else f"finish_reason={self.finish_reason!r}"
        )
        return inert(f"<Completion {self.model}: {len(self.text)} characters, {state}>")

    @property
    def tokens_per_s(self) -> float | None:
        """Generated tokens per second, from the first token to the end."""
        tokens = self.usage.output_tokens
        if tokens is None or self.ttft_s is None or self.duration_s is None:
            return None
        span = self.duration_s - self.ttft_s
        return tokens / span if span > 0 else None

    @property
    def code_blocks(self) -> tuple[CodeBlock, ...]:
        """The answer's code blocks, in order."""
        from zenmux_magic.markdown import code_blocks

        return code_blocks(self.text)

    def snippet(self, language: str = "python") -> Snippet:
        """The request as a complete program that prints the answer as it streams.

        Args:
            language: `python` or `typescript` (with the `openai` package), `httpx`, `fetch`, `curl`.

        Raises:
            ArgumentError: There is no such form.
        """
        from zenmux_magic.snippets import snippet

        return snippet(self, language)

    async def billed(self) -> Bill:
        """Ask the gateway what this answer really cost; it knows some minutes after the answer.

        Raises:
            SettingsError: The answer has no id, or there is no key for where it came from.
            RequestError: The gateway does not say, or not yet.
        """
        from zenmux_magic.billing import billed

        return await billed(self)

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        from zenmux_magic.frontend import reader_of, settings_here
        from zenmux_magic.views.settled import bundle

        return bundle(self, reader_of(settings_here()))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` reads it back."""
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        data["usage"] = self.usage.to_dict()
        data["error"] = self.error.to_dict() if self.error else None
        data["cost_usd"] = None if self.cost_usd is None else str(self.cost_usd)
        data["messages"] = [dict(message) for message in self.messages]
        data["tool_calls"] = [dict(call) for call in self.tool_calls]
        data["params"] = dict(self.params)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Completion:
        """The completion that `to_dict` was made from."""
        values = dict(data)
        values["usage"] = Usage(**values["usage"])
        values["error"] = ErrorInfo.from_dict(values["error"]) if values["error"] else None
        cost_usd = values.get("cost_usd")
        values["cost_usd"] = None if cost_usd is None else Decimal(cost_usd)
        values["messages"] = tuple(values["messages"])
        values["tool_calls"] = tuple(values["tool_calls"])
        return cls(**values)


class Fold:
    """The state between events; `completion()` is the answer so far, at any moment."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}
        self._seen: dict[str, Any] = {"model": request.model}

    def add(self, event: Event) -> None:
        """Take in one event."""
        if type(event) is TextDelta:
            self._text.append(event.text)
            self._seen.setdefault("ttft_s", event.at_s)
            self._seen.setdefault("ttfa_s", event.at_s)
        elif type(event) is ReasoningDelta:
            self._reasoning.append(event.text)
            self._seen.setdefault("ttft_s", event.at_s)
        else:
            self._add_rare(event)

    def _add_rare(self, event: Event) -> None:
        seen = self._seen
        match event:
            case Identified():
                seen["id"] = event.id or seen.get("id")
                seen["model"] = event.model or seen["model"]
            case Opened():
                seen["request_id"] = event.request_id
            case UsageReport():
                seen["usage"] = event.usage
            case ToolCallDelta():
                seen.setdefault("ttft_s", event.at_s)
                self._add_call(event)
            case Finish():
                seen["finish_reason"], seen["duration_s"] = event.reason, event.at_s
            case Failure():
                seen["error"], seen["duration_s"] = event.error, event.at_s
                seen["request_id"] = seen.get("request_id") or event.error.request_id
            case Retrying() | Queued() | Started():
                pass  # they leave nothing behind
            case _:
                raise TypeError(f"not an event: {event!r}")

    def _add_call(self, event: ToolCallDelta) -> None:
        call = self._calls.setdefault(event.index, {"id": None, "name": None, "arguments": ""})
        call["id"] = event.id or call["id"]
        call["name"] = event.name or call["name"]
        call["arguments"] += event.arguments

    def since(self, text: int, reasoning: int) -> tuple[str, str, tuple[int, int]]:
        """What has come since; may be asked from another thread.

        Args:
            text: How many pieces of the text are known.
            reasoning: How many of the reasoning.

        Returns:
            New text, new reasoning, and what to ask with the next time.
        """
        new = self._text[text:], self._reasoning[reasoning:]
        return "".join(new[0]), "".join(new[1]), (text + len(new[0]), reasoning + len(new[1]))

    def completion(self) -> Completion:
        """The answer so far."""
        return Completion(
            text="".join(self._text),
            reasoning="".join(self._reasoning),
            requested_model=self._request.model,
            messages=self._request.messages,
            settings=self._request.settings,
            params=self._request.params,
            base_url=self._request.base_url,
            tool_calls=tuple(dict(self._calls[index]) for index in sorted(self._calls)),
            **self._seen,
        )


def fold(request: Request, events: Iterable[Event]) -> Completion:
    """The completion that a request's events add up to."""
    state = Fold(request)
    for event in events:
        state.add(event)
    return state.completion()


def replay(completion: Completion) -> Iterator[Event]:
    """Events that add up to a whole answer again, each text in one piece; the inverse of `fold`.

    What no event tells (cost, the request) is not in them.
    """
    first_s = completion.ttft_s or 0.0
    end_s = completion.duration_s or first_s
    yield Opened(0.0, completion.request_id)
    yield Identified(first_s, completion.id, completion.model)
    if completion.reasoning:
        yield ReasoningDelta(first_s, completion.reasoning)
    if completion.text:
        yield TextDelta(completion.ttfa_s or first_s, completion.text)
    for index, call in enumerate(completion.tool_calls):
        yield ToolCallDelta(first_s, index, call["id"], call["name"], call["arguments"])
    yield UsageReport(end_s, completion.usage)
    yield Finish(end_s, completion.finish_reason)
