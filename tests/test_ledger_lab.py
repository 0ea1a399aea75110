"""Kept answers in a real JupyterLab: marked in the page, and the file is the same as when paid for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.gateway import Gateway, streaming
from zenmux_magic.ledger import Store

if TYPE_CHECKING:
    from tests.support.page import NotebookPage

    OpenPage = Callable[..., NotebookPage]

KEPT = "kept, nothing paid"


def test_a_kept_answer_is_marked_in_the_page_and_not_in_the_file(
    notebook_page: OpenPage, gateway: Gateway, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.sqlite3"
    Store(path).close()
    gateway.route = lambda asked: streaming(f"Answer {len(gateway.chats)} to {asked.prompt}")
    cells = ["%load_ext zenmux_magic", "%%zenmux --cache -m a/b\nOne", "%%zenmux --cache\nTwo"]
    page = notebook_page(cells, env={"ZENMUX_LEDGER": str(path)})
    page.run_all()
    page.output(2).locator(".zenmux-dressed").wait_for()
    assert page.page.get_by_text(KEPT).count() == 0
    first = page.save()
    page.restart()
    page.run_all()
    for cell in (1, 2):
        page.output(cell).get_by_text(KEPT).wait_for()
    assert page.save() == first
    assert len(gateway.chats) == 2

    page.set_source(1, "%%zenmux --fresh -m a/b\nOne")
    page.run(1)
    page.output(1).get_by_text("Answer 3").wait_for()
    page.output(1).locator(".zenmux-dressed").wait_for()
    assert page.output(1).get_by_text(KEPT).count() == 0
    page.reload()
    page.output(2).get_by_text(KEPT).wait_for()
    assert page.output(1).get_by_text(KEPT).count() == 0


def test_a_notebook_finds_its_own(
    notebook_page: OpenPage, gateway: Gateway, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.sqlite3"
    Store(path).close()
    gateway.route = lambda asked: streaming(f"About {asked.prompt}")
    env = {"ZENMUX_LEDGER": str(path)}
    for name in ("first", "second"):
        page = notebook_page(
            ["%load_ext zenmux_magic", f"%%zenmux\n{name}", "%zenmux history --here"],
            env=env,
            name=name,
        )
        page.run_all()
    table = page.output(2).locator("table")
    table.get_by_text("About second").wait_for()
    assert table.get_by_text("About first").count() == 0
    store = Store(path)
    assert [Path(row.notebook).stem.split("-")[0] for row in store.find()] == ["second", "first"]
    assert all(row.cell for row in store.find())
    store.close()
