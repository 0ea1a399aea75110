"""What a model or a service wrote, where a terminal may print it: pictures of control characters."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import pytest

from zenmux_magic.comparison import Comparison
from zenmux_magic.completion import Completion
from zenmux_magic.cost import Cost
from zenmux_magic.errors import ErrorInfo, Interrupted, exception_of
from zenmux_magic.events import (
    Failure,
    Finish,
    Identified,
    ReasoningDelta,
    Retrying,
    TextDelta,
    Usage,
)
from zenmux_magic.inert import inert
from zenmux_magic.request import Request
from zenmux_magic.tables import Table
from zenmux_magic.views.document import DocumentView
from zenmux_magic.views.settled import combined
from zenmux_magic.views.terminal import TerminalView

# Clear the screen, set the clipboard, set the title, answer a query, 8-bit CSI, backspace, delete.
BAD = "a\x1b[2Jb\x1b]52;c;ZXZpbA==\x07c\x1b]0;t\x1b\\d\x1b[6n\x9b2J\x08\x7f\re"
ACTS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")
ERROR = ErrorInfo("ServiceError", f"It said {BAD}.", BAD, 500, BAD)
ANSWER = Completion(
    text=BAD,
    reasoning=BAD,
    model=BAD,
    requested_model=f"x/{BAD}",
    finish_reason=BAD,
    settings=BAD,
    error=ERROR,
    cost_usd=Decimal(1),
)
ROWS = {
    "plain": ("a\tb\nc\r\nd", "a\tb\nc\r\nd"),
    "escape": ("\x1b[31m", "␛[31m"),
    "return": ("a\rb", "a␍b"),
    "delete and C1": ("\x7f\x9b", "␡\ufffd"),
    "other alphabets": ("é中\u202e🙂", "é中\u202e🙂"),
}
PRINTED: dict[str, Callable[[], object]] = {
    "answer": lambda: combined([ANSWER])[0]["text/plain"],
    "side by side": lambda: combined([ANSWER, ANSWER])[0]["text/plain"],
    "repr": lambda: repr(ANSWER),
    "repr of a comparison": lambda: repr(Comparison([ANSWER, ANSWER])),
    "table": lambda: repr(Table((BAD,), ((BAD,),))),
}


@pytest.mark.parametrize(("text", "shown"), ROWS.values(), ids=ROWS.keys())
def test_rows(text: str, shown: str) -> None:
    assert inert(text) == shown
    assert len(shown) == len(text)


@pytest.mark.parametrize("name", PRINTED)
def test_nothing_printed_acts(name: str) -> None:
    shown = str(PRINTED[name]())
    assert "␛" in shown
    assert not ACTS.search(shown)


def test_no_error_acts() -> None:
    for error in (exception_of(ERROR), Interrupted(BAD)):
        shown = "\n".join(error._render_traceback_())
        assert "␛[2J" in shown
        assert not ACTS.search(shown.removeprefix("\x1b[31m").removesuffix("\x1b[0m"))


def test_the_value_is_what_came() -> None:
    assert str(ANSWER) == ANSWER.text == BAD


T = TypeVar("T")


class Idle:
    """Controls of a run that nobody stops."""

    def stop(self, column: int | None = None) -> None:
        """Nothing runs."""

    def retry(self, column: int) -> None:
        """Nothing runs."""

    def cost(self, column: int, model: str, usage: Usage) -> Cost:
        """A price."""
        return Cost(Decimal(1), False)

    def aside(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """At once, on the loop's own threads."""
        return asyncio.get_running_loop().run_in_executor(None, work)


@pytest.mark.parametrize("columns", [1, 2])
def test_no_terminal_acts(columns: int) -> None:
    stream = io.StringIO()
    view = TerminalView(stream, colour=False)
    request = Request(f"x/{BAD}", ({"role": "user", "content": "Hi"},), settings=BAD)
    view.open([request] * columns, Idle())
    events = [
        Retrying(0.1, 1, 2.0, ERROR),
        Identified(0.2, "id", BAD),
        ReasoningDelta(0.3, BAD),
        TextDelta(0.4, BAD),
    ]
    for column in range(columns):
        for event in [*events, Failure(0.5, ERROR) if columns > 1 else Finish(0.5, BAD)]:
            view.event(column, event)
    asyncio.run(view.settle([ANSWER] * columns))
    shown = stream.getvalue()
    assert "[2J" in shown
    assert not ACTS.search(shown)


class Published:
    """A publisher that keeps what it is given."""

    def __init__(self) -> None:
        self.data: list[dict[str, str]] = []

    def publish(self, data: dict[str, str], *_: object, **__: object) -> None:
        self.data.append(data)


@pytest.mark.parametrize("columns", [1, 2])
def test_no_static_view_acts(columns: int) -> None:
    published = Published()
    view = DocumentView(published)
    request = Request(f"x/{BAD}", ({"role": "user", "content": "Hi"},))
    view.open([request] * columns, Idle())
    asyncio.run(view.settle([ANSWER] * columns))
    assert len(published.data) == 2
    assert not any(ACTS.search(data["text/plain"]) for data in published.data)
