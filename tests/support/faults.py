"""Streams that go wrong: one builder for each fault that a client must survive.

In: the name of a fault and the text that came before it. Out: a `Reply`. The names are those of
`FAULTS`. What a client ought to make of each is not said here; `tests/faultbench` holds many more,
and what comes of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from .replies import JSON, as_json, chunk, cut_text, sse
from .script import Close, Raw, Reply, Reset, Send, Silence, Step

ERROR: JSON = {"code": "502", "type": "provider_error", "message": "The provider went away."}


def _after(text: str, *steps: Step, headers: dict[str, str] | None = None) -> Reply:
    said = [Send(sse(chunk(piece), done=False)) for piece in cut_text(text, "token")]
    return Reply(200, headers or {}, [*said, *steps])


def _events(*events: JSON | str | bytes, done: bool = False) -> Send:
    return Send(sse(*events, done=done))


FAULTS: dict[str, Callable[[str], Reply]] = {
    # A ZenMux error object as an event, with and without a [DONE] behind it.
    "error event": lambda text: _after(text, _events({"error": ERROR})),
    "error event, done": lambda text: _after(text, _events({"error": ERROR}, done=True)),
    # Other gateways put it on a chunk that has choices.
    "error on a chunk": lambda text: _after(
        text, _events(chunk({}, finish_reason="error", error=ERROR), done=True)
    ),
    # `openai` raises nothing for a named error event whose body has no `error` key.
    "named error event": lambda text: _after(
        text, _events(b"event: error\ndata: " + json.dumps(ERROR).encode() + b"\n\n")
    ),
    "reset": lambda text: _after(text, Reset()),
    "closed without the last chunk": lambda text: _after(text, Close()),
    "bad chunk size": lambda text: _after(text, Raw(b"zz\r\nnot a chunk\r\n"), Close()),
    "end without finish": lambda text: _after(text),
    "done without finish": lambda text: _after(text, _events(done=True)),
    "finish reason error": lambda text: _after(
        text, _events(chunk({}, finish_reason="error"), done=True)
    ),
    "malformed JSON": lambda text: _after(
        text, _events('{"choices": [{"delta": {"content"', done=True)
    ),
    "JSON that is no object": lambda text: _after(text, _events("[1, 2]", "null", done=True)),
    "silence": lambda text: _after(text, Silence()),
}

# Faults that have no text before them.
EMPTY_FAULTS: dict[str, Callable[[], Reply]] = {
    "empty stop": lambda: Reply(steps=[_events(chunk({}, finish_reason="stop"), done=True)]),
    "empty length": lambda: Reply(steps=[_events(chunk({}, finish_reason="length"), done=True)]),
    "empty body": lambda: Reply(),
    "only done": lambda: Reply(steps=[_events(done=True)]),
    "JSON error as 200": lambda: as_json({"error": ERROR}),
    "reset before the head": lambda: Reply(framing="none", steps=[Reset()]),
    "closed before the head": lambda: Reply(framing="none", steps=[Close()]),
    "silence before the head": lambda: Reply(framing="none", steps=[Silence()]),
    "silence after the head": lambda: Reply(steps=[Silence()]),
    "no HTTP at all": lambda: Reply(framing="none", steps=[Raw(b"SSH-2.0-nope\r\n"), Close()]),
}


def fault(name: str, text: str = "So far, so **good**") -> Reply:
    """The fault of that name after `text` has been streamed (where the fault allows any)."""
    return FAULTS[name](text) if name in FAULTS else EMPTY_FAULTS[name]()
