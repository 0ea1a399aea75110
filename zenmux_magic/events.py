"""What happens in one stream, as values.

A column may begin with `Queued` and `Started`. A stream is zero or more `Retrying`, then any mix of
`Opened`, `Identified`, `ReasoningDelta`, `TextDelta`, `ToolCallDelta` and `UsageReport`, then exactly
one `Finish` or one `Failure`. All times are seconds since the request was first sent. Nothing here
knows the wire or the screen.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from zenmux_magic.errors import ErrorInfo


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the service reported them; `None` where it did not say.

    Attributes:
        prompt_tokens: Tokens of the prompt.
        completion_tokens: Tokens of the answer. Some vendors count reasoning in it, some do not.
        reasoning_tokens: Tokens of the reasoning.
        cached_tokens: Prompt tokens read from the provider's cache.
        total_tokens: Everything, by the service's own count.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    total_tokens: int | None = None

    @property
    def output_tokens(self) -> int | None:
        """Tokens generated, reasoning included.

        Vendors differ on whether `completion_tokens` includes reasoning; the larger of it and
        `total − prompt` is right for both.
        """
        if self.completion_tokens is None:
            return None
        if self.total_tokens is None or self.prompt_tokens is None:
            return self.completion_tokens
        return max(self.completion_tokens, self.total_tokens - self.prompt_tokens)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Queued:
    """The request waits for its turn, because as much as is allowed is under way.

    `until_s` is when its turn comes at the earliest, `None` where that depends on other answers.
    """

    at_s: float
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """Its turn has come, or it is asked again: all later times count from here."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Retrying:
    """An attempt failed before the first token; the request is sent again after `delay_s`."""

    at_s: float
    attempt: int
    delay_s: float
    error: ErrorInfo


@dataclass(frozen=True, slots=True)
class Opened:
    """The service accepted the request and began a response."""

    at_s: float
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Identified:
    """The response names itself: the generation's id and the model that serves it."""

    at_s: float
    id: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """A piece of the model's reasoning."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a tool call: the name comes first, the arguments grow."""

    at_s: float
    index: int
    id: str | None
    name: str | None
    arguments: str


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Token counts; where several come, the last one holds."""

    at_s: float
    usage: Usage


@dataclass(frozen=True, slots=True)
class Finish:
    """The stream came to its end. `reason` is the service's word, `stopped` if the user ended it."""

    at_s: float
    reason: str | None


@dataclass(frozen=True, slots=True)
class Failure:
    """The stream failed; what had come before stays valid."""

    at_s: float
    error: ErrorInfo


Event = (
    Queued
    | Started
    | Retrying
    | Opened
    | Identified
    | ReasoningDelta
    | TextDelta
    | ToolCallDelta
    | UsageReport
    | Finish
    | Failure
)
