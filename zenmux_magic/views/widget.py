"""The two widgets: a board, and the keeper of settled answers. Importing this loads ipywidgets.

A `Board` holds only what a page needs that comes when all is over: its final state. What happens
until then travels in messages. The one `Keeper` of a kernel has no view: its module watches the
page and gives settled answers their copy buttons and their figures, none of which is saved.
"""

from __future__ import annotations

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
