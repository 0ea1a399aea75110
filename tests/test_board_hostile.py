"""Hostile answers in a real browser, growing and settled: no script runs, nothing is loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from tests.hostile import EVENT, HOST, HOSTILE
from tests.support.gateway import Gateway, streaming
from zenmux_magic.completion import Fold
from zenmux_magic.events import Finish, ReasoningDelta, TextDelta
from zenmux_magic.markdown import IncrementalMarkdown
from zenmux_magic.request import Request
from zenmux_magic.views.column import Column
from zenmux_magic.views.widget import Board

if TYPE_CHECKING:
    from tests.support.lab import Lab, NotebookPage

REQUEST = Request("a/b", ({"role": "user", "content": "Hi"},))
LOAD = "%load_ext zenmux_magic"
ASK = "%%zenmux -m openai/gpt-5\nGo"
SETTLED = f"""
from zenmux_magic import Completion
from IPython.display import display
for text in {list(HOSTILE.values())!r}:
    display(Completion(text=text, reasoning=text, model="a/b", requested_model="a/b"))
"""
SPY = f"window.ran = []; window.{EVENT} = (...args) => {{ window.ran.push(args); }}; 0"


def messages(text: str) -> list[dict[str, Any]]:
    """A board's messages for a text that comes letter by letter, as answer and as reasoning."""
    column = Column(0, REQUEST, IncrementalMarkdown, lambda: 1.0)
    fold = Fold(REQUEST)
    found: list[dict[str, Any]] = []
    for letter in text:
        for event in (ReasoningDelta(0.1, letter), TextDelta(0.2, letter)):
            column.add(event)
            fold.add(event)
        found.append({"t": "frame", "n": len(found), "ops": column.operations()})
    fold.add(Finish(1.0, "stop"))
    column.end(fold.completion())
    return [*found, {"t": "frame", "n": len(found), "ops": column.operations()}]


def test_there_are_enough_of_them() -> None:
    assert len(HOSTILE) >= 100


@pytest.mark.parametrize("part", range(4))
def test_nothing_runs_while_it_grows(lab: Lab, part: int) -> None:
    from tests.support.stub_page import StubPage

    context = lab.browser.context(900, 700)
    page = context.new_page()
    board = StubPage(page, Board._esm, Board._css)
    page.evaluate(SPY)
    loaded = len(board.requests)
    for text in list(HOSTILE.values())[part::4]:
        board.open()
        board.begin([Column(0, REQUEST, IncrementalMarkdown, lambda: 1.0).snapshot()])
        board.send(*messages(text))
        page.evaluate("host.remove()")
    page.evaluate("() => new Promise(done => setTimeout(done, 200))")
    assert page.evaluate("window.ran") == []
    assert board.requests[loaded:] == []
    assert board.errors == []
    context.close()


def watch(page: NotebookPage) -> list[str]:
    """Dialogs of a page, as they come; each is dismissed."""
    seen: list[str] = []

    def note(dialog: Any) -> None:
        seen.append(dialog.message)
        dialog.dismiss()

    page.page.on("dialog", note)
    return seen


def test_nothing_runs_when_it_has_settled_nor_when_it_is_opened_again(
    lab: Lab, notebook_page: Callable[..., NotebookPage], gateway: Gateway
) -> None:
    gateway.enqueue(streaming("A first answer, whose board brings the keeper of settled ones."))
    page = notebook_page([LOAD, ASK, SETTLED])
    dialogs, at = watch(page), page.navigations[-1:]
    for cell in range(3):
        page.run(cell)
    page.output(2).locator(".zenmux-dressed").first.wait_for()
    page.page.wait_for_timeout(1000)  # what would load has the time to
    saved = page.save()
    assert (dialogs, page.foreign_requests, page.navigations[-1:]) == ([], [], at)

    again = lab.open(nbformat.from_dict(saved))  # type: ignore[no-untyped-call]
    dialogs, at = watch(again), again.navigations[-1:]
    again.page.locator(".zenmux-settled").last.wait_for(state="attached")
    again.page.wait_for_timeout(1000)
    assert (dialogs, again.foreign_requests, again.navigations[-1:]) == ([], [], at)
    again.trust()
    again.page.wait_for_timeout(1000)
    assert (dialogs, again.foreign_requests, again.navigations[-1:]) == ([], [], at)


def test_nothing_runs_in_a_live_cell(
    notebook_page: Callable[..., NotebookPage], gateway: Gateway
) -> None:
    text = "\n\n".join(HOSTILE.values())
    gateway.enqueue(streaming(text, reasoning=text, pieces=97, pace_s=0.01))
    page = notebook_page([LOAD, ASK])
    dialogs, at = watch(page), page.navigations[-1:]
    page.run(0)
    page.run(1)
    page.page.locator(".zenmux-dressed").wait_for()
    page.page.wait_for_timeout(1000)
    assert (dialogs, page.foreign_requests, page.navigations[-1:]) == ([], [], at)
    assert HOST in json.dumps(page.save())  # it was shown, and did nothing
