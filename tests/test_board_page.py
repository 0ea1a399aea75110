"""The board's module in a blank page: what it makes of the kernel's messages."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.demo import ANSWER, THOUGHTS
from tests.support.labels import having_said, note_labels
from zenmux_magic.completion import Completion, Fold, fold
from zenmux_magic.events import Finish, ReasoningDelta, TextDelta
from zenmux_magic.markdown import render
from zenmux_magic.markdown.incremental import IncrementalMarkdown
from zenmux_magic.request import Request
from zenmux_magic.views.column import Column
from zenmux_magic.views.widget import Board

if TYPE_CHECKING:
    from tests.support.lab import Lab
    from tests.support.stub_page import StubPage

REQUEST = Request("openai/gpt-5", ({"role": "user", "content": "Hi"},))
LATE_LINK = "See [the docs][d] and [more][m].\n\nText.\n\n[d]: https://example.org\n\nEnd.\n"
LISTS = (
    "1. one\n2. two\n   - a\n   - b\n\n     still b\n3. three\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | `4` |\n\n- [x] done\n- [ ] open\n"
)
ODD = "𝕏 and 🙂 *emoji **bold* text** with $x^2$ and\n```python\nprint('𝕏')\n"

# What a reader sees, without what the page has added.
SEEN = """selector => {
  const copy = document.querySelector(selector).cloneNode(true);
  for (const one of copy.querySelectorAll('button')) one.remove();
  copy.normalize();
  return copy.innerHTML;
}"""
PARSED = "html => Object.assign(document.createElement('div'), { innerHTML: html }).innerHTML"


@pytest.fixture
def board(lab_session: Lab) -> Iterator[StubPage]:
    from tests.support.stub_page import StubPage

    with lab_session.browser.lent():
        context = lab_session.browser.context(900, 700)
        yield StubPage(context.new_page(), Board._esm, Board._css)
        context.close()


def new_column(clock: Callable[[], float] = lambda: 1.0) -> Column:
    return Column(0, REQUEST, IncrementalMarkdown, clock)


def completed(text: str, reason: str = "stop") -> Completion:
    fold = Fold(REQUEST)
    fold.add(TextDelta(0.5, text))
    fold.add(Finish(2.0, reason))
    return fold.completion()


def frame(column: Column, number: int = 1) -> dict[str, Any]:
    return {"t": "frame", "n": number, "ops": column.operations()}


@pytest.mark.parametrize("text", [ANSWER, LISTS, LATE_LINK, ODD])
@pytest.mark.parametrize("largest", [1, 7, 200])
def test_the_page_ends_with_the_whole_rendering(board: StubPage, text: str, largest: int) -> None:
    chance = random.Random(largest)
    column = new_column()
    board.open()
    board.begin([column.snapshot()])
    frames = []
    rest = text
    while rest:
        size = chance.randint(1, largest)
        column.add(TextDelta(0.5, rest[:size]))
        rest = rest[size:]
        frames.append(frame(column))
    board.send(*frames)
    column.end(completed(text))
    board.send(frame(column))
    expected = board.page.evaluate(PARSED, render(text))
    assert board.page.evaluate(SEEN, ".zenmux-body") == expected
    assert board.errors == []


def test_a_view_that_comes_late_gets_all_and_follows(board: StubPage) -> None:
    column = new_column()
    column.add(TextDelta(0.5, ANSWER[:400]))
    board.open()
    column.operations()
    board.begin([column.snapshot()])
    column.add(TextDelta(0.6, ANSWER[400:]))
    board.send(frame(column))
    column.end(completed(ANSWER))
    board.send(frame(column))
    assert board.page.evaluate(SEEN, ".zenmux-body") == board.page.evaluate(PARSED, render(ANSWER))


def test_frames_before_the_snapshot_are_left_alone(board: StubPage) -> None:
    column = new_column()
    column.add(TextDelta(0.5, "Hello"))
    board.open()
    board.send(frame(column))
    assert board.page.locator(".zenmux-column").count() == 0
    board.begin([column.snapshot()])
    assert board.page.locator(".zenmux-body").inner_text() == "Hello"


def test_a_snapshot_for_another_view_changes_nothing(board: StubPage) -> None:
    column = new_column()
    column.add(TextDelta(0.5, "Hello"))
    column.operations()
    board.open()
    board.begin([column.snapshot()])
    board.send({"t": "snapshot", "view": "another", "columns": [new_column().snapshot()]})
    assert board.page.locator(".zenmux-body").inner_text() == "Hello"


def test_the_final_state_shows_without_a_kernel(board: StubPage) -> None:
    column = new_column()
    column.add(TextDelta(0.5, "# Hello"))
    column.end(completed("# Hello"))
    column.operations()
    board.open({"final": {"columns": [column.snapshot()]}})
    assert board.page.locator(".zenmux-body h1").inner_text() == "Hello"
    assert board.page.locator(".zenmux-phase").inner_text() == "done"
    assert [one["t"] for one in board.sent] == ["here"]  # so that it is not closed


@pytest.mark.parametrize(
    ("first_s", "marked"),
    [
        ((0.521, 0.9, 0.3), [2]),
        ((0.521, 0.523, 0.9), [0, 1]),  # both read 0.52 s
        ((0.521, 0.523, 0.519), []),
    ],
)
def test_what_reads_best_is_marked(
    board: StubPage, first_s: tuple[float, ...], marked: list[int]
) -> None:
    columns = [Column(place, REQUEST, IncrementalMarkdown, lambda: 1.0) for place in range(3)]
    for column, at_s in zip(columns, first_s, strict=True):
        events = [TextDelta(at_s, "Hello"), Finish(2.0, "stop")]
        for event in events:
            column.add(event)
        column.end(fold(REQUEST, events))
    board.open({"final": {"columns": [column.snapshot() for column in columns]}})
    firsts = board.page.locator(".zenmux-column .zenmux-metrics dd:first-of-type")
    assert [n for n, text in enumerate(firsts.all_inner_texts()) if "best" in text] == marked


def test_a_view_that_is_taken_away_says_so(board: StubPage) -> None:
    board.open()
    board.page.evaluate("close()")
    ready, gone = board.sent
    assert gone == {"t": "gone", "view": ready["view"]}


def test_finished_nodes_are_never_touched_again(board: StubPage) -> None:
    column = new_column()
    board.open()
    board.begin([column.snapshot()])
    column.add(TextDelta(0.5, ANSWER[:300]))
    board.send(frame(column))
    board.page.evaluate(
        """() => {
          window.changes = 0;
          const watch = new MutationObserver(records => { window.changes += records.length; });
          const first = document.querySelector('.zenmux-body').firstElementChild;
          watch.observe(first, { childList: true, characterData: true, subtree: true,
                                 attributes: true });
          document.getSelection().selectAllChildren(first);
        }"""
    )
    for start in range(300, len(ANSWER), 5):
        column.add(TextDelta(0.6, ANSWER[start : start + 5]))
        board.send(frame(column))
    assert board.page.evaluate("window.changes") == 0
    selected = board.page.evaluate("document.getSelection().toString()")
    assert selected.strip() == "The bias-variance trade-off"


def test_stop_says_so_once_and_escape_stops_all(board: StubPage) -> None:
    board.open()
    board.begin([new_column().snapshot()])
    board.page.locator(".zenmux-stop").click()
    assert board.page.locator(".zenmux-stop").is_disabled()
    assert board.sent[-1] == {"t": "stop", "column": 0}
    board.open()
    board.begin([new_column().snapshot()])
    board.page.locator(".zenmux-stop").last.focus()
    board.page.keyboard.press("Escape")
    assert board.sent[-1] == {"t": "stop", "column": None}


def test_frames_are_acknowledged_when_the_kernel_asks(board: StubPage) -> None:
    column = new_column()
    board.open()
    board.begin([column.snapshot()])
    for number in range(1, 31):
        column.add(TextDelta(0.5, "word "))
        board.send({**frame(column, number), **({"ask": True} if number in (7, 30) else {})})
    assert [one["frame"] for one in board.sent if one["t"] == "ack"] == [7, 30]


def test_reasoning_is_open_while_the_model_thinks(board: StubPage) -> None:
    column = new_column()
    board.open()
    board.begin([column.snapshot()])
    assert not board.page.locator(".zenmux-reasoning").is_visible()
    column.add(ReasoningDelta(0.5, THOUGHTS))
    board.send(frame(column))
    thought = board.page.locator(".zenmux-reasoning")
    assert thought.get_attribute("open") is not None
    column.add(TextDelta(2.0, "So"))
    board.send(frame(column))
    assert thought.get_attribute("open") is None
    words = len(THOUGHTS.split())
    assert thought.locator("summary").inner_text() == f"thought for 1.5 s · {words} words"


def test_reasoning_that_the_reader_opened_stays_open(board: StubPage) -> None:
    column = new_column()
    column.add(ReasoningDelta(0.5, THOUGHTS))
    column.operations()
    board.open()
    board.begin([column.snapshot()])
    summary = board.page.locator(".zenmux-reasoning > summary")
    summary.click()
    summary.click()
    column.add(TextDelta(2.0, "So"))
    board.send(frame(column))
    assert board.page.locator(".zenmux-reasoning").get_attribute("open") is not None


def test_copying_gives_the_answer_as_markdown_and_code_as_code(board: StubPage) -> None:
    column = new_column()
    text = "**Run**\n\n```python\nprint('a')\n\nprint('b')\n```\n"
    column.add(TextDelta(0.5, text))
    column.end(completed(text))
    column.operations()
    board.open({"final": {"columns": [column.snapshot()]}})
    # A blank page has no clipboard: what is looked at is what it would be given.
    board.page.evaluate(
        """() => {
          window.copied = [];
          Object.defineProperty(navigator, 'clipboard', {
            value: { writeText: async text => { window.copied.push(text); } },
          });
        }"""
    )
    note_labels(board.page)
    buttons = board.page.locator(".zenmux-copy").all()
    for done, button in enumerate(buttons, 1):
        button.click()
        board.page.locator(having_said("Copied")).nth(done - 1).wait_for()
    assert board.page.evaluate("window.copied") == [text, "print('a')\n\nprint('b')"]


def test_a_closed_view_hears_nothing(board: StubPage) -> None:
    column = new_column()
    board.open()
    board.begin([column.snapshot()])
    board.page.evaluate("window.close()")
    column.add(TextDelta(0.5, "late"))
    board.send(frame(column))
    assert board.page.locator(".zenmux-body").inner_text() == ""


def test_what_is_not_html_goes_in_as_text(board: StubPage) -> None:
    status = {
        "phase": "failed",
        "label": "<b>failed</b>",
        "model": "<img src=x onerror=alert(1)>/<svg onload=alert(1)>",
        "served": "<script>alert(1)</script>",
        "clock_s": 1,
        "figures": ["<i>1</i> token"],
        "thought": "<u>thought</u>",
        "error": "<form><input></form>",
    }
    parts = [{"commit": "", "live": "", "join": 0}] * 2
    board.open({"final": {"columns": [{"status": status, "parts": parts}]}})
    assert board.page.locator(".zenmux-board :is(img, script, i, u, form)").count() == 0
    assert board.page.locator(".zenmux-error").inner_text() == "<form><input></form>"


def test_the_module_is_small() -> None:
    assert len(Board._esm.encode()) <= 16 * 1024
