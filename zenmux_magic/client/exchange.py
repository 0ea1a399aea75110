"""One request in, its events out: the attempts, the waits, and the one end that every stream has.

Ends with exactly one `Finish` or one `Failure`, whatever the network does; only cancellation passes
through. Between attempts stands the policy of `retry`. Bytes become events in `sse` and `wire`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from datetime import datetime, timezone
from typing import Any

from zenmux_magic.client import faults, retry, sse, wire
from zenmux_magic.client.body import body
from zenmux_magic.client.rest import Rest
from zenmux_magic.client.secret import Secret
from zenmux_magic.client.silence import Silence, Watch
from zenmux_magic.client.transports import Connections, Response, Transport
from zenmux_magic.errors import ErrorInfo
from zenmux_magic.events import Event, Failure, Opened, Retrying
from zenmux_magic.request import Request

_DRAIN_S = 0.1  # how long the end of the body may take after [DONE]
_AFTER_THE_END_S = 5.0  # how long usage may still take after the finish reason
_WAITED_S = 0.001  # what has come already is read in less
_LARGEST_DOCUMENT = 1_000_000
_LARGEST_ERROR = 64_000


async def stream(
    request: Request,
    key: Secret | None,
    connections: Connections,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    jitter: Callable[[], float] = random.random,
) -> AsyncGenerator[Event, None]:
    """Send a request and yield its events.

    Args:
        request: What to ask.
        key: The key for the request's base URL, if there is one.
        connections: Kept connections of this event loop.
        clock: Seconds, monotonic.
        sleep: Waits between attempts.
        jitter: A number from 0 to 1 for each wait.

    Yields:
        The events, the last of which is a `Finish` or a `Failure`.

    Raises:
        ArgumentError: The request cannot be written as JSON; nothing was sent.
    """
    try:
        # The first call for a base URL imports and builds the client: no part of the answer's time.
        transport = connections.get(request, key)
    except (ImportError, ValueError, OSError) as problem:
        yield Failure(0.0, faults.unusable(problem, key))
        return
    fields = body(request)
    start = clock()
    number = 0
    while True:
        number += 1
        rest = connections.rest
        attempt = _Attempt(request, fields, key, transport, lambda: clock() - start, rest)
        async with aclosing(attempt.events()) as events:
            async for event in events:
                if isinstance(event, Failure):
                    break
                yield event
            else:
                return
        delay = attempt.delay_s(event.error, number, jitter())
        if delay is None:
            yield Failure(event.at_s, attempt.told(event.error))
            return
        yield Retrying(event.at_s, number, delay, event.error)
        await sleep(delay)


class _Attempt:
    """The request sent once."""

    def __init__(
        self,
        request: Request,
        fields: dict[str, Any],
        key: Secret | None,
        transport: Transport,
        now: Callable[[], float],
        rest: Rest,
    ) -> None:
        self._rest = rest
        self._request = request
        self._fields = fields
        self._key = key
        self._transport = transport
        self._now = now
        self._request_id: str | None = None
        self._opened = False
        self._final = False  # trying again would meet the same
        self._retry_after_s: float | None = None
        self._watch = Watch()
        self._sse = sse.Decoder()
        self._decoder = wire.ChunkDecoder(request, None, key)

    def delay_s(self, error: ErrorInfo, number: int, jitter: float) -> float | None:
        """Seconds until the next attempt, `None` for none."""
        if error.kind == "ConnectionFailed":
            again = not self._opened and not self._final
        else:
            again = not self._decoder.began and retry.worth_it(error)
        if not again:
            return None
        return retry.delay_s(
            error,
            number,
            max_retries=self._request.max_retries,
            retry_after_s=self._retry_after_s,
            jitter=jitter,
        )

    def told(self, error: ErrorInfo) -> ErrorInfo:
        """The error with what the service asked for, where waiting that long was not for us."""
        if self._retry_after_s is None or not retry.worth_it(error):
            return error
        message = f"{error.message} It asks to wait {self._retry_after_s:.0f} s."
        return ErrorInfo(error.kind, message, error.type, error.status, error.request_id)

    async def events(self) -> AsyncGenerator[Event, None]:
        """The events of this attempt, the last of which is a `Finish` or a `Failure`."""
        error: ErrorInfo | None = None
        try:
            async with aclosing(self._exchange()) as events:
                async for event in events:
                    yield event
        except Silence as silence:
            error = self._silent(silence.limit_s)
        except self._transport.network_errors as problem:
            error = self._network_error(problem)
        finally:
            self._watch.stop()
        at_s = self._now()
        for server_event in self._sse.flush():
            for event in self._decoder.decode_last(server_event, at_s):
                yield event
        for event in self._decoder.close(at_s, error):
            yield event

    def _silent(self, seconds: float) -> ErrorInfo:
        self._final = True
        return faults.silent(
            seconds,
            self._request.base_url,
            began=self._decoder.began,
            request_id=self._request_id,
        )

    def _network_error(self, problem: Exception) -> ErrorInfo:
        if not self._opened:
            self._final = faults.permanent(problem)
            return faults.from_network(problem, url=self._request.base_url, key=self._key)
        said = faults.masked(str(problem) or type(problem).__name__, self._key)
        return faults.broken(f"the connection was lost ({said})", self._request_id)

    async def _exchange(self) -> AsyncGenerator[Event, None]:
        request = self._request
        sending = self._transport.send(request, self._fields)
        with self._watch.over(request.first_byte_timeout_s):
            response = await sending.__aenter__()
        try:
            if response.status >= 300:
                yield await self._refused(response)
                return
            self._opened = True
            self._request_id = faults.request_id_of(response.headers, self._key)
            self._decoder = wire.ChunkDecoder(request, self._request_id, self._key)
            yield Opened(self._now(), self._request_id)
            with self._rest:
                async with aclosing(self._body(response)) as events:
                    async for event in events:
                        yield event
        finally:
            await sending.__aexit__(None, None, None)

    async def _refused(self, response: Response) -> Failure:
        request = self._request
        body = bytearray()
        while len(body) < _LARGEST_ERROR and (chunk := await self._next(response, False)):
            body += chunk
        asked = response.headers.get("retry-after")
        self._retry_after_s = retry.retry_after_s(asked, datetime.now(timezone.utc))
        error = faults.from_response(
            response.status,
            response.headers,
            bytes(body),
            model=request.model,
            url=request.base_url,
            key=self._key,
        )
        return self._decoder.fail(self._now(), error)

    async def _next(self, response: Response, first: bool) -> bytes:
        """The next bytes of the body; empty at its end."""
        request = self._request
        limit = request.first_byte_timeout_s if first else request.timeout_s
        if self._decoder.finished:
            limit = min(limit, _AFTER_THE_END_S)
        with self._watch.over(limit):
            async for chunk in response.chunks:
                if chunk:
                    return chunk
        return b""

    async def _body(self, response: Response) -> AsyncGenerator[Event, None]:
        """The events of a body that is a stream, or a document in place of one."""
        head = b""
        while not head.strip(b"\xef\xbb\xbf \r\n\t"):
            chunk = await self._next(response, True)
            if not chunk:
                break
            head += chunk
        if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"[", b"<"):
            async for event in self._document(head, response):
                yield event
            return
        decode = self._decoder.decode
        chunk, before_s = head, self._now()
        while chunk:
            at_s = self._now()
            for server_event in self._sse.feed(chunk):
                for event in decode(server_event, at_s):
                    yield event
            if self._decoder.ended:
                await self._drain(response)
                return
            # Nobody waits for a first token any more, and no more has come than this.
            if self._decoder.began and at_s - before_s > _WAITED_S:
                await self._rest.between_reads()
                at_s = self._now()
            before_s = at_s
            chunk = await self._next(response, False)

    async def _drain(self, response: Response) -> None:
        """Read to the end of the body: only then can the connection serve the next request."""
        with suppress(Silence), self._watch.over(_DRAIN_S):
            async for _ in response.chunks:
                pass

    async def _document(self, head: bytes, response: Response) -> AsyncGenerator[Event, None]:
        """A status of 200 whose body is not a stream: an error, a page, or the whole answer."""
        body = bytearray(head)
        while len(body) < _LARGEST_DOCUMENT and (chunk := await self._next(response, False)):
            body += chunk
        text = bytes(body).decode(errors="replace").lstrip("\ufeff \r\n\t")
        url = self._request.base_url
        if text.startswith("<"):
            error = faults.web_page(url, response.status, self._request_id)
            yield self._decoder.fail(self._now(), error)
            return
        for event in self._decoder.decode(sse.ServerEvent("message", text), self._now()):
            yield event
