"""Hostile answers in a real JupyterLab: live, settled, and reopened, trusted and not.

Nothing that a model writes may run in the page, load anything, or leave the page. The answers are
those of `hostile`; each cell streams a dozen of them, three characters at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile import HOSTILE
from tests.support.gateway import Gateway, streaming

if TYPE_CHECKING:
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
    gateway.route = lambda asked: streaming(answer(GROUPS[int(asked.prompt)]), pieces=3)
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
    assert texts == [answer(group) for group in GROUPS]
    page.output(1).get_by_text("onerror").first.wait_for()  # and yet it is there to be read

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
