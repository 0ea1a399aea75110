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


def _static(*names: str) -> str:
    """Files as one text, without indentation and comments: every instance sends it to the page."""
    folder = files("zenmux_magic.views") / "static"
    source = "\n".join((folder / name).read_text(encoding="utf-8") for name in names)
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


class Board(anywidget.AnyWidget):
    """One to N answers that grow.

    Attributes:
        final: The last state, `{"columns": […]}` as in a snapshot; empty until all have ended.
    """

    _esm = _static("common.js", "board.js")
    _css = _static("board.css")
    final = traitlets.Dict().tag(sync=True)


class Keeper(anywidget.AnyWidget):
    """Makes settled answers usable for as long as the kernel lives."""

    _esm = _static("common.js", "keeper.js")
    _css = _static("board.css")


@lru_cache(maxsize=1)
def keep() -> Keeper:
    """The kernel's keeper, opened at the first call."""
    return Keeper()
