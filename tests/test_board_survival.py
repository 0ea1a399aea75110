"""What is left when a kernel dies in the middle of an answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import nbformat

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
LINE = f"{MODEL} was still answering when this notebook was saved."
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
    page.wait_ready()
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
