"""The only room that touches the network: a `Request` and a key in, events out.

    connections ──▶ transports (openai | direct) ──bytes──▶ attempt (sse, wire) ──events──▶ exchange (retries)

It knows neither the notebook nor the screen. Each part is imported when it is first asked for: a key
can be masked without an HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zenmux_magic.client.connections import Connections
    from zenmux_magic.client.exchange import stream
    from zenmux_magic.client.secret import Secret, redact

__all__ = ["Connections", "Secret", "redact", "stream"]

_HOMES = {
    "Connections": "connections",
    "Secret": "secret",
    "redact": "secret",
    "stream": "exchange",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
