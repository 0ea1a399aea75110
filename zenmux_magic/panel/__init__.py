"""The panel: models compared in a widget, run after run.

`panel` is the widget itself; `form` its editor, in the page; `open_run` what it runs, to which columns
may be added while others answer; `as_cell` a run as the text of a cell.
"""

from __future__ import annotations

from zenmux_magic.panel.panel import Panel

__all__ = ["Panel"]
