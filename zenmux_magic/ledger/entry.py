"""One answer on its way into the ledger: what of it is still to be written.

In: a request, the fold that its events go into, and in the end its completion. Out: rows and pieces
of text, the key masked. The stream knows nothing of it: a writer on another thread looks at what the
fold holds by now, and nothing is added to the way of a token.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from zenmux_magic.client.body import body
from zenmux_magic.client.secret import Secret, begun, redact_data, redact_kept
from zenmux_magic.completion import Completion, Fold
from zenmux_magic.request import Request
from zenmux_magic.settings import LOCAL

KERNEL = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True)
class Place:
    """Who asked.

    Attributes:
        notebook: The notebook's path, as its server names it; empty if unknown.
        cell: The id of its cell; empty if unknown.
    """

    notebook: str = ""
    cell: str = ""


def fingerprint(request: Request) -> str:
    """What two requests share that ask the same of the same service."""
    # A local model listens at another address each time.
    where = LOCAL if request.model.startswith(LOCAL) else request.base_url
    fields = json.dumps([where, body(request)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(fields.encode()).hexdigest()


class Entry:
    """An answer that is being written down.

    Args:
        request: What was asked.
        fold: What its events go into.
        key: The key that went with it.
        place: Who asked.
        ended: Called when it has.

    Raises:
        ArgumentError: The request cannot be written as JSON.

    Attributes:
        number: Its row; 0 until there is one.
        parts: How many pieces of it are written.
        touched_s: When it was last written to, in Unix seconds.
        closed: Whether all of it is written.
    """

    def __init__(
        self,
        request: Request,
        fold: Fold,
        key: Secret | None,
        place: Place,
        ended: Callable[[], None],
    ) -> None:
        self.number = 0
        self.parts = 0
        self.touched_s = 0.0
        self.closed = False
        self._request = request
        self._fingerprint = fingerprint(request)
        self._fold = fold
        self._place = place
        self._key = key
        self._started_s = time.time()
        self._text, self._reasoning = _Held(key), _Held(key)
        self._at = (0, 0)
        self._completion: Completion | None = None
        self._ended = ended

    def rewind(self) -> None:
        """None of it is written any more: begin anew."""
        self.number = self.parts = 0
        self._text, self._reasoning = _Held(self._key), _Held(self._key)
        self._at = (0, 0)

    def end(self, completion: Completion) -> None:
        """This is the whole of it."""
        self._completion = completion
        self._ended()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._completion is not None

    def first_row(self) -> dict[str, Any]:
        """The row that says that it was asked."""
        request = self._request
        return {
            "started_s": self._started_s,
            "touched_s": time.time(),
            "state": "open",
            "kernel": KERNEL,
            "notebook": self._place.notebook,
            "cell": self._place.cell,
            "model": request.model,
            "fingerprint": self._fingerprint,
            "rest": self._rest(Fold(request).completion()),
        }

    def news(self) -> tuple[str, str]:
        """Text and reasoning that have come since the last call."""
        text, reasoning, self._at = self._fold.since(*self._at)
        return self._text.let_go(text), self._reasoning.let_go(reasoning)

    def last_row(self) -> dict[str, Any]:
        """What the row holds once it has ended."""
        completion = self._completion
        assert completion is not None
        cost = completion.cost_usd
        text = redact_kept(completion.text, self._key)
        reasoning = redact_kept(completion.reasoning, self._key)
        whole = (text, reasoning) == (completion.text, completion.reasoning)
        return {
            "touched_s": time.time(),
            "state": _state(completion),
            "cost_usd": None if cost is None else str(cost),
            "text": text,
            "reasoning": reasoning,
            "rest": self._rest(completion),
            # What lost something cannot stand for the answer when the same is asked again.
            **({} if whole else {"fingerprint": ""}),
        }

    def _rest(self, completion: Completion) -> str:
        """Everything but the text and the reasoning, which have columns of their own."""
        data = replace(completion, text="", reasoning="").to_dict()
        plain = {name: value for name, value in data.items() if name not in ("text", "reasoning")}
        return json.dumps(redact_data(plain, self._key), ensure_ascii=False)


def _state(completion: Completion) -> str:
    if completion.error is not None:
        return "interrupted" if completion.error.kind == "Interrupted" else "failed"
    return "stopped" if completion.finish_reason == "stopped" else "done"


class _Held:
    """Text that is let go as soon as it cannot be the beginning of a key."""

    def __init__(self, key: Secret | None) -> None:
        self._key = key
        self._rest = ""

    def let_go(self, text: str) -> str:
        text = redact_kept(self._rest + text, self._key)
        safe = len(text) - begun(text, self._key)
        self._rest = text[safe:]
        return text[:safe]
