"""A row of the bench: a fault, and what the user has after it. Values only.

In error lines `BASE_URL` stands for the base URL, `ELSEWHERE` for another host's, and `(…)` for words
that are the network library's or the operating system's own and change with their versions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tests.support.gateway import Close, Raw, Reply, Send, chunk, cut_text, sse
from tests.support.script import Step

SO_FAR = "So far, so **good**"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
GOOD = sse(chunk(SO_FAR), chunk(finish_reason="stop"))

Kind = Literal["ServiceError", "ConnectionFailed", "StreamBroken", "Interrupted"]


@dataclass(frozen=True)
class Row:
    """One fault.

    Attributes:
        name: In few words.
        does: What the server does.
        replies: What it answers, request by request; the last one again and again.
        kind: The error's class; `None` for a good end.
        error: The error's one line, without the request id; empty for a good end.
        text: The text that the user keeps.
        finish: The finish reason.
        status: The error's HTTP status.
        type: The error's word of the service.
        requests: How many requests the server gets.
        retries: How many further attempts are allowed.
        timeout_s: The longest silence allowed, if not the usual minute.
        named: Whether the response has told a request id.
        ended_by: Who ends it, where it does not end by itself.
        prompt: What is asked.
        tokens: Prompt's, answer's and all tokens, where the row is about them.
        mended: What the row found, and what was done about it; empty where it found nothing.
    """

    name: str
    does: str
    replies: tuple[Reply, ...]
    kind: Kind | None = None
    error: str = ""
    text: str = ""
    finish: str | None = None
    status: int | None = None
    type: str | None = None
    requests: int = 1
    retries: int = 0
    timeout_s: float | None = None
    named: bool = True
    ended_by: Literal["itself", "stop", "interrupt"] = "itself"
    prompt: str = "Hi"
    tokens: tuple[int | None, ...] | None = None
    mended: str = ""

    def matches(self, message: str, url: str, elsewhere: str) -> bool:
        """Whether an error's line is the one that was meant."""
        wanted = self.error.replace("ELSEWHERE", elsewhere).replace("BASE_URL", url)
        return re.fullmatch(re.escape(wanted).replace(r"\(…\)", r"\(.+\)"), message) is not None


def said(text: str = SO_FAR) -> Send:
    """The text as a stream has brought it, in one write."""
    return Send(sse(*(chunk(piece) for piece in cut_text(text, "token")), done=False))


def after(*steps: Step | bytes, text: str = SO_FAR) -> tuple[Reply, ...]:
    """A stream that brings the text, then goes on like this."""
    return (Reply(steps=[said(text), *(_step(step) for step in steps)]),)


def only(*steps: Step | bytes, **fields: str) -> tuple[Reply, ...]:
    """A stream of these steps alone, with more header fields (`content_encoding="gzip"`)."""
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    return (Reply(200, headers, [_step(step) for step in steps]),)


def wire(*parts: bytes, end: Step | None = None) -> tuple[Reply, ...]:
    """These bytes and nothing else, head included; then the connection is closed."""
    return (Reply(framing="none", steps=[Raw(b"".join(parts)), end or Close()]),)


def _step(step: Step | bytes) -> Step:
    return Send(step) if isinstance(step, bytes) else step
