"""Hostile answers in a real JupyterLab: live, settled, and reopened, trusted and not.

Nothing that a model writes may run in the page, load anything, or leave the page. The answers are
those of `hostile`: a dozen a cell, as answer and as reasoning, three characters at a time; side by
side; and each by itself, letter by letter, on the board's own page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile import EVENT, HOSTILE
from tests.support.gateway import Gateway, Recorded, Reply, streaming
from zenmux_magic.completion import Fold
from zenmux_magic.events import Finish, ReasoningDelta, TextDelta
from zenmux_magic.inert import inert
from zenmux_magic.markdown import IncrementalMarkdown
from zenmux_magic.request import Request
from zenmux_magic.views.column import Column
from zenmux_magic.views.widget import Board

if TYPE_CHECKING:
    from tests.support.lab import Lab
    from tests.support.page import NotebookPage

    OpenPage = Callable[..., NotebookPage]

A_CELL = 12
NAMES = list(HOSTILE)
GROUPS = [NAMES[at : at + A_CELL] for at in range(0, len(NAMES), A_CELL)]

# What could run or load by itself, anywhere in an output.
ACTIVE = """() => [...document.querySelectorAll('.jp-OutputArea-output *')].filter(one =>
  ['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'LINK', 'META', 'BASE', 'FORM', 'STYLE', 'VIDEO', 'AUDIO']
    .includes(one.tagName)
  || [...one.attributes].some(({name, value}) => /^on/i.test(name)
    || (['href', 'src', 'srcset', 'action', 'xlink:href'].includes(name)
        && /^\\s*(javascript|data|vbscript|\\/\\/)/i.test(value))
    || (name === 'src' && !value.startsWith('blob:')) || name === 'data-commandlinker-command')
).map(one => one.outerHTML.slice(0, 200))"""


class Watch:
    """Everything a hostile answer could bring about in a page."""

    def __init__(self, page: NotebookPage) -> None:
        self.page = page
        self.dialogs: list[str] = []
        self._navigations = len(page.navigations)
        page.page.on("dialog", self._dismiss)

    def _dismiss(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def assert_quiet(self, navigations: int = 0) -> None:
        """Nothing ran, nothing was fetched, the page is the same."""
        assert self.dialogs == []
        assert self.page.foreign_requests == []
        assert len(self.page.navigations) == self._navigations + navigations

    def assert_inert(self, cells: Sequence[int]) -> None:
        """Nothing that could run or load stands in the outputs of these cells."""
        for cell in cells:
            self.page.output(cell).first.wait_for()
            assert self.page.page.evaluate(ACTIVE) == []


def answer(group: list[str]) -> str:
    return "\n\n".join(f"## {name}\n\n{HOSTILE[name]}\n\n~~~\n~~~" for name in group)


@pytest.fixture
def hostile_page(notebook_page: OpenPage, gateway: Gateway) -> NotebookPage:
    def route(asked: Recorded) -> Reply:
        text = answer(GROUPS[int(asked.prompt)])
        return streaming(text, reasoning=text, pieces=3)

    gateway.route = route
    cells = [f"%%zenmux\n{number}" for number in range(len(GROUPS))]
    return notebook_page(["%load_ext zenmux_magic", *cells])


def test_nothing_runs_live_settled_or_reopened(
    hostile_page: NotebookPage, notebook_page: OpenPage
) -> None:
    cells = range(1, len(GROUPS) + 1)
    page, watch = hostile_page, Watch(hostile_page)
    page.run_all(timeout=240)
    watch.assert_quiet()
    watch.assert_inert(cells)
    watch.assert_quiet()
    saved = page.save()
    texts = [cell.outputs[0].data["text/plain"] for cell in saved.cells[1:]]
    assert texts == [inert(answer(group)) for group in GROUPS]
    page.output(1).locator(".zenmux-settled > p").get_by_text(
        "onerror"
    ).first.wait_for()  # and yet it is there to be read

    page.reload()
    watch.assert_inert(cells)
    watch.assert_quiet(navigations=1)

    copy = notebook_page(saved, name="copy")
    watch = Watch(copy)
    watch.assert_inert(cells)
    watch.assert_quiet()
    copy.trust()
    watch.assert_inert(cells)
    watch.assert_quiet()


def test_nothing_runs_side_by_side(notebook_page: OpenPage, gateway: Gateway) -> None:
    columns = [answer(NAMES[place::6]) for place in range(6)]
    gateway.route = lambda asked: streaming(columns[int(asked.model[-1])], pieces=5)
    models = " ".join(f"-m demo/{place}" for place in range(6))
    page = notebook_page(["%load_ext zenmux_magic", f"%%zenmux {models}\nGo"])
    watch = Watch(page)
    page.run_all(timeout=120)
    watch.assert_inert([1])
    watch.assert_quiet()
    saved = page.save()
    plain = saved.cells[1].outputs[0].data["text/plain"]
    assert all(inert(text).rstrip() in plain for text in columns)

    copy = notebook_page(saved, name="copy")
    watch = Watch(copy)
    watch.assert_inert([1])
    table = copy.output(1).locator("table").first
    # Heads, answers and figures of three columns, and of the other three.
    assert table.evaluate("one => [...one.rows].map(row => row.cells.length)") == [3] * 6
    watch.assert_quiet()
    copy.trust()
    watch.assert_inert([1])
    watch.assert_quiet()


def test_nothing_runs_in_the_static_view(hostile_page: NotebookPage) -> None:
    page, watch = hostile_page, Watch(hostile_page)
    page.set_source(0, "%load_ext zenmux_magic\n%config ZenMux.view = 'document'")
    page.run_all(timeout=240)
    watch.assert_inert(range(1, len(GROUPS) + 1))
    watch.assert_quiet()


def test_the_watch_sees_what_a_plain_markdown_display_does(notebook_page: OpenPage) -> None:
    """The other tests can fail: JupyterLab does not sanitise the output of a cell that was run."""
    source = "from IPython.display import Markdown\nMarkdown('<img src=x onerror=alert(1)>')"
    page = notebook_page([source])
    watch = Watch(page)
    with page.page.expect_event("dialog"):
        page.run_async(0)
    assert watch.dialogs == ["1"]


REQUEST = Request("a/b", ({"role": "user", "content": "Hi"},))
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
    assert len(HOSTILE) >= 300


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
