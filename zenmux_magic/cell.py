"""How a `%%zenmux` cell becomes Python: awaited where that works, waited for elsewhere.

In: a cell's lines. Out: one line of Python. While an *async* cell runs, ipykernel goes on handling
messages, so a button under the running cell works. But `await` works only in a cell that the kernel
itself runs: in one that another cell runs (`%%time`, `%%capture`, `%run`, `%rerun`, `run_cell`) it is
a syntax error or a second event loop, and there the plain synchronous magic waits for the same work.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

_MAGIC = re.compile(r"%%zenmux(?![\w?])[ \t]*([^\r\n]*)")
REGISTERED_AS = "ZenMuxMagics"


def transformer(shell: Any) -> Callable[[list[str]], list[str]]:
    """The input transformer for a shell; belongs first in `input_transformers_cleanup`.

    First, because the transformers of IPython take `>>>` and indentation out of what they think is
    Python, and because the body must reach the wire as typed.
    """

    def zenmux_cell(lines: list[str]) -> list[str]:
        start = next((n for n, line in enumerate(lines) if line.strip()), 0)
        match = _MAGIC.match(lines[start]) if lines else None
        if match is None:
            return lines
        line = match[1].strip()
        body = "".join(lines[start + 1 :])
        if _newline_added(shell, "".join(lines)):
            body = body.removesuffix("\n")
        # Not `run_cell_magic`: it refuses an empty cell with words of its own.
        magics = f"get_ipython().magics_manager.registry[{REGISTERED_AS!r}]"
        call = f"await {magics}.cell_async" if can_await(shell) else f"{magics}.cell"
        return [f"{call}({line!r}, {body!r})\n"]

    # IPython asks the cleanup transformers whether a cell typed in a terminal is complete; only
    # those without this mark, and a rewritten cell would look complete after its first line.
    zenmux_cell.has_side_effects = True  # type: ignore[attr-defined]
    return zenmux_cell


def can_await(shell: Any) -> bool:
    """Whether the cell that is being transformed is the kernel's own, and may be a coroutine."""
    return bool(hasattr(shell, "kernel") and shell.autoawait and not _inside_a_cell(shell))


def _inside_a_cell(shell: Any) -> bool:
    """Whether a cell of this shell is running further up the stack.

    The stack says it exactly; events do not: silent runs skip `pre_run_cell`, and an extension is
    loaded in the middle of a cell whose beginning it never saw.
    """
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "run_code" and frame.f_locals.get("self") is shell:
            return True
        frame = frame.f_back
    return False


def _newline_added(shell: Any, cell: str) -> bool:
    """Whether IPython, not the user, ended the cell's last line."""
    parent = getattr(shell, "parent_header", None) if hasattr(shell, "kernel") else None
    code = (parent or {}).get("content", {}).get("code")
    return isinstance(code, str) and cell == f"{code}\n"
