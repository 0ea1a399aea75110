"""Rows: the server speaks HTTP badly, oddly, or not at all."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from tests.faultbench.row import GOOD, HEAD, SO_FAR, Row, after, only, said, wire
from tests.support.gateway import (
    Close,
    Endless,
    HalfClose,
    Raw,
    Reply,
    Reset,
    Silence,
    chunk,
    sse,
    streaming,
)

NO_HTTP = (
    "BASE_URL answered with something that is not HTTP (…)."
    " Check the base URL: its port, and http:// or https://."
)
NO_CONNECTION = "No connection to BASE_URL (…). Check the network, then run the cell again."
DROPPED = (
    "No connection to BASE_URL (…). Check the network, then run the cell again;"
    " a very large prompt may be too large for it."
)
LOST = (
    "The answer is incomplete: the connection was lost (…)."
    " What had come is kept; run the cell again."
)
CLOSED = (
    "The answer is incomplete: the connection was closed before the end of the stream."
    " What had come is kept; run the cell again."
)
NOTHING = (
    "No answer came: the connection was closed before the end of the stream."
    " Run the cell again, or ask another model."
)
QUIET = "BASE_URL sent nothing for 3 s. Allow more with --timeout, or ask another model."
NOT_THE_NETWORK = "“No connection … Check the network”: there was one, and it was not the network"
WORDS = "“What had come is kept” was said where nothing had come"
UNCHUNKED = b"connection: close\r\n\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n\r\n"
FRAME = b"%x\r\n%b\r\n" % (len(GOOD), GOOD)
LAST = b"0\r\n\r\n"


def _good(name: str, does: str, *parts: bytes, mended: str = "") -> Row:
    return Row(name, does, wire(*parts), text=SO_FAR, finish="stop", named=False, mended=mended)


def _no_http(name: str, does: str, *parts: bytes) -> Row:
    return Row(
        name, does, wire(*parts), "ConnectionFailed", NO_HTTP, named=False,
        mended=NOT_THE_NETWORK,
    )  # fmt: skip


def _empty(name: str, does: str, *parts: bytes) -> Row:
    return Row(name, does, wire(*parts), "StreamBroken", NOTHING, named=False, mended=WORDS)


def _redirect(status: int) -> Row:
    reply = Reply(status, {"location": "ELSEWHERE/chat/completions"})
    return Row(
        f"{status}, another host", "redirects to another host, which gets nothing, and so no key",
        (reply,), "ServiceError",
        f"BASE_URL redirects to ELSEWHERE/chat/completions (HTTP {status})."
        " Set the base URL to the final address.", status=status, retries=2,
    )  # fmt: skip


def _nowhere(status: int) -> Row:
    name = f"{status}, no address"
    return Row(
        name, f"HTTP {status} {HTTPStatus(status).phrase}, no Location", (Reply(status),),
        "ServiceError", f"BASE_URL neither answers nor refuses (HTTP {status}). Check the base URL.",
        status=status, retries=2, mended="“redirects to nowhere”",
    )  # fmt: skip


def _longer(body: bytes) -> bytes:
    """A body with its true length, and a whole second response behind it."""
    evil = GOOD.replace(b"So far", b"So bad")
    return (
        HEAD + b"content-length: %d\r\n\r\n" % len(body) + body
        + HEAD + b"content-length: %d\r\n\r\n" % len(evil) + evil
    )  # fmt: skip


ROWS = [
    # Before the head.
    Row("closed before the head", "closes when it has read the request",
        (Reply(framing="none", steps=[Close()]),), "ConnectionFailed", NO_CONNECTION, named=False,
        requests=2, retries=1),
    Row("reset before the head", "resets when it has read the request",
        (Reply(framing="none", steps=[Reset()]),), "ConnectionFailed", DROPPED, named=False,
        mended="nothing said that a prompt which is too large may be why"),
    Row("half a head", "closes in the middle of the head", wire(b"HTTP/1.1 200 OK\r\ncontent-ty"),
        "ConnectionFailed", NO_CONNECTION, named=False),
    Row("reset in the head", "resets in the middle of the head",
        wire(b"HTTP/1.1 200 OK\r\ncontent-ty", end=Reset()), "ConnectionFailed", DROPPED,
        named=False, mended="nothing said that a prompt which is too large may be why"),
    Row("silence before the head", "reads the request and says nothing",
        (Reply(framing="none", steps=[Silence()]),), "ConnectionFailed", QUIET, named=False,
        timeout_s=0.3, retries=2),
    Row("a head without end", "sends one header field after the other, for ever",
        (Reply(framing="none", steps=[Raw(HEAD), Endless(b"x-more: and more\r\n", 0.0)]),),
        "ConnectionFailed", NO_HTTP, named=False, mended=NOT_THE_NETWORK),
    Row("100 Continue without end", "sends 100 Continue for ever",
        (Reply(framing="none", steps=[Endless(b"HTTP/1.1 100 Continue\r\n\r\n")]),),
        "ConnectionFailed", QUIET, named=False, timeout_s=0.3),
    _no_http("no HTTP: TLS", "answers as a TLS server does", b"\x16\x03\x01\x02\x00\x01\x00"),
    Row("no HTTP: SSH", "answers as an SSH server does, and closes",
        wire(b"SSH-2.0-nope\r\n"), "ConnectionFailed", NO_CONNECTION, named=False),
    _no_http("no HTTP: the body alone", "sends the stream without a head", GOOD),
    _no_http("a header field without colon", "sends a broken field", HEAD, b"nonsense\r\n\r\n", GOOD),
    _no_http("NUL in a header field", "sends a broken field", HEAD, b"x: a\0b\r\n\r\n", GOOD),
    _no_http("a header field of 200 KB", "sends one huge field", HEAD, b"x: ", b"a" * 200_000,
             b"\r\n\r\n", GOOD),
    _no_http("two lengths", "Content-Length twice, different", HEAD,
             b"content-length: 5\r\ncontent-length: 9\r\n\r\n", GOOD),
    _no_http("101", "switches protocols, which nobody asked for",
             b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n", GOOD),
    _no_http("status 099", "a status that there is not", b"HTTP/1.1 099 Odd\r\n\r\n"),
    Row("status 999", "a status that there is not",
        wire(b"HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n"), "ServiceError",
        "The service failed. Run the cell again; if it stays, ask another model. [999]",
        status=999, named=False),
    # Odd, and right.
    _good("100 and 103 before the head", "sends informational responses first",
          b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n",
          HEAD, UNCHUNKED, GOOD),
    _good("HTTP/1.0", "ends the body by closing", b"HTTP/1.0 200 OK\r\n\r\n", GOOD),
    _good("no Content-Type", "does not say that it is a stream", b"HTTP/1.1 200 OK\r\n", UNCHUNKED,
          GOOD),
    _good("wrong Content-Type", "says text/html, sends a stream",
          b"HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-16\r\n", UNCHUNKED, GOOD),
    _good("header fields twice", "every field twice, in other cases and orders",
          HEAD, b"Content-Type: text/event-stream\r\nX-A: 1\r\nx-a: 2\r\n", CHUNKED, FRAME, LAST),
    _good("3,000 header fields", "sends very many fields", HEAD,
          b"".join(b"x%d: a\r\n" % number for number in range(3000)), UNCHUNKED, GOOD),
    _good("both framings", "Content-Length and chunked at once", HEAD, b"content-length: 5\r\n",
          CHUNKED, FRAME, LAST),
    _good("chunk extensions and trailers", "uses what nobody uses", HEAD, CHUNKED,
          FRAME.replace(b"\r\n", b';name="va lue"\r\n', 1), b"0;last\r\nx-sum: 1\r\n\r\n"),
    _good("chunks of one byte", "one byte a chunk, one write", HEAD, CHUNKED,
          b"".join(b"1\r\n%c\r\n" % byte for byte in GOOD), LAST),
    _good("201", "another good status", b"HTTP/1.1 201 Created\r\n", UNCHUNKED, GOOD),
    _good("206", "another good status", b"HTTP/1.1 206 Partial Content\r\n", UNCHUNKED, GOOD),
    Row("packets of one byte", "one byte a packet", (streaming(SO_FAR, split="byte"),),
        text=SO_FAR, finish="stop"),
    # Empty.
    _empty("204", "No Content", b"HTTP/1.1 204 No Content\r\n\r\n"),
    _empty("200, length 0", "an empty body", HEAD, b"content-length: 0\r\n\r\n"),
    _empty("200, no chunks", "an empty body", HEAD, CHUNKED, LAST),
    _empty("200, closed after the head", "an empty body", HEAD, UNCHUNKED),
    Row("silence after the head", "sends the head and nothing more", only(Silence()),
        "ConnectionFailed", QUIET, timeout_s=0.3, retries=2),
    # Redirects.
    *(_redirect(status) for status in (301, 302, 303, 307, 308)),
    *(_nowhere(status) for status in (300, 308)),
    replace(_nowhere(304), does="HTTP 304 Not Modified, with a body, which it may not have",
            mended="“redirects to nowhere”; and the next request on that connection failed, because"
            " of the body that was left over"),
    Row("a redirect to itself", "redirects to where the request went",
        (Reply(307, {"location": "/api/v1/chat/completions"}),), "ServiceError",
        "BASE_URL redirects to /api/v1/chat/completions (HTTP 307)."
        " Set the base URL to the final address.", status=307, retries=2),
    Row("a redirect to no address", "redirects to http://[::1",
        (Reply(307, {"location": "http://[::1"}),), "ServiceError",
        "BASE_URL redirects to http://[::1 (HTTP 307). Set the base URL to the final address.",
        status=307, retries=2,
        mended="through `direct` “No connection (invalid literal for int() …)”, and sent again"),
    # Framing that breaks.
    Row("length too long", "says more bytes than it sends, closes",
        (replace(Reply(steps=[said()]), framing="length", length=9999),), "StreamBroken",
        LOST, SO_FAR),
    Row("length too long, reset", "says more bytes than it sends, resets",
        (replace(Reply(steps=[said(), Reset()]), framing="length", length=9999),), "StreamBroken",
        LOST, SO_FAR),
    Row("length too short", "says fewer bytes than it sends",
        wire(HEAD, b"content-length: %d\r\n\r\n" % len(said().data), said().data, GOOD,
             end=Silence()), "StreamBroken", CLOSED, SO_FAR, named=False,
        mended="the next cell got the bytes that were left over, as its answer"),
    Row("a second response behind the first", "sends an answer that nobody has asked for yet",
        wire(_longer(GOOD), end=Silence()), text=SO_FAR, finish="stop", named=False,
        mended="the next cell showed that answer as its own; a body with a length now ends its"
        " connection"),
    Row("chunk size is no number", "breaks the framing after the text",
        after(Raw(b"zz\r\nnot a chunk\r\n"), Close()), "StreamBroken", LOST, SO_FAR),
    Row("chunk size is negative", "breaks the framing after the text",
        after(Raw(b"-5\r\nabc\r\n"), Close()), "StreamBroken", LOST, SO_FAR),
    Row("chunk size is huge", "promises 2⁸⁰ bytes, closes",
        after(Raw(b"f" * 20 + b"\r\nabc"), Close()), "StreamBroken", LOST, SO_FAR),
    Row("chunk without its end", "leaves out the line end between chunks",
        after(Raw(b"1\r\na5\r\nhello\r\n"), Close()), "StreamBroken", LOST, SO_FAR),
    Row("closed without the last chunk", "closes after the text", after(Close()), "StreamBroken",
        LOST, SO_FAR),
    Row("reset", "resets after the text", after(Reset()), "StreamBroken", LOST, SO_FAR),
    Row("half-closed", "sends FIN after the text, goes on reading", after(HalfClose()),
        "StreamBroken", LOST, SO_FAR),
    Row("reset before the first token", "resets after a comment",
        only(b": ZENMUX PROCESSING\n\n", Reset()), "StreamBroken",
        "No answer came: the connection was lost (…). Run the cell again, or ask another model.",
        retries=2, mended=WORDS),
    Row("silence", "says nothing more after the text", after(Silence()), "StreamBroken",
        "The answer is incomplete: nothing came for 1 s (--timeout allows more)."
        " What had come is kept; run the cell again.", SO_FAR, timeout_s=1),
    Row("silence after comments alone", "a comment, then nothing",
        only(b": ZENMUX PROCESSING\n\n", Silence()), "ConnectionFailed",
        "BASE_URL sent nothing for 1 s. Allow more with --timeout, or ask another model.",
        timeout_s=1, retries=2),
    Row("an event cut in its line end", "resets where the blank line should come",
        only(sse(chunk(SO_FAR), done=False).removesuffix(b"\n"), Reset()), "StreamBroken", LOST,
        SO_FAR),
    *(
        Row(f"{name} after the finish reason", does, only(*parts), text=SO_FAR, finish="stop",
            timeout_s=1)
        for name, does, parts in (
            ("reset", "resets, the answer is whole", [GOOD.removesuffix(b"data: [DONE]\n\n"), Reset()]),
            ("closed", "closes, the answer is whole", [GOOD.removesuffix(b"data: [DONE]\n\n"), Close()]),
            ("silence", "falls silent, the answer is whole",
             [GOOD.removesuffix(b"data: [DONE]\n\n"), Silence()]),
            ("bad framing", "breaks the framing, the answer is whole", [GOOD, Raw(b"zz\r\n"), Close()]),
        )
    ),
]  # fmt: skip
