"""What is left when a kernel dies, or a notebook is saved, in the middle of an answer; Run All."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import nbformat
import pytest

from tests.support.demo import ANSWER
from tests.support.gateway import Gateway, Reply, WaitFor, streaming

if TYPE_CHECKING:
    from tests.support.lab import NotebookPage

    OpenPage = Callable[..., NotebookPage]

LOAD = "%load_ext zenmux_magic"
MODEL = "openai/gpt-5"
ASK = f"%%zenmux -m {MODEL} -o answer\nExplain"
DIE = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
VIEW = "application/vnd.jupyter.widget-view+json"
LINE = (
    f"{MODEL} was still answering when this notebook was saved."
    " Run the cell again, or %zenmux history."
)
BODY = ".zenmux-board .zenmux-body"


def held(text: str = ANSWER, share: float = 0.6) -> tuple[Reply, threading.Event]:
    """An answer that stands still after a share of it."""
    go = threading.Event()
    steps = list(streaming(text, model=MODEL).steps)
    at = int(len(steps) * share)
    return Reply(200, {}, [*steps[:at], WaitFor(go), *steps[at:]]), go


def file_of_a_live_answer(page: NotebookPage, cell: int) -> None:
    """Save; the file is valid, says that the answer was coming, and holds nothing of the widget."""
    saved = page.save()
    nbformat.validate(saved)
    (output,) = saved.cells[cell].outputs
    assert set(output.data) == {VIEW, "text/plain"}
    assert output.data["text/plain"] == LINE
    assert "widgets" not in saved.metadata
    text = json.dumps(saved)
    assert "export default" not in text
    assert "Cubic spline" not in text


def test_a_killed_kernel_leaves_the_page_as_it_was_and_the_notebook_usable(
    notebook_page: OpenPage, gateway: Gateway
) -> None:
    reply, _ = held()
    gateway.enqueue(reply)
    background = ASK.replace(" -m", " --background -m")
    page = notebook_page([LOAD, background, DIE, ASK])
    page.run(0)
    page.run(1)
    page.page.locator(BODY).get_by_text("Cubic spline").wait_for()
    page.run_async(2)
    gateway.wait_departure(1)
    page.page.locator(".jp-Dialog").get_by_text("Kernel Restarting").wait_for()
    page.page.locator(".jp-Dialog .jp-mod-accept").click()
    # Not until the page says *idle*: it may have missed that, and says it again when a cell has run.
    assert page.page.locator(BODY).get_by_text("Cubic spline").count() == 1
    file_of_a_live_answer(page, 1)
    page.reload()
    page.output(1).wait_for()
    gateway.enqueue(streaming(ANSWER, model=MODEL))
    page.set_source(1, ASK)
    page.run(0)
    page.run(1)
    (output,) = page.save().cells[1].outputs
    assert output.data["text/plain"] == ANSWER


def test_a_save_in_the_middle_holds_a_line_and_one_at_the_end_the_answer(
    notebook_page: OpenPage, gateway: Gateway
) -> None:
    reply, go = held()
    gateway.enqueue(reply)
    page = notebook_page([LOAD, ASK])
    page.run(0)
    page.run_async(1)
    page.page.locator(BODY).get_by_text("Cubic spline").wait_for()
    file_of_a_live_answer(page, 1)
    go.set()
    page.wait_done(1)
    (output,) = page.save().cells[1].outputs
    assert output.data["text/plain"] == ANSWER
    assert VIEW not in output.data


def test_run_all_gives_each_answer_its_own_cell(notebook_page: OpenPage, gateway: Gateway) -> None:
    numbers = ("One", "Two", "Three")
    gateway.route = lambda asked: streaming(f"# {asked.prompt}\n\n{ANSWER}", model=MODEL)
    asks = [f"%%zenmux -m {MODEL}\n{number}" for number in numbers]
    page = notebook_page([LOAD, *asks])
    page.run_all()
    for cell, number in enumerate(numbers, 1):
        page.output(cell).locator(".zenmux-dressed h1").get_by_text(number).wait_for()
    saved = page.save()
    texts = [[one.data["text/plain"] for one in cell.outputs] for cell in saved.cells[1:]]
    assert texts == [[f"# {number}\n\n{ANSWER}"] for number in numbers]
    assert page.page.locator(".zenmux-board").count() == 0
    assert "widget" not in json.dumps(saved)


@pytest.mark.parametrize(
    ("before", "cell"), [("pass", f"%%time\n{ASK}"), ("%autoawait off", ASK)], ids=["time", "off"]
)
def test_a_cell_that_cannot_listen_streams_with_a_line_on_how_to_mend_it(
    notebook_page: OpenPage, gateway: Gateway, before: str, cell: str
) -> None:
    reply, go = held()
    gateway.enqueue(reply)
    page = notebook_page([LOAD, before, cell])
    page.run(0)
    page.run(1)
    page.run_async(2)
    answer = page.output(2).first
    answer.get_by_text("Cubic spline").wait_for()
    answer.get_by_text("live updates and a Stop button come where").wait_for()
    assert page.page.locator(".zenmux-board").count() == 0
    go.set()
    page.wait_done(2)
    outputs = page.save().cells[2].outputs
    (settled,) = [one for one in outputs if one.output_type == "display_data"]
    assert settled.data["text/plain"] == ANSWER
    assert "live updates" not in json.dumps(outputs)
