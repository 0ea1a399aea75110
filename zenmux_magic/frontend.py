"""Which front end asks, and therefore which view shows the answer.

In: the shell. Out: a `View`. This is the edge: views themselves are told where to publish.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any, Literal

from zenmux_magic.cell import REGISTERED_AS
from zenmux_magic.errors import SettingsError
from zenmux_magic.parents import ipykernel_listens
from zenmux_magic.said import colourless
from zenmux_magic.settings import ZenMux

if TYPE_CHECKING:
    from zenmux_magic.markdown import Reader
    from zenmux_magic.views import View

FrontEnd = Literal["terminal", "console", "headless", "notebook"]

# Programs built on jupyter_client number their messages; browsers send a random UUID.
_NUMBERED = re.compile(r"_\d+_\d+$")


def detect(shell: Any) -> FrontEnd:
    """What kind of front end runs the present cell.

    `terminal` is IPython without a kernel. `console` is one that shows text as it comes, and ignores
    updates of a display (jupyter console, qtconsole). `headless` is a program that runs a notebook
    (nbclient, papermill, nbconvert, Voilà): it allows no standard input.
    """
    if not hasattr(shell, "kernel"):
        return "terminal"
    parent = getattr(shell, "parent_header", None) or {}
    if parent.get("content", {}).get("allow_stdin") is False:
        return "headless"
    numbered = _NUMBERED.search(str(parent.get("header", {}).get("msg_id", "")))
    return "console" if numbered else "notebook"


def place_of(shell: Any) -> tuple[str, str]:
    """The notebook and the cell that run, as far as the front end says: a path and a cell's id."""
    names = getattr(shell, "user_ns", {})
    # The servers of Jupyter set the one, Visual Studio Code the other.
    notebook = os.environ.get("JPY_SESSION_NAME") or names.get("__vsc_ipynb_file__") or ""
    parent = getattr(shell, "parent_header", None) if hasattr(shell, "kernel") else None
    cell = ((parent or {}).get("metadata") or {}).get("cellId") or ""
    return str(notebook), str(cell)


def shell_here() -> Any:
    """The shell that code runs in; `None` outside IPython."""
    from IPython import get_ipython

    return get_ipython()


def settings_here() -> ZenMux:
    """Those of the loaded extension, else what the environment says."""
    shell = shell_here()
    magics = shell.magics_manager.registry.get(REGISTERED_AS) if shell is not None else None
    return magics.settings if magics is not None else ZenMux()


def reader_of(settings: ZenMux) -> Reader:
    """What reads the Markdown of answers.

    Raises:
        SettingsError: An extension that there is not.
    """
    from zenmux_magic.markdown import Reader

    reader = Reader(settings.markdown_engine, tuple(settings.markdown_extensions))
    problem = ""
    if reader.extensions:  # the package finds out when it first reads
        try:
            reader.render("text")
        except ValueError as error:
            problem = str(error)
    if problem:
        raise SettingsError(f"{problem}. Mend it with %config ZenMux.markdown_extensions = […].")
    return reader


def view_for(
    shell: Any, settings: ZenMux, *, quiet: bool, listens: bool = False, background: bool = False
) -> View:
    """The view for the present cell.

    Args:
        shell: The shell that runs it.
        settings: Whether the user wants another view than the front end's.
        quiet: Show nothing.
        listens: The cell leaves the main thread free for the page's messages while it runs.
        background: The cell ends at once, and nobody is told of a failure but by the view.
    """
    from IPython.core.displaypub import CapturingDisplayPublisher

    from zenmux_magic.views import NullView

    if quiet:
        return NullView()
    kind = detect(shell)
    text = settings.view == "terminal" or (settings.view == "auto" and kind in _TEXT)
    if text:
        from zenmux_magic.views.terminal import TerminalView

        colour = (kind == "console" or sys.stdout.isatty()) and not colourless()
        return TerminalView(sys.stdout, colour=colour)
    # What `%%capture` keeps is shown again later: one display, not one for every update.
    captured = isinstance(shell.display_pub, CapturingDisplayPublisher)
    note = ""
    if settings.view == "auto" and kind == "notebook" and not captured:
        if background or (listens and ipykernel_listens()):
            from zenmux_magic.views.board import BoardView

            cell = place_of(shell)[1]
            return BoardView(
                shell.display_pub,
                reader_of(settings),
                errors=background,
                cell=cell,
                mend=_mend(cell),
            )
        note = _NESTED if ipykernel_listens() else "" if _in_colab() else _OLD_KERNEL
    from zenmux_magic.views.document import DocumentView

    return DocumentView(shell.display_pub, reader_of(settings), live=not captured, note=note)


def _mend(cell: str) -> str:
    """What lets the page load the live board, in the front end that the cell's id tells."""
    if _in_colab():
        return ""
    # https://github.com/microsoft/vscode-jupyter: src/kernels/execution/cellExecution.ts
    return _MEND_VSCODE if cell.startswith("vscode-notebook-cell:") else _MEND_LAB


def _in_colab() -> bool:
    """Whether this is Google Colab, whose kernel is not the user's to change."""
    return "google.colab" in sys.modules


_MEND_LAB = "install anywidget into the environment of JupyterLab itself, then reload the page"
_MEND_VSCODE = (
    'set "jupyter.widgetScriptSources" to ["jsdelivr.com", "unpkg.com"] in the settings of Visual Studio'
    " Code, then open the notebook again"
)
_OLD_KERNEL = (
    "live updates and a Stop button need ipykernel 7.4 or newer in the kernel's environment"
)
_NESTED = "live updates and a Stop button come where %%zenmux is the cell's own first line"
_TEXT = frozenset({"terminal", "console"})
