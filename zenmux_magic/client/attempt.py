"""A request sent once: its events, the last of which is a `Finish` or a `Failure`, and whether to retry.

The response is read here, within the limits of time and size that every part of it has: whatever it
turns out to be (a stream, a refusal, a page, a whole answer, nothing), what had come of it is kept.
Bytes become events in `sse` and `wire`; `exchange` waits and tries again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from datetime import datetime, timezone
from typing import Any

from zenmux_magic.client import faults, retry, sse, wire
from zenmux_magic.client.compression import CompressionError
from zenmux_magic.client.rest import Rest
from zenmux_magic.client.secret import Secret
from zenmux_magic.client.silence import Silence, Watch
from zenmux_magic.client.transports import Response, Transport
from zenmux_magic.errors import ErrorInfo
from zenmux_magic.events import Event, Failure, Opened
from zenmux_magic.request import Request

_DRAIN_S = 0.1  # how long the end of the body may take after [DONE]
_AFTER_THE_END_S = 5.0  # how long usage may still take after the finish reason
_WAITED_S = 0.001  # what has come already is read in less
# Signs of life (comments, blank lines, empty chunks) are no silence, but no answer either: so many
# times the wait for the first byte they may go on, which is an hour unless --timeout says otherwise.
_ALIVE = 6
_LARGEST_ERROR = 64_000
_TOO_LONG = f"an event has more than {sse.LONGEST // 1_000_000} MB"
_BLANK = b"\xef\xbb\xbf \r\n\t"  # what may stand before a body that is told by its first byte


class _BrokenError(Exception):
    """The body cannot be read on; says why."""


class Attempt:
    """The request sent once.

    Args:
        request: What to ask.
        fields: The same as a JSON body.
        key: The key that may stand in what a server says, and is masked there.
        transport: Sends it.
        now: Seconds since the request was first sent.
        rest: Counts those who read, and says how long each rests.
    """

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
        self._status = 0
        self._final = False  # trying again would meet the same
        self._retry_after_s: float | None = None
        self._watch = Watch()
        self._heard_s = now()  # when something came that is part of an answer
        self._document: bytearray | None = None  # a body that is no stream
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
        if not self._retry_after_s or not retry.worth_it(error):
            return error
        message = f"{error.message} It asks to wait {self._retry_after_s:.0f} s."
        return ErrorInfo(error.kind, message, error.type, error.status, error.request_id)

    async def events(self) -> AsyncGenerator[Event, None]:
        """The events of this attempt, the last of which is a `Finish` or a `Failure`."""
        problem: Exception | None = None
        try:
            async with aclosing(self._exchange()) as events:
                async for event in events:
                    yield event
        except (Silence, _BrokenError, CompressionError) as broke:
            problem = broke
        except self._transport.network_errors as broke:
            problem = broke
        finally:
            self._watch.stop()
        at_s = self._now()
        for event in self._left(at_s, broken=problem is not None):
            yield event
        # Only now it is known whether anything has come.
        error = None if problem is None else self._error(problem)
        for event in self._decoder.close(at_s, error):
            yield event

    def _left(self, at_s: float, *, broken: bool) -> list[Event]:
        """What the end of the body, or its break, has left undecoded."""
        decode = self._decoder.decode_last
        if self._document is None:
            return [event for last in self._sse.flush() for event in decode(last, at_s)]
        text = self._document.decode(errors="replace").lstrip("\ufeff \r\n\t")
        if text.startswith("<"):
            page = faults.web_page(self._request.base_url, self._status, self._request_id)
            return [self._decoder.fail(at_s, page)]
        whole = sse.ServerEvent("message", text)
        return decode(whole, at_s) if broken else self._decoder.decode(whole, at_s)

    def _error(self, problem: Exception) -> ErrorInfo:
        began, url = self._decoder.began, self._request.base_url
        if isinstance(problem, Silence):
            self._final = True
            seconds = problem.limit_s
            return faults.silent(seconds, url, began=began, request_id=self._request_id)
        if isinstance(problem, _BrokenError | CompressionError):
            return self._decoder.broken(str(problem))
        if not self._opened:
            self._final = faults.permanent(problem)
            return faults.from_network(problem, url=url, key=self._key)
        said = faults.said_by_network(problem, self._key)
        return self._decoder.broken(f"the connection was lost ({said})")

    async def _exchange(self) -> AsyncGenerator[Event, None]:
        request = self._request
        sending = self._transport.send(request, self._fields)
        with self._watch.over(request.first_byte_timeout_s):
            response = await sending.__aenter__()
        try:
            self._status = response.status
            if not 200 <= response.status < 300:
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
        # The status says enough, whatever becomes of the body.
        broken = (Silence, CompressionError, *self._transport.network_errors)
        with suppress(*broken), self._watch.over(request.timeout_s):
            async for chunk in response.chunks:
                body += chunk
                if len(body) >= _LARGEST_ERROR:
                    break
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

    async def _next(self, response: Response, first: bool = False) -> bytes:
        """The next bytes of the body; empty at its end."""
        request = self._request
        limit = request.first_byte_timeout_s if first else request.timeout_s
        unheard_s = self._now() - self._heard_s
        if self._decoder.finished:
            limit = min(limit, _AFTER_THE_END_S) - unheard_s
        alive_s = _ALIVE * request.first_byte_timeout_s
        if limit <= 0 or unheard_s > alive_s:
            what = f"for {alive_s:g} s came only signs of life (--timeout allows more)"
            raise _BrokenError(what)
        with self._watch.over(limit):
            async for chunk in response.chunks:
                if chunk:
                    return chunk
        return b""

    async def _body(self, response: Response) -> AsyncGenerator[Event, None]:
        """The events of a body that is a stream, or a document in place of one."""
        head = b""
        while not head:
            chunk = await self._next(response, first=True)
            if not chunk:
                return
            head = chunk.lstrip(_BLANK)
        if head[:1] in (b"{", b"[", b"<"):
            await self._keep_document(head, response)
            return
        decode = self._decoder.decode
        chunk, before_s = head, self._now()
        while chunk:
            at_s = self._now()
            for server_event in self._feed(chunk):
                for event in decode(server_event, at_s):
                    self._heard_s = at_s
                    yield event
            if self._decoder.ended:
                await self._drain(response)
                return
            # Nobody waits for a first token any more, and no more has come than this.
            if self._decoder.began and at_s - before_s > _WAITED_S:
                await self._rest.between_reads()
                at_s = self._now()
            before_s = at_s
            chunk = await self._next(response)

    def _feed(self, chunk: bytes) -> list[sse.ServerEvent]:
        try:
            return self._sse.feed(chunk)
        except sse.EventTooLongError:
            raise _BrokenError(_TOO_LONG) from None

    async def _drain(self, response: Response) -> None:
        """Read to the end of the body: only then can the connection serve the next request."""
        with suppress(Silence, CompressionError), self._watch.over(_DRAIN_S):
            async for _ in response.chunks:
                pass

    async def _keep_document(self, head: bytes, response: Response) -> None:
        """A status of 200 whose body is not a stream: an error, a page, or the whole answer."""
        self._document = bytearray(head)
        while chunk := await self._next(response):
            self._document += chunk
            if len(self._document) > sse.LONGEST:
                self._document.clear()
                raise _BrokenError(_TOO_LONG)
