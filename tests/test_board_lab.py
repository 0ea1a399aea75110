"""The board in a real JupyterLab: under a running cell, through reloads, and when it has settled."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.demo import ANSWER, THOUGHTS
from tests.support.gateway import Gateway, Recorded, Reply, WaitFor, streaming
from tests.support.labels import having_said, note_labels

if TYPE_CHECKING:
    from tests.support.lab import Lab, NotebookPage

    OpenPage = Callable[..., NotebookPage]

LOAD = "%load_ext zenmux_magic"
ASK = "%%zenmux -m openai/gpt-5 -o answer\nExplain"
MODEL = "openai/gpt-5"
# Formulas are typeset by the board and by MathJax in their own sizes; all else is measured.
PLAIN = ANSWER.replace("$$", "").replace("$", "")
BODY = ".zenmux-board .zenmux-body"


class Held:
    """An answer that stands still after some of it, until it is let go."""

    def __init__(self, gateway: Gateway, text: str = PLAIN, share: float = 0.6, **more: Any):
        self.go = threading.Event()
        steps = list(streaming(text, model=MODEL, **more).steps)
        at = int(len(steps) * share)
        self.reply = Reply(200, {}, [*steps[:at], WaitFor(self.go), *steps[at:]])
        gateway.enqueue(self.reply)


def saved_output(page: NotebookPage, cell: int) -> Any:
    (output,) = page.save().cells[cell].outputs
    return output


def copied(page: NotebookPage) -> str:
    return str(page.page.evaluate("navigator.clipboard.readText()"))


def test_an_answer_streams_and_settles_to_static_output(
    notebook_page: OpenPage, gateway: Gateway
) -> None:
    held = Held(gateway)
    page = notebook_page([LOAD, ASK])
    page.run(0)
    page.run_async(1)
    page.page.locator(BODY).get_by_text("The bias-variance trade-off").wait_for()
    assert page.page.locator(".zenmux-phase").inner_text() == "streaming"
    held.go.set()
    page.wait_done(1)
    page.page.locator(".zenmux-dressed").wait_for()
    assert page.page.locator(".zenmux-board").count() == 0
    saved = page.save()
    (output,) = saved.cells[1].outputs
    assert set(output.data) == {"text/html", "text/markdown", "text/plain"}
    assert output.data["text/plain"] == PLAIN
    text = json.dumps(saved)
    assert "widget" not in text
    assert "zenmux-status" not in text
    assert page.console_errors == []
    assert page.foreign_requests == []


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_stop_ends_a_running_cell_with_what_has_come(
    notebook_page: OpenPage, gateway: Gateway, share: float
) -> None:
    Held(gateway, share=share)
    page = notebook_page([LOAD, ASK, "(answer.finish_reason, answer.text == '', answer.error)"])
    page.run(0)
    page.run_async(1)
    gateway.wait_for_request(1)  # stopped before it is sent, nothing would be sent
    if share:
        page.page.locator(BODY).get_by_text("Cubic spline").wait_for()
    page.page.locator(".zenmux-stop").click()
    page.wait_done(1)
    gateway.wait_departure(1)
    page.run(2)
    assert page.output(2).inner_text() == f"('stopped', {not share}, None)"


def test_escape_stops_when_the_board_has_focus(notebook_page: OpenPage, gateway: Gateway) -> None:
    Held(gateway)
    page = notebook_page([LOAD, ASK])
    page.run(0)
    page.run_async(1)
    page.page.locator(".zenmux-stop").focus()
    page.page.keyboard.press("Escape")
    page.wait_done(1)
    assert saved_output(page, 1).metadata["zenmux"]["finish_reason"] == "stopped"


@pytest.mark.parametrize("key", ["Enter", " "])
def test_stop_works_from_the_keyboard(notebook_page: OpenPage, gateway: Gateway, key: str) -> None:
    Held(gateway)
    page = notebook_page([LOAD, ASK])
    page.run(0)
    page.run_async(1)
    page.page.locator(".zenmux-stop").focus()
    page.page.keyboard.press(key)
    page.wait_done(1)
    assert saved_output(page, 1).metadata["zenmux"]["finish_reason"] == "stopped"


def test_an_interrupt_keeps_what_has_come_and_fails_the_cell(
    notebook_page: OpenPage, gateway: Gateway
) -> None:
    Held(gateway)
    page = notebook_page([LOAD, ASK, "len(answer.text) > 100, answer.error.kind"])
    page.run(0)
    page.run_async(1)
    page.page.locator(BODY).get_by_text("Cubic spline").wait_for()
    page.interrupt()
    page.wait_done(1)
    answer, error = page.save().cells[1].outputs
    assert "Cubic spline" in answer.data["text/html"]
    assert error.ename == "KeyboardInterrupt"
    page.run(2)
    assert page.output(2).inner_text() == "(True, 'Interrupted')"


RECTS = """() => {
  const wanted = '.zenmux-status, .zenmux-model, .zenmux-state, .zenmux-reasoning > summary, '
    + '.zenmux-dressed > details > summary, h2, p, table, tr, ol, li, .zenmux-code, '
    + '.zenmux-code-head, pre, blockquote';
  const cell = document.querySelectorAll('.jp-Notebook .jp-Cell')[1];
  const origin = cell.getBoundingClientRect();
  return [...cell.querySelector('.jp-OutputArea-output').querySelectorAll(wanted)]
    .filter(one => !one.closest('.zenmux-thoughts, details > blockquote'))
    .map(one => {
      const box = one.getBoundingClientRect();
      return [one.tagName, ...[box.left - origin.left, box.top - origin.top, box.height]
        .map(Math.round)];
    });
}"""


def test_nothing_moves_when_it_settles(notebook_page: OpenPage, gateway: Gateway) -> None:
    # Everything has come but the finishing chunks.
    steps = len(streaming(PLAIN, reasoning=THOUGHTS).steps)
    held = Held(gateway, share=(steps - 3) / steps, reasoning=THOUGHTS)
    page = notebook_page([LOAD, ASK])
    page.run(0)
    page.run_async(1)
    page.page.locator(BODY).get_by_text("the chapter").wait_for()
    before = page.page.evaluate(RECTS)
    held.go.set()
    page.wait_done(1)
    page.page.locator(".zenmux-dressed").wait_for()
    assert page.page.evaluate(RECTS) == before


def test_a_reload_in_the_middle_shows_all_and_goes_on(
    notebook_page: OpenPage, gateway: Gateway
) -> None:
    held = Held(gateway)
    page = notebook_page([LOAD, ASK])
    page.run(0)
    page.run_async(1)
    page.page.locator(BODY).get_by_text("Cubic spline").wait_for()
    page.save()
    page.page.reload()
    page.page.locator(BODY).get_by_text("Cubic spline").wait_for(timeout=60_000)
    held.go.set()
    page.page.locator(BODY).get_by_text("for more.").wait_for()
    page.page.locator(".zenmux-phase").get_by_text("done").wait_for()
    # The page cannot tell which cell it belongs to, so the file will not hold it.
    page.page.get_by_role("note").get_by_text("Not in the notebook file").wait_for()


def test_a_reload_after_the_end_shows_the_whole_answer(
    notebook_page: OpenPage, gateway: Gateway
) -> None:
    held = Held(gateway)
    page = notebook_page([LOAD, ASK])
    page.run(0)
    page.run_async(1)
    page.page.locator(BODY).get_by_text("Cubic spline").wait_for()
    page.save()  # as an autosave would in the middle
    page.page.goto("about:blank")
    held.go.set()
    page.page.go_back()
    page.wait_ready()
    page.page.locator(BODY).get_by_text("for more.").wait_for()
    page.page.locator(".zenmux-phase").get_by_text("done").wait_for()


def test_a_second_view_shows_all_and_goes_on(notebook_page: OpenPage, gateway: Gateway) -> None:
    held = Held(gateway)
    page = notebook_page([LOAD, ASK])
    page.run(0)
    page.run_async(1)
    page.page.locator(BODY).get_by_text("Cubic spline").wait_for()
    page.output(1).click(button="right")
    page.page.get_by_text("Create New View for Cell Output").click()
    views = page.page.locator(BODY)
    views.nth(1).get_by_text("Cubic spline").wait_for()
    held.go.set()
    page.wait_done(1)
    page.page.locator(".jp-LinkedOutputView").get_by_text("for more.").wait_for()


def test_selected_text_stays_selected(notebook_page: OpenPage, gateway: Gateway) -> None:
    held = Held(gateway, PLAIN * 3, share=0.2, pace_s=0.002)
    page = notebook_page([LOAD, ASK])
    page.run(0)
    page.run_async(1)
    heading = page.page.locator(f"{BODY} > h2").first
    heading.wait_for()
    page.page.locator(BODY).get_by_text("Straight line").first.wait_for()
    heading.evaluate("node => document.getSelection().selectAllChildren(node)")
    steps = page.page.locator(f"{BODY} > *").count()
    held.go.set()
    page.page.wait_for_function(
        "n => document.querySelectorAll('.zenmux-body > *').length > n + 5", arg=steps
    )
    selected = page.page.evaluate("document.getSelection().toString()")
    assert selected.strip() == "The bias-variance trade-off"


def test_copying_settled_answers_is_one_click_also_after_a_reload(
    notebook_page: OpenPage, gateway: Gateway
) -> None:
    gateway.enqueue(streaming(ANSWER, model=MODEL), streaming("# Second\n\n- $x_1$", model=MODEL))
    page = notebook_page([LOAD, ASK, ASK])
    for cell in range(3):
        page.run(cell)
    page.save()
    for reloaded in (False, True):
        if reloaded:
            page.reload()
        page.page.locator(".zenmux-dressed").nth(1).wait_for()
        note_labels(page.page)
        page.output(1).get_by_role("button", name="Copy", exact=True).click()
        page.output(1).locator(having_said("Copied")).first.wait_for()
        assert copied(page) == ANSWER
        page.output(1).get_by_role("button", name="Copy code").click()
        page.output(1).locator(having_said("Copied")).nth(1).wait_for()
        assert copied(page).startswith("from sklearn.linear_model import Ridge\n")
        page.output(2).get_by_role("button", name="Copy", exact=True).click()
        page.output(2).locator(having_said("Copied")).wait_for()
        assert copied(page) == "# Second\n\n- $x_1$"
    assert "Copied" not in json.dumps(page.save())


def test_where_no_widget_can_load_the_answer_streams_all_the_same(
    lab: Lab, notebook_page: OpenPage, gateway: Gateway
) -> None:
    config = lab.server.home / "jupyter-config" / "labconfig" / "page_config.json"
    config.parent.mkdir(exist_ok=True)
    config.write_text(json.dumps({"disabledExtensions": {"anywidget": True}}))
    try:
        held = Held(gateway)
        page = notebook_page([LOAD, ASK])
        page.run(0)
        page.run_async(1)
        output = page.output(1)
        output.get_by_text("Cubic spline").wait_for()
        output.get_by_text("install anywidget").wait_for()
        held.go.set()
        page.wait_done(1)
        assert saved_output(page, 1).data["text/plain"] == PLAIN
    finally:
        config.unlink()


def test_a_failure_in_the_middle_shows_both(notebook_page: OpenPage, gateway: Gateway) -> None:
    steps = list(streaming(PLAIN, model=MODEL).steps)
    gateway.enqueue(Reply(200, {}, steps[:60]))
    page = notebook_page([LOAD, ASK])
    page.run(0)
    page.run_async(1)
    page.wait_done(1)
    answer, error = page.save().cells[1].outputs
    assert answer.data["text/plain"].startswith("## The bias")
    assert error.output_type == "error"


def test_typing_in_the_next_cell_stays_fluent(notebook_page: OpenPage, gateway: Gateway) -> None:
    Held(gateway, ANSWER * 8, share=0.99, pace_s=0.005)
    page = notebook_page([LOAD, ASK, ""])
    page.run(0)
    page.run_async(1)
    page.page.locator(f"{BODY} > h2").first.wait_for()
    editor = page.page.locator(".jp-Notebook .jp-Cell").nth(2).locator(".cm-content")
    editor.click()
    page.page.keyboard.type("print('typed while it streams')", delay=15)
    assert editor.inner_text() == "print('typed while it streams')"
    assert page.page.locator(".zenmux-phase").inner_text() == "streaming"


def test_a_stop_reaches_the_gateway(notebook_page: OpenPage, gateway: Gateway) -> None:
    def route(asked: Recorded) -> Reply | None:
        return streaming(ANSWER * 50, pace_s=0.02) if asked.json.get("stream") else None

    gateway.route = route
    page = notebook_page([LOAD, ASK])
    page.run(0)
    page.run_async(1)
    page.page.locator(f"{BODY} > h2").first.wait_for()
    page.page.locator(".zenmux-stop").click()
    gateway.wait_departure(1)
    page.wait_done(1)


@pytest.mark.parametrize("how", ["stop", "end"])
def test_notebook_7_does_the_same(notebook_page: OpenPage, gateway: Gateway, how: str) -> None:
    pytest.importorskip("notebook")
    held = Held(gateway)
    page = notebook_page([LOAD, ASK], app="notebook")
    page.run(0)
    page.run_async(1)
    page.page.locator(BODY).get_by_text("Cubic spline").wait_for()
    if how == "stop":
        page.page.locator(".zenmux-stop").click()
    held.go.set()
    page.wait_done(1)
    page.page.locator(".zenmux-dressed").wait_for()
    note_labels(page.page)
    page.output(1).get_by_role("button", name="Copy", exact=True).click()
    page.output(1).locator(having_said("Copied")).wait_for()
    assert copied(page) == saved_output(page, 1).data["text/plain"]
    assert page.console_errors == []
