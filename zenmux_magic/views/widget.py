"""The two widgets: a board, and the keeper of settled answers. Importing this loads ipywidgets.

A `Board` holds only what a page needs that comes when all is over: its final state. What happens
until then travels in messages. Boards that no page shows any more are closed, but for a few. The
one `Keeper` of a kernel has no view: its module watches the page and gives settled answers their
copy buttons and their figures, none of which is saved.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from importlib.resources import files

import anywidget
import traitlets


def static(*paths: str) -> str:
    """Files as one text, without indentation and comments: every instance sends it to the page."""
    here = files("zenmux_magic")
    source = "\n".join((here / path).read_text(encoding="utf-8") for path in paths)
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


class Board(anywidget.AnyWidget):
    """One to N answers that grow.

    Attributes:
        final: The last state, `{"columns": […]}` as in a snapshot; empty until all have ended.
        stays: The run never settles: columns may be asked again after their end.
    """

    _esm = static("views/static/common.js", "views/static/board.js")
    _css = static("views/static/board.css")
    final = traitlets.Dict().tag(sync=True)
    stays = traitlets.Bool(False).tag(sync=True)

    def close(self) -> None:
        """Close it in every page, and with it the widget that ipywidgets gave it for its layout."""
        super().close()
        self.layout.close()


# A page that is loaded anew from a file of some minutes ago asks for a board that had settled.
_KEPT = 8
_left: deque[Board] = deque()


def leave(board: Board) -> None:
    """No page shows it any more, and none will: close it, once so many newer ones were left too."""
    stay(board)
    _left.append(board)
    while len(_left) > _KEPT:
        _left.popleft().close()


def stay(board: Board) -> None:
    """A page shows it, after all."""
    if board in _left:
        _left.remove(board)


class Keeper(anywidget.AnyWidget):
    """Makes settled answers usable for as long as the kernel lives.

    Attributes:
        kept: The ids of cells whose answers came from the ledger; their files do not show it.
    """

    _esm = static("views/static/common.js", "views/static/keeper.js")
    _css = static("views/static/board.css")
    kept: traitlets.List[str] = traitlets.List().tag(sync=True)

    def mark(self, cell: str, kept: bool) -> None:
        """Say of a cell whether its answer was kept."""
        others = [one for one in self.kept if one != cell]
        self.kept = [*others, cell] if kept else others


@lru_cache(maxsize=1)
def keep() -> Keeper:
    """The kernel's keeper, opened at the first call."""
    return Keeper()
