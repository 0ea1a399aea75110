"""How settled answers stand in a real JupyterLab: reopened without the extension, narrow, and dressed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.support.demo import ANSWER, THOUGHTS
from tests.support.gateway import Gateway, Reply, WaitFor, streaming
from tests.support.notebook import new_notebook
from tests.test_board_axe import LOAD
from zenmux_magic.completion import Completion
from zenmux_magic.tables import Table
from zenmux_magic.views.settled import combined

if TYPE_CHECKING:
    from tests.support.lab import NotebookPage

    OpenPage = Callable[..., NotebookPage]

WIDE = (
    "| a | b | c | d |\n|---|---|---|---|\n" + f"| {' | '.join(['unbreakable_word' * 2] * 4)} |\n"
)
ONE = Completion(text=f"{ANSWER}\n{WIDE}", requested_model="a/one", model="a/one")
# The paragraph's, so that it is told apart from that of the front end's tables.
TYPE = """one => {
  const { fontSize, lineHeight, color } = getComputedStyle(one);
  return [fontSize, lineHeight, color];
}"""
# What of an element's boxes reaches beyond the column that holds it, and is seen there.
BEYOND = """table => [...table.rows].flatMap(row => [...row.cells]).filter(cell => {
  const right = cell.getBoundingClientRect().right + 1;
  return [...cell.querySelectorAll('*')].some(one => {
    let seen = one.getBoundingClientRect().right;
    for (let box = one.parentElement; box !== cell; box = box.parentElement) {
      if (getComputedStyle(box).overflowX === 'visible') continue;
      seen = Math.min(seen, box.getBoundingClientRect().right);
    }
    return seen > right;
  });
}).length"""


def reopened(open_page: OpenPage, completions: list[Completion], width: int) -> NotebookPage:
    notebook = new_notebook(["1"])
    data, metadata = combined(completions)
    notebook.cells[0].outputs = [
        nbformat.v4.new_output("display_data", data=data, metadata=metadata)  # type: ignore[no-untyped-call]
    ]
    page = open_page(dict(notebook), width=width)
    page.page.locator(".zenmux-settled").wait_for()
    page.page.locator(".zenmux-settled mjx-container").first.wait_for()
    return page


@pytest.mark.parametrize(("count", "width"), [(3, 700), (5, 1400), (8, 1400)])
def test_no_column_is_printed_over_the_next(
    notebook_page: OpenPage, count: int, width: int
) -> None:
    page = reopened(notebook_page, [ONE] * count, width)
    table = page.page.locator(".zenmux-columns")
    assert table.evaluate(BEYOND) == 0
    assert (
        table.evaluate("table => Math.min(...[...table.rows[0].cells].map(c => c.offsetWidth))")
        > 200
    )


def test_a_code_block_has_a_frame_without_the_extension(notebook_page: OpenPage) -> None:
    page = reopened(notebook_page, [ONE], 1400)
    block = page.page.locator(".zenmux-code").first
    assert block.evaluate("one => getComputedStyle(one).borderLeftWidth") == "1px"
    head = block.locator(".zenmux-code-head")
    assert float(head.evaluate("one => getComputedStyle(one).opacity")) < 1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_text_of_a_column_stays_as_it_was_live(
    notebook_page: OpenPage, gateway: Gateway, dark: bool
) -> None:
    go = threading.Event()
    steps = list(streaming("# A heading\n\nA text.\n\nMore.", reasoning=THOUGHTS).steps)
    for _ in range(2):
        gateway.enqueue(Reply(200, {}, [*steps[:-3], WaitFor(go), *steps[-3:]]))
    page = notebook_page([LOAD, "%%zenmux -m a/one -m b/two\nGo"], dark=dark)
    page.run(0)
    page.run_async(1)
    live = page.page.locator(".zenmux-body p").first.evaluate(TYPE)
    go.set()
    page.wait_done(1)
    page.page.locator(".zenmux-dressed").wait_for()
    answer = page.page.locator(".zenmux-answer").first
    assert answer.locator("> p").first.evaluate(TYPE) == live
    above = answer.locator("> details").bounding_box()
    heading = answer.locator("> h1").bounding_box()
    assert above
    assert heading
    assert heading["y"] - above["y"] - above["height"] >= 12


def test_names_of_settled_columns_stand_on_one_line(notebook_page: OpenPage) -> None:
    long = Completion(
        text="$x_1$", requested_model="b/two", model="b/two", settings="temperature=0 " * 8
    )
    page = reopened(notebook_page, [ONE, long], 1400)
    tops = page.page.locator(".zenmux-columns th b").evaluate_all(
        "all => all.map(one => Math.round(one.getBoundingClientRect().top))"
    )
    assert tops[0] == tops[1]


def test_copy_is_whole_beside_a_long_name(notebook_page: OpenPage, gateway: Gateway) -> None:
    gateway.enqueue(streaming("A text.", model="anthropic/claude-sonnet-4.5"))
    ask = "%%zenmux -m 'anthropic/claude-sonnet-4.5 temperature=0 max_tokens=500 seed=1'\nGo"
    page = notebook_page([LOAD, ask], width=700)
    page.run(0)
    page.run(1)
    line = page.page.locator(".zenmux-dressed > .zenmux-status").bounding_box()
    button = page.page.locator(".zenmux-dressed .zenmux-copy").bounding_box()
    assert line
    assert button
    assert button["x"] + button["width"] <= line["x"] + line["width"]


def test_a_wide_table_of_texts_is_scrolled(notebook_page: OpenPage) -> None:
    notebook = new_notebook(["1"])
    table = Table(("no.", "asked", "answered"), (("1", "some words " * 5, "others " * 8),))
    notebook.cells[0].outputs = [
        nbformat.v4.new_output("display_data", data={"text/html": table._repr_html_()})  # type: ignore[no-untyped-call]
    ]
    page = notebook_page(dict(notebook), width=700)
    box = page.page.locator(".jp-OutputArea-output div:has(> table)")
    assert box.evaluate("one => getComputedStyle(one).overflowX") == "auto"
    assert box.evaluate("one => one.scrollWidth > one.clientWidth")
