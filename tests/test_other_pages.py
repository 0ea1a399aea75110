"""What pages do that cannot be run here: Visual Studio Code's and Google Colab's, as their sources say.

A real kernel is sent what Visual Studio Code sends; the modules run in a real browser under the
policies and in the frames that those pages put them in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.demo import ANSWER
from tests.support.front_ends import WIDGET, OverProtocol
from tests.support.gateway import Gateway, Reply, WaitFor, streaming
from tests.support.kernel import Kernel, Message
from tests.support.labels import having_said, note_labels
from zenmux_magic.completion import Completion, Fold
from zenmux_magic.events import Finish, TextDelta
from zenmux_magic.markdown.incremental import IncrementalMarkdown
from zenmux_magic.parents import ipykernel_listens
from zenmux_magic.request import Request
from zenmux_magic.views.column import Column
from zenmux_magic.views.settled import combined
from zenmux_magic.views.widget import Board, Keeper

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.lab import Lab
    from tests.support.stub_page import StubPage

    NewBoard = Callable[..., StubPage]

# https://github.com/microsoft/vscode-jupyter: src/kernels/execution/cellExecution.ts
VSCODE_CELL = "vscode-notebook-cell:/home/me/a.ipynb#W2sZmlsZQ%3D%3D"
CANNOT = "this page cannot load the live board"
REQUEST = Request("openai/gpt-5", ({"role": "user", "content": "Hi"},))


@pytest.fixture
def held(gateway: Gateway) -> threading.Event:
    """The answer stands still after `first words`."""
    go = threading.Event()
    pieces = ["first words", " and the rest"]
    steps = list(streaming("".join(pieces), pieces=pieces).steps)
    gateway.enqueue(Reply(200, {}, [*steps[:2], WaitFor(go), *steps[2:]]))
    return go


def html_of(message: Message) -> str:
    """What a display shows; empty for any other message."""
    return str(message.content.get("data", {}).get("text/html", ""))


needs_new_kernel = pytest.mark.skipif(not ipykernel_listens(), reason="needs ipykernel 7.4")


@needs_new_kernel
@pytest.mark.parametrize(
    ("cell", "mend"),
    [(VSCODE_CELL, "jupyter.widgetScriptSources"), ("a-cell-of-lab", "install anywidget")],
)
def test_where_widgets_never_answer_it_goes_on_in_steps_and_says_how_to_mend_it(
    kernel: Kernel, held: threading.Event, cell: str, mend: str
) -> None:
    kernel.run("%load_ext zenmux_magic")
    asked = kernel.start("%%zenmux -o a\nHi", page=cell)
    kernel.wait_for(lambda m: WIDGET in m.content.get("data", {}), asked)
    page = kernel.wait_for(lambda m: "first words" in html_of(m), asked)
    assert CANNOT in html_of(page)
    assert html_of(page).count(mend) == 1
    held.set()  # so all that came while the gateway stood still
    (output,) = kernel.finish(asked).outputs
    assert output["data"]["text/plain"] == "first words and the rest"
    assert CANNOT not in str(output["data"])
    assert WIDGET not in output["data"]


@needs_new_kernel
def test_a_page_that_answers_late_has_the_board_again(
    kernel: Kernel, held: threading.Event
) -> None:
    kernel.run("%load_ext zenmux_magic")
    end = OverProtocol(kernel, VSCODE_CELL, answers=True)
    end.start("%%zenmux -o a\nHi")
    first = kernel.wait_for(lambda m: WIDGET in m.content.get("data", {}), end.cell)
    in_steps = kernel.wait_for(lambda m: "first words" in html_of(m), end.cell)
    assert CANNOT in html_of(in_steps)
    end.model = first.content["data"][WIDGET]["model_id"]
    end.send({"t": "hello"})
    again = kernel.wait_for(
        lambda m: m.msg_type == "update_display_data" and WIDGET in m.content["data"], end.cell
    )
    assert again.content["transient"] == first.content["transient"]
    end.send({"t": "ready", "view": "late"})
    snapshot = kernel.wait_for(
        lambda m: m.content.get("data", {}).get("content", {}).get("t") == "snapshot", end.cell
    )
    assert "first words" in str(snapshot.content)
    end.stop()
    end.finish()
    assert end.value("(a.text, a.finish_reason)") == ("first words", "stopped")


def test_in_colab_nobody_is_told_to_change_its_kernel(kernel: Kernel, gateway: Gateway) -> None:
    """Its ipykernel 6 is part of it: with another one it would not start again."""
    gateway.enqueue(streaming("An answer"))
    kernel.run("import sys, types; sys.modules['google.colab'] = types.ModuleType('google.colab')")
    kernel.run("%load_ext zenmux_magic")
    reply = kernel.run("%%time\n%%zenmux\nHi", page="c1")
    assert reply.data("text/plain") == ["An answer"]
    assert "ipykernel" not in str([m.content for m in reply.messages])


# https://github.com/microsoft/vscode: backLayerWebView.ts, with "notebook.experimental.enableCsp"; what
# anywidget imports is a blob:, which that policy refuses, and the test above tells what happens then.
POLICIES = {
    "no policy": "",
    "a strict one that lets anywidget in": "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'"
    " blob:; style-src 'unsafe-inline'; img-src https: data:; font-src https:; connect-src https:",
}
FRAMES = {"page": None, "frame of its own origin": "allow-scripts allow-same-origin"}
FRAMES["frame of no origin"] = "allow-scripts"


@pytest.fixture
def new_board(lab_session: Lab) -> Iterator[NewBoard]:
    from tests.support.stub_page import StubPage

    with lab_session.browser.lent():
        context = lab_session.browser.context(900, 700)

        def new(policy: str = "", sandbox: str | None = None, **options: Any) -> StubPage:
            meta = (
                f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if policy else ""
            )
            module = options.pop("module", Board._esm)
            page = context.new_page()
            return StubPage(page, module, Board._css, head=meta, sandbox=sandbox, **options)

        yield new
        context.close()


def completed(text: str = ANSWER) -> Completion:
    fold = Fold(REQUEST)
    fold.add(TextDelta(0.5, text))
    fold.add(Finish(2.0, "stop"))
    return fold.completion()


def finished(board: StubPage) -> None:
    """Stream an answer into a board, to its end."""
    column = Column(0, REQUEST, IncrementalMarkdown, lambda: 1.0)
    board.open()
    board.begin([column.snapshot()])
    for place in range(0, len(ANSWER), 100):
        column.add(TextDelta(0.5, ANSWER[place : place + 100]))
        board.send({"t": "frame", "n": place, "ops": column.operations()})
    column.end(completed())
    board.send({"t": "frame", "n": len(ANSWER), "ops": column.operations()})


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("frame", FRAMES)
def test_a_board_lives_under_strict_policies_and_in_frames(
    new_board: NewBoard, policy: str, frame: str
) -> None:
    board = new_board(POLICIES[policy], FRAMES[frame])
    finished(board)
    assert board.page.locator(".zenmux-body table").count() == 1
    assert board.page.locator(".zenmux-body math").count() > 0
    assert board.page.locator(".zenmux-phase").inner_text() == "done"
    note_labels(board.page)
    board.page.get_by_role("button", name="Copy", exact=True).click()
    said = [having_said("Copied"), having_said("Not copied: ")]
    board.page.locator(".zenmux-status").locator(", ".join(said)).wait_for()
    refused = [
        one for one in board.errors if "lipboard" not in one
    ]  # the page tells that it is not
    assert refused == []


@pytest.mark.parametrize("older", [True, False])
def test_without_a_clipboard_copying_works_the_older_way_or_says_that_it_cannot(
    new_board: NewBoard, older: bool
) -> None:
    board = new_board(sandbox="allow-scripts")
    board.page.evaluate(
        """older => {
          Object.defineProperty(navigator, 'clipboard', { value: undefined });
          if (!older) document.execCommand = () => false;
        }""",
        older,
    )
    finished(board)
    note_labels(board.page)
    board.page.get_by_role("button", name="Copy", exact=True).click()
    expected = "Copied" if older else "Not copied: copying is not allowed here"
    board.page.locator(having_said(expected)).wait_for()
    assert board.errors == []


def test_the_keeper_dresses_what_settled_where_there_is_no_notebook_model(
    new_board: NewBoard,
) -> None:
    """Not in Lab, it has but the page: head and copy button all the same."""
    data, _ = combined([completed()])
    board = new_board(module=Keeper._esm, body=f"<div>{data['text/html']}</div>")
    board.page.evaluate(
        "() => { window.model = makeModel({ kept: [] }); module.initialize({ model }); }"
    )
    board.page.locator(".zenmux-dressed").wait_for()
    note_labels(board.page)
    board.page.get_by_role("button", name="Copy", exact=True).click()
    board.page.locator(having_said("Copied")).wait_for()
    assert board.errors == []


# The page of Visual Studio Code's notebook, dark: what of its styles could reach our output.
VSCODE_STYLE = """<style>
  body { color: #cccccc; background: #1f1f1f; font: 13px sans-serif; }
  table, thead, tr, th, td, tbody { border: none !important; border-color: transparent;
    border-spacing: 0; border-collapse: collapse; }
  table, th, tr { vertical-align: middle; text-align: right; }
  thead { font-weight: bold; background-color: rgba(130, 130, 130, 0.16); }
  th, td { padding: 4px 8px; }
  tr:nth-child(even) { background-color: rgba(130, 130, 130, 0.08); }
</style>"""
COLOURS = """() => [...document.querySelectorAll('.zenmux-settled, .zenmux-settled *')].map(one => {
  const { color, backgroundColor } = getComputedStyle(one);
  return [one.tagName, color, backgroundColor];
})"""


@pytest.mark.parametrize("columns", [1, 2])
def test_what_settled_is_readable_in_the_dark_without_our_styles(
    lab_session: Lab, columns: int
) -> None:
    data, _ = combined([completed()] * columns)
    with lab_session.browser.lent():
        page: Page = lab_session.browser.context(900, 700).new_page()
        page.set_content(f"<!doctype html>{VSCODE_STYLE}<body>{data['text/html']}")
        found = page.evaluate(COLOURS)
        wide = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.context.close()
    ours = [(tag, colour) for tag, colour, _ in found if tag != "A"]
    assert {colour for _, colour in ours} == {"rgb(204, 204, 204)"}
    faint = {"rgba(0, 0, 0, 0)", "rgba(130, 130, 130, 0.16)", "rgba(130, 130, 130, 0.08)"}
    assert {ground for _, _, ground in found} <= faint
    assert wide
