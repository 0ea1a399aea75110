"""One request as a value: what is asked, of which model, at which base URL.

In: what the user asked for. Out: data that can be compared, stored and shown. It holds no key and
knows no wire format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Message = Mapping[str, Any]
TransportName = Literal["openai", "direct"]


@dataclass(frozen=True)
class Request:
    """A chat completion request.

    Attributes:
        model: The model's id as asked for, `<vendor>/<name>`.
        messages: The conversation, each a mapping with `role` and `content`.
        params: Every other field of the request body, exactly as it is to be sent.
        base_url: Where to, without a trailing slash.
        transport: `openai` (the package's client) or `direct` (plain HTTP).
        timeout_s: The longest silence allowed between two bytes of the response, in seconds.
        first_byte_timeout_s: The longest wait for the first byte, in seconds. Six times as long may pass
            in which nothing comes but signs of life (comments, empty chunks), however regular.
        max_retries: How often it may be sent again before the first token.
        settings: What sets this request apart from another of the same model, as the user wrote
            it (`temperature=0`); it is in `params` already, and only shown.
    """

    model: str
    messages: tuple[Message, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    base_url: str = "https://zenmux.ai/api/v1"
    transport: TransportName = "openai"
    timeout_s: float = 60.0
    first_byte_timeout_s: float = 600.0
    max_retries: int = 3
    settings: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "messages": [dict(message) for message in self.messages]}
