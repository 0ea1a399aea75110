"""Which view a cell gets: a board only where a page can answer while the cell runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from zenmux_magic.frontend import view_for
from zenmux_magic.parents import ipykernel_listens
from zenmux_magic.settings import ZenMux

BROWSER = "0b1c5a52-7d0a-4c5e-9d3c-5f6a1a7a2c11"
NUMBERED = "0b1c5a52-7d0a4c5e9d3c5f6a1a7a2c11_4242_3"
BOARD = "BoardView" if ipykernel_listens() else "DocumentView"


def shell(msg_id: str, *, allow_stdin: bool = True) -> Any:
    parent = {"header": {"msg_id": msg_id}, "content": {"allow_stdin": allow_stdin}}
    return SimpleNamespace(kernel=object(), parent_header=parent, display_pub=object())


@pytest.mark.parametrize(
    ("asking", "options", "view"),
    [
        (shell(BROWSER), {"listens": True}, BOARD),
        (shell(BROWSER), {"listens": False}, "DocumentView"),
        (shell(BROWSER), {"listens": False, "background": True}, "BoardView"),
        (shell(BROWSER, allow_stdin=False), {"listens": True}, "DocumentView"),
        (shell(BROWSER, allow_stdin=False), {"background": True}, "DocumentView"),
        (shell(NUMBERED), {"listens": True}, "TerminalView"),
        (shell(BROWSER), {"listens": True, "quiet": True}, "NullView"),
    ],
)
def test_the_view_fits_the_front_end(asking: Any, options: dict[str, Any], view: str) -> None:
    found = view_for(asking, ZenMux(), **{"quiet": False, **options})
    assert type(found).__name__ == view


@pytest.mark.parametrize(("wanted", "view"), [("document", "DocumentView"), ("auto", BOARD)])
def test_a_setting_decides_first(wanted: str, view: str) -> None:
    found = view_for(shell(BROWSER), ZenMux(view=wanted), quiet=False, listens=True)
    assert type(found).__name__ == view
