"""What can go wrong, as exceptions and as a value.

    ZenMuxError                  everything this package raises on purpose
    ├── ArgumentError            an option or a word on the magic's line
    ├── PromptError              the prompt: empty, a bad `{{ … }}`, a missing file
    ├── SettingsError            no key, a malformed key or base URL
    ├── LocalModelError          the local model could not be fetched or started
    └── RequestError             a request failed; `error` is an `ErrorInfo`
        ├── ServiceError         the service answered with an error
        ├── ConnectionFailed     no connection, or lost before the answer began
        └── StreamBroken         the request was accepted, and the answer did not come to its end

In: a message of one line that says what happened, with the value, and what to do. Out: an exception
that IPython shows as that line. Which sentence fits which fault is decided where the fault is met.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from zenmux_magic.inert import inert
from zenmux_magic.said import colourless, writable

if TYPE_CHECKING:
    from zenmux_magic.comparison import Comparison
    from zenmux_magic.completion import Completion

_RED, _PLAIN = "\x1b[31m", "\x1b[0m"


def _red(line: str) -> str:
    line = writable(line, sys.stdout)
    return line if colourless() else f"{_RED}{line}{_PLAIN}"


class ZenMuxError(Exception):
    """Base of all errors here; shown by IPython as one red line, without a stack trace."""

    def _render_traceback_(self) -> list[str]:
        return [_red(f"ZenMux: {inert(str(self))}")]


class ArgumentError(ZenMuxError):
    """The magic's line holds an option or a word that cannot be used."""


class PromptError(ZenMuxError):
    """The prompt is empty, or a part of it cannot be evaluated or read."""


class SettingsError(ZenMuxError):
    """A key, a base URL or another setting is missing or malformed."""


class LocalModelError(ZenMuxError):
    """The local model could not be fetched, verified or started."""


@dataclass(frozen=True)
class ErrorInfo:
    """An error as a value, so that it can be compared, stored and read back.

    Attributes:
        kind: Name of the exception class: `ServiceError`, `ConnectionFailed` or `StreamBroken`; or
            `Interrupted`, where the user ended it.
        message: One line: what happened, with the value, and what to do. Never holds the key.
        type: The gateway's own word for it (`rate_limit`, `invalid_model`, …), if it gave one.
        status: HTTP status, if there was a response.
        request_id: The gateway's id of the request, if it gave one.
    """

    kind: str
    message: str
    type: str | None = None
    status: int | None = None
    request_id: str | None = None

    def __str__(self) -> str:
        if self.request_id and self.request_id not in self.message:
            return f"{self.message} (request id {self.request_id})"
        return self.message

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ErrorInfo:
        """The value that `to_dict` was made from."""
        return cls(**data)


class RequestError(ZenMuxError):
    """A request failed.

    Attributes:
        error: What happened, as a value.
        completion: What had been received until then, of several models a `Comparison`; `None`
            where nothing was sent.
    """

    def __init__(self, error: ErrorInfo, completion: Completion | Comparison | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.completion = completion


class ServiceError(RequestError):
    """The service answered with an error, before or in the stream."""


class ConnectionFailed(RequestError):  # noqa: N818 — reads as what happened
    """The service could not be reached, or the connection was lost before the answer began."""


class StreamBroken(RequestError):  # noqa: N818
    """The request had been accepted, and the answer did not come to its proper end."""


_KINDS = {cls.__name__: cls for cls in (ServiceError, ConnectionFailed, StreamBroken)}


def exception_of(
    error: ErrorInfo, completion: Completion | Comparison | None = None
) -> RequestError:
    """The exception to raise for an error value."""
    return _KINDS.get(error.kind, RequestError)(error, completion)


class Interrupted(KeyboardInterrupt):
    """The user interrupted the cell: like `KeyboardInterrupt`, shown as one line."""

    def _render_traceback_(self) -> list[str]:
        return [_red(inert(str(self)))]


# Front ends and nbclient tell an interrupt by this name.
Interrupted.__name__ = "KeyboardInterrupt"
