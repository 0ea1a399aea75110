"""Two ways to make the same request; both yield the response's raw bytes.

`openai`: the package's client makes the request, and its raw streaming response is read: building
its typed chunk objects costs several times the decoding. `direct`: plain HTTP with `httpx`. In: a
`Request`, its body and a key. Out: a `Response`. Neither retries, follows a redirect or lets
anything from the environment onto the wire but a proxy; and loopback never goes through a proxy.
"""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from zenmux_magic import __version__
from zenmux_magic.client.body import encoded
from zenmux_magic.client.compression import ACCEPTED, plain
from zenmux_magic.client.secret import Secret
from zenmux_magic.request import Request

USER_AGENT = f"zenmux-magic/{__version__}"
_CONNECT_S = 15.0
# People pause between two cells for longer than the five seconds that `httpx` keeps a connection.
# `openai` 3 brings an HTTP client of its own, whose limits are another class of the same attributes.
_LIMITS: Any = httpx.Limits(
    max_connections=None, max_keepalive_connections=20, keepalive_expiry=60.0
)
_STATUS = "zenmux_status"
_BODILESS = frozenset({204, 304})
_KEPT = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "x-stainless-raw-response",  # the package reads it back to know what was asked of it
    }
)


@dataclass(frozen=True)
class Response:
    """An HTTP response whose body is still to come.

    Attributes:
        status: HTTP status.
        headers: Header fields; look-ups ignore case.
        chunks: The body's bytes as they arrive, decompressed; raises `CompressionError`.
    """

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class Transport(Protocol):
    """Makes requests with one key to one base URL."""

    network_errors: tuple[type[Exception], ...]

    def send(
        self, request: Request, body: Mapping[str, Any]
    ) -> AbstractAsyncContextManager[Response]:
        """Send the request; leaving the context closes the response, read or not."""
        ...

    async def aclose(self) -> None:
        """Close the kept connections."""
        ...


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine by its loopback interface."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _headers(key: Secret | None, accept: str) -> dict[str, str]:
    """The header fields that we answer for."""
    fields = {"User-Agent": USER_AGENT, "Accept": accept, "Accept-Encoding": ACCEPTED}
    if key is not None:
        fields["Authorization"] = f"Bearer {key.reveal()}"
    return fields


class OwnHeaders:
    """Gives a request its header fields just before it leaves, and no others.

    The `openai` package would add what it finds in `OPENAI_…` variables. And a key that comes this
    late is in no argument on the way, which a traceback with variables would show.
    """

    def __init__(self, key: Secret | None, accept: str = "text/event-stream") -> None:
        self._key = key
        self._accept = accept

    async def __call__(self, request: Any) -> None:
        """Set the fields; called by the HTTP client with its own kind of request."""
        for name in [name for name in request.headers if name.lower() not in _KEPT]:
            del request.headers[name]
        request.headers.update(_headers(self._key, self._accept))


async def keep_status(response: Any) -> None:
    """Keep an answer's status from the HTTP client: what it means is decided in one place, by us.

    `openai` would read the body of a refusal to its end, however long it is; `httpx` would take a
    redirect apart that nobody follows, and fail where its address is none.
    """
    response.extensions[_STATUS] = response.status_code
    response.status_code = 200


def response_of(found: Any) -> Response:
    """The response of either HTTP client."""
    status, headers = found.extensions[_STATUS], found.headers
    length = headers.get("content-length", "")
    chunks: AsyncIterator[bytes] = found.aiter_raw()
    if status in _BODILESS:
        chunks = _only(chunks, 0)
    elif length.isdecimal() and "transfer-encoding" not in headers:
        chunks = _only(chunks, int(length))
    if coding := headers.get("content-encoding"):
        chunks = plain(chunks, coding)
    return Response(status, headers, chunks)


async def _only(chunks: AsyncIterator[bytes], length: int) -> AsyncIterator[bytes]:
    """A body of which it is known how long it is, not read on to where it ends.

    Its connection is therefore closed: where the length is wrong, what is left would be taken for the
    answer to the next request. No service streams like that.
    """
    if length:
        async for chunk in chunks:
            length -= len(chunk)
            yield chunk
            if length <= 0:
                return


class DirectTransport:
    """Plain HTTP to `/chat/completions`."""

    network_errors: tuple[type[Exception], ...] = (httpx.HTTPError, httpx.InvalidURL, OSError)

    def __init__(self, base_url: str, key: Secret | None) -> None:
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=_CONNECT_S),
            limits=_LIMITS,
            trust_env=not is_loopback(base_url),
            event_hooks={"request": [OwnHeaders(key)], "response": [keep_status]},
        )

    @asynccontextmanager
    async def send(self, request: Request, body: Mapping[str, Any]) -> AsyncIterator[Response]:
        """Send the request; leaving the context closes the response, read or not."""
        url = f"{request.base_url}/chat/completions"
        fields = {"Content-Type": "application/json"}
        sending = self._client.stream("POST", url, content=encoded(body), headers=fields)
        async with sending as response:
            yield response_of(response)

    async def aclose(self) -> None:
        """Close the kept connections."""
        await self._client.aclose()


class OpenAITransport:
    """The `openai` package's client, read at its raw streaming response."""

    def __init__(self, base_url: str, key: Secret | None) -> None:
        import openai

        # Version 2 leaks errors of httpx, version 3 wraps most of them in its own.
        self.network_errors: tuple[type[Exception], ...] = (
            openai.APIConnectionError,
            httpx.HTTPError,
            httpx.InvalidURL,
            OSError,
            *_errors_of_newer_httpx(),
        )
        self._client = openai.AsyncOpenAI(
            api_key="none",  # it insists on one
            base_url=base_url,
            max_retries=0,
            timeout=openai.Timeout(None, connect=_CONNECT_S),
            http_client=openai.DefaultAsyncHttpxClient(
                limits=_LIMITS,
                trust_env=not is_loopback(base_url),
                follow_redirects=False,
                event_hooks={"request": [OwnHeaders(key)], "response": [keep_status]},
            ),
        )

    @asynccontextmanager
    async def send(self, request: Request, body: Mapping[str, Any]) -> AsyncIterator[Response]:
        """Send the request; leaving the context closes the response, read or not."""
        rest = {k: v for k, v in body.items() if k not in {"model", "messages", "stream"}}
        sending = self._client.chat.completions.with_streaming_response.create(
            model=body["model"],
            messages=body["messages"],
            stream=body["stream"],
            extra_body=rest,
        )
        async with sending as response:
            yield response_of(response.http_response)

    async def aclose(self) -> None:
        """Close the kept connections."""
        await self._client.close()


def _errors_of_newer_httpx() -> tuple[type[Exception], ...]:
    """The base error of the HTTP client that version 3 of `openai` brings along."""
    try:
        import httpx2
    except ImportError:
        return ()
    return (httpx2.HTTPError, httpx2.InvalidURL)
