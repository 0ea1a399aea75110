"""What the line above an answer says: who answers, what it does now, how much and how fast.

In: one column's events. Out: a `Status`, plain data for the page. Estimates are marked with ≈ until
the service has reported its own count. It renders no Markdown and knows no widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from zenmux_magic.completion import Completion
from zenmux_magic.cost import NOTHING, Cost
from zenmux_magic.events import (
    Event,
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
from zenmux_magic.request import Request
from zenmux_magic.views.figures import dollars, seconds
from zenmux_magic.views.settled import KEPT, ending_of

_BYTES_PER_TOKEN = 4  # about true of English; other scripts have more bytes a letter
_FINAL = {400, 402, 404, 413, 422}  # asked again, the service would say the same
_REASONS = {"rate_limit": "rate limited", None: "no connection"}


class Price(Protocol):
    """What so many tokens of a model cost."""

    def __call__(self, model: str, usage: Usage, /) -> Cost:
        """The estimate, at once."""
        ...


def free(model: str, usage: Usage) -> Cost:
    """Where nothing is charged by the token."""
    return NOTHING


@dataclass(frozen=True)
class Status:
    """The line above an answer.

    Attributes:
        phase: `queued`, `waiting`, `retrying`, `thinking`, `streaming`, then `done`, `stopped`, `cut`
            or `failed`; `removed` where it was taken away.
        label: The same for people.
        model: The model asked for.
        settings: What sets it apart from other columns of that model.
        served: The model that answered, where it is another one.
        clock_s: Seconds since the request, when this was made; the page counts on from it.
        until_s: When the next attempt comes, on the same clock.
        figures: First token, tokens, speed, cost, as one line says them.
        metrics: First token, speed, tokens, cost, as rows of a comparison say them; empty if unknown.
        values: The seconds, tokens per second and dollars of these, to be compared; `None` if unknown.
        retry: Whether asking again may help.
        thought: How long the model thought and how much, once it has.
        error: What went wrong.
        text: The answer, once it is over: what is copied.
    """

    phase: str
    label: str
    model: str
    served: str
    clock_s: float
    until_s: float | None = None
    settings: str = ""
    figures: Sequence[str] = ()
    metrics: Sequence[str] = ()
    values: Sequence[float | None] = ()
    retry: bool = False
    thought: str = ""
    error: str = ""
    text: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without what is empty."""
        return {
            name: value
            for name, value in asdict(self).items()
            if value not in (None, "", ()) and value is not False
        }


