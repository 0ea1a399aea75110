"""Kept connections of one event loop: a request and a key in, the transport that sends it out."""

from __future__ import annotations

import asyncio
import importlib
from concurrent.futures import Executor
from contextlib import suppress

from zenmux_magic.client.rest import Rest
from zenmux_magic.client.secret import Secret
from zenmux_magic.client.transports import DirectTransport, OpenAITransport, Transport
from zenmux_magic.request import Request


class Connections:
    """Transports by (name, base URL, key), kept open so that a second request starts at once.

    Belongs to one event loop.

    Args:
        pool: Where modules are imported; the loop's own if `None`.

    Attributes:
        rest: Counts those who read.
    """

    def __init__(self, pool: Executor | None = None) -> None:
        self.rest = Rest()
        self._open: dict[tuple[str, str, Secret | None], Transport] = {}
        self._pool = pool
        self._loading: asyncio.Future[None] | None = None

    def get(self, request: Request, key: Secret | None) -> Transport:
        """The transport for a request, opened if there is none yet."""
        name = (request.transport, request.base_url, key)
        if name not in self._open:
            make = DirectTransport if request.transport == "direct" else OpenAITransport
            self._open[name] = make(request.base_url, key)
        return self._open[name]

    async def load(self, request: Request) -> None:
        """Import what a request's transport needs, off the loop.

        The first time it takes a second, in which the loop would paint nothing and hear no stop.
        """
        if request.transport != "openai":
            return
        if self._loading is None:  # a module that is half imported is in `sys.modules` already
            loop = asyncio.get_running_loop()
            self._loading = loop.run_in_executor(self._pool, _import_openai)
        await asyncio.shield(self._loading)

    async def aclose(self) -> None:
        """Close all of them."""
        transports, self._open = list(self._open.values()), {}
        for transport in transports:
            await transport.aclose()


def _import_openai() -> None:
    with suppress(ImportError):  # said where the transport is made
        importlib.import_module("openai")
