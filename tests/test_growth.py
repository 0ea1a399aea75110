"""Cells that come and go leave nothing behind in the kernel: counted, with a page that answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.counts import COUNT, counts
from tests.support.front_end import FrontEnd
from tests.support.gateway import Gateway, error, streaming
from zenmux_magic.parents import ipykernel_listens

if TYPE_CHECKING:
    from tests.support.kernel import Kernel

WARM = 10  # as many as stay open on purpose, and some more
CELLS = 24
# Connections are kept for a while, so there may be one more of them at any moment.
MAY_GROW = {"threads": 0, "files": 3, "comms": 0, "widgets": 0, "tasks": 0}


def ask(page: FrontEnd, number: int) -> None:
    """A cell: one answer, two side by side, one in the background, one that fails."""
    line = ("", "-m a/x -m a/y", "--background", "-m a/fails")[number % 4]
    cell = page.start(f"%%zenmux {line}\nGo {number}")
    page.wait(lambda: cell in page.idle and any("text/html" in one for one in page.shown(cell)))


@pytest.mark.skipif(not ipykernel_listens(), reason="boards need ipykernel 7.4")
def test_cells_leave_no_threads_files_comms_widgets_or_tasks(
    kernel: Kernel, gateway: Gateway
) -> None:
    gateway.route = lambda asked: (
        error(402, "insufficient_credit", "Top up.")
        if asked.model == "a/fails"
        else streaming(f"# {asked.prompt}\n\nSome *words*.")
    )
    with FrontEnd(kernel) as page:
        page.run("%load_ext zenmux_magic")
        page.run(COUNT)
        for number in range(WARM):
            ask(page, number)
        before = counts(page)
        for number in range(WARM, WARM + CELLS):
            ask(page, number)
        after = counts(page)
        assert page.views == {}
    grown = {name: after[name] - before[name] for name in MAY_GROW}
    assert all(grown[name] <= MAY_GROW[name] for name in grown), grown
