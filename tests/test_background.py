"""`--background`: the cell returns, the answer goes on, its variable can be awaited and stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.support.gateway import Gateway, Reply, WaitFor, error, streaming

if TYPE_CHECKING:
    from tests.support.kernel import Kernel
    from tests.support.lab import Lab, NotebookPage

    OpenPage = Callable[..., NotebookPage]

LOAD = "%load_ext zenmux_magic"
ASK = "%%zenmux --background -o answer\nGo"
BODY = ".zenmux-board .zenmux-body"
BLOCK = "import pathlib, time\nwhile not pathlib.Path('unblock').exists():\n    time.sleep(0.05)"


def held(text: str) -> tuple[Reply, threading.Event]:
    go = threading.Event()
    steps = list(streaming(text).steps)
    half = len(steps) // 2
    return Reply(200, {}, [*steps[:half], WaitFor(go), *steps[half:]]), go


def test_the_cell_returns_and_the_answer_comes(notebook_page: OpenPage, gateway: Gateway) -> None:
    reply, go = held("One two three four five six")
    gateway.enqueue(reply)
    page = notebook_page([LOAD, ASK, "type(answer).__name__", "(await answer).text", "answer"])
    for cell in range(3):
        page.run(cell)
    assert page.output(2).inner_text() == "'Answer'"
    go.set()
    page.run(3)
    assert page.output(3).inner_text() == "'One two three four five six'"
    page.run(3)  # awaiting what is there already
    assert page.output(3).inner_text() == "'One two three four five six'"
    page.output(1).locator(".zenmux-dressed").wait_for()
    saved = page.save().cells[1].outputs
    assert [output.data["text/plain"] for output in saved] == ["One two three four five six"]


def test_a_blocked_kernel_does_not_stop_the_stream(
    lab: Lab, notebook_page: OpenPage, gateway: Gateway
) -> None:
    words = " ".join(f"w{number}" for number in range(150))
    gateway.enqueue(streaming(words, pace_s=0.01))
    page = notebook_page([LOAD, ASK, BLOCK])
    page.run(0)
    page.run(1)
    page.page.locator(BODY).get_by_text("w1 ").wait_for()
    page.run_async(2)
    page.output(1).locator(".zenmux-dressed").get_by_text("w149").wait_for()
    assert page.cell(2).locator(".jp-InputPrompt").inner_text() == "[*]:"
    (lab.server.root / "unblock").touch()
    page.wait_done(2)


def test_stop_ends_them_all(notebook_page: OpenPage, gateway: Gateway) -> None:
    for text in ("First answer is long", "Second answer is long"):
        gateway.enqueue(held(text)[0])
    page = notebook_page([LOAD, ASK, ASK.replace("answer", "other"), "%zenmux stop", "%zenmux stop",
                          "(await answer).finish_reason, (await other).finish_reason"])  # fmt: skip
    for cell in range(3):
        page.run(cell)
    gateway.wait_for_request(2)
    page.run(3)
    assert page.output(3).inner_text().strip() == "Stopped 2 answers."
    page.run(5)
    assert page.output(5).inner_text() == "('stopped', 'stopped')"
    page.run(4)
    assert page.output(4).inner_text().strip() == "Nothing runs."


def test_a_failure_is_told_where_the_answer_stands(
    notebook_page: OpenPage, gateway: Gateway
) -> None:
    gateway.enqueue(error(402, "insufficient_credit", "Top up."))
    page = notebook_page([LOAD, ASK, "(await answer).error.type"])
    for cell in range(3):
        page.run(cell)
    assert page.output(2).inner_text() == "'insufficient_credit'"
    page.output(1).locator(".zenmux-settled").get_by_text("No credit is left").wait_for()


def test_a_program_that_runs_a_notebook_waits(kernel: Kernel, gateway: Gateway) -> None:
    gateway.enqueue(streaming("All of it"))
    kernel.run(LOAD, allow_stdin=False)
    reply = kernel.run(ASK, allow_stdin=False)
    assert reply.data("text/plain") == ["All of it"]
    assert kernel.run("answer.text").result == "'All of it'"