class Progress:
    """Counts one column's events.

    Args:
        request: What was asked.
        cost: What so many tokens of a model cost.
    """

    def __init__(self, request: Request, cost: Price = free) -> None:
        self.phase, self.label = "waiting", "waiting"
        self._settings, self._cost = request.settings, cost
        self._usage = Usage(prompt_tokens=estimated_tokens(request))
        self._model, self._served = request.model, request.model
        self._until_s: float | None = None
        self._bytes = self._pieces = 0
        self._reasoning: list[str] = []
        self._counted = (0, 0)  # pieces of it whose words are known, and how many words
        self._first_s: float | None = None
        self._thinking_s: float | None = None
        self._answer_s: float | None = None
        self._reported: int | None = None

    def add(self, event: Event) -> bool:
        """Take in one event; whether it changes what the line says, other than its figures."""
        before = (self.phase, self.label, self._served)
        if isinstance(event, TextDelta | ReasoningDelta | ToolCallDelta):
            self._count(event)
        elif isinstance(event, Retrying):
            self.phase, self._until_s = "retrying", event.at_s + event.delay_s
            reason = _REASONS.get(event.error.type, (event.error.type or "").replace("_", " "))
            self.label = f"{reason}, again in"
        elif isinstance(event, Opened):
            self.phase = self.label = "waiting"
            self._until_s = None
        elif isinstance(event, Queued):
            self.phase, self._until_s = "queued", event.until_s
            self.label = "queued" if event.until_s is None else "queued, about"
        elif isinstance(event, Started):
            self.phase = self.label = "waiting"
            self._until_s = None
        elif isinstance(event, Identified):
            self._served = event.model or self._served
        elif isinstance(event, UsageReport):
            self._reported, self._usage = event.usage.output_tokens, event.usage
        return before != (self.phase, self.label, self._served)

    def _count(self, event: TextDelta | ReasoningDelta | ToolCallDelta) -> None:
        self._pieces += 1
        if self._first_s is None:
            self._first_s = event.at_s
        if isinstance(event, ReasoningDelta):
            if self._thinking_s is None:
                self._thinking_s = event.at_s
            if self._answer_s is None:
                self.phase = self.label = "thinking"
            self._bytes += len(event.text.encode())
            self._reasoning.append(event.text)
            return
        text = event.text if isinstance(event, TextDelta) else event.arguments
        self._bytes += len(text.encode())
        if self._answer_s is None:
            self._answer_s = event.at_s
        self.phase = "streaming"
        self.label = "streaming" if isinstance(event, TextDelta) else "calling a tool"

    def status(self, clock_s: float) -> Status:
        """The line while the answer comes."""
        span = clock_s - self._first_s if self._first_s is not None else 0.0
        return Status(
            phase=self.phase,
            label=self.label,
            model=self._model,
            served=self._shown_served(),
            settings=self._settings,
            clock_s=round(clock_s, 2),
            until_s=self._until_s,
            thought=self._thought(),
            # The speed over a shorter span says nothing.
            **self._figures(self._reported, span if span >= 1 else None, self._answer_s),
        )

    def ended(self, completion: Completion) -> Status:
        """The line when it is over."""
        end_s = completion.duration_s or 0.0
        first_s = completion.ttft_s
        span = end_s - first_s if first_s is not None else 0.0
        return Status(
            phase=_phase(completion),
            label=ending_of(completion) or (KEPT if completion.kept else "done"),
            model=self._model,
            served="" if completion.model == self._model else completion.model,
            settings=self._settings,
            clock_s=round(end_s, 2),
            retry=completion.error is not None and completion.error.status not in _FINAL,
            thought=self._thought(end_s),
            error=str(completion.error) if completion.error else "",
            text=completion.text,
            **self._figures(
                completion.usage.output_tokens, span if span > 0 else None, completion.ttfa_s
            ),
        )

    def _figures(
        self, exact: int | None, span_s: float | None, first_s: float | None
    ) -> dict[str, Any]:
        """Figures, metrics and values; what is known first stands first: nothing moves later."""
        about = "" if exact else "≈ "
        tokens = exact or max(self._pieces, round(self._bytes / _BYTES_PER_TOKEN))
        speed = tokens / span_s if span_s and tokens else None
        usage = self._usage if exact else replace(self._usage, completion_tokens=tokens)
        cost = self._cost(self._served, usage) if tokens else NOTHING
        first = seconds(first_s) if first_s is not None else ""
        pace = f"{about}{speed:,.0f} tokens/s" if speed is not None else ""
        count = f"{about}{tokens:,}" if tokens else ""
        words = f"{count} token{'' if tokens == 1 else 's'}" if count else ""
        line = (first and f"first token {first}", words, pace, dollars(cost))
        return {
            "figures": tuple(text for text in line if text),
            "metrics": (first, pace, count, dollars(cost)),
            "values": (first_s, speed, None if cost.usd is None else float(cost.usd)),
        }

    def _shown_served(self) -> str:
        return "" if self._served == self._model else self._served

    def _thought(self, end_s: float | None = None) -> str:
        """One line about the thinking, once it is over."""
        over_s = self._answer_s if self._answer_s is not None else end_s
        if self._thinking_s is None or over_s is None:
            return ""
        if self._counted[0] != len(self._reasoning):
            self._counted = (len(self._reasoning), len("".join(self._reasoning).split()))
        words = self._counted[1]
        return f"thought for {seconds(over_s - self._thinking_s)} · {words:,} words"


def _phase(completion: Completion) -> str:
    if completion.error is not None:
        return "stopped" if completion.error.kind == "Interrupted" else "failed"
    ends = {"stopped": "stopped", "length": "cut", "content_filter": "cut"}
    return ends.get(completion.finish_reason or "", "done")


def estimated_tokens(request: Request) -> int:
    """About how many tokens a prompt has, until the service says it."""
    return round(len(str(request.messages).encode()) / _BYTES_PER_TOKEN)
