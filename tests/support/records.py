"""What the stand-in gateway keeps of its traffic, and what its connections ask of it.

Values and one protocol; nothing here reads or writes a socket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from .script import Reply


@dataclass(frozen=True)
class Recorded:
    """A request as it came.

    Attributes:
        headers: Names in lower case; repeated ones joined with a comma.
        json: The body decoded, `{}` if it is no JSON object.
        at: When it had come whole, `time.monotonic()`; on Linux comparable between processes.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    json: dict[str, Any]
    at: float

    @property
    def model(self) -> str:
        """The model asked for."""
        return str(self.json.get("model", ""))

    @property
    def prompt(self) -> str:
        """The text of the last user message."""
        for message in reversed(self.json.get("messages", [])):
            if message["role"] == "user":
                content = message["content"]
                if isinstance(content, str):
                    return content
                return "".join(part.get("text", "") for part in content)
        return ""


@dataclass(frozen=True)
class Sent:
    """A write: what, for which request, when it was about to leave (monotonic; Unix time)."""

    asked: Recorded
    data: bytes
    at: float
    wall: float


@dataclass(frozen=True)
class Departure:
    """A client that closed its side before the reply was over; when that was seen."""

    asked: Recorded
    at: float


class Host(Protocol):
    """Who answers requests and keeps records."""

    def answer(self, asked: Recorded) -> Reply:
        """The reply to a request."""

    def note(self, record: Recorded | Sent | Departure | None) -> None:
        """Keep a record; None when a connection came or went."""
