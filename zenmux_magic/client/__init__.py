"""The only room that touches the network: a `Request` and a key in, events out.

    connections ──▶ transports (openai | direct) ──bytes──▶ sse ──▶ wire ──events──▶ stream (retries)

It knows neither the notebook nor the screen. Heavy packages are imported with the first request.
"""

from zenmux_magic.client.secret import Secret, redact
from zenmux_magic.client.stream import stream
from zenmux_magic.client.transports import Connections

__all__ = ["Connections", "Secret", "redact", "stream"]
