"""Stream answers from any model behind ZenMux into a notebook.

`%load_ext zenmux_magic`, then `%%zenmux`; in Python `ask`, `ask_sync` and `stream`. Everything is
imported when it is first used, so that loading the extension costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zenmux_magic.api import ask, ask_sync, stream
    from zenmux_magic.comparison import Comparison
    from zenmux_magic.completion import Completion
    from zenmux_magic.errors import ZenMuxError
    from zenmux_magic.panel import Panel

__version__ = "0.1.0"
__all__ = ["Comparison", "Completion", "Panel", "ZenMuxError", "__version__", "ask"]
__all__ += ["ask_sync", "stream"]

_HOMES = {"ask": "api", "ask_sync": "api", "stream": "api"}
_HOMES |= {"Comparison": "comparison", "Completion": "completion", "ZenMuxError": "errors"}
_HOMES |= {"Panel": "panel"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext zenmux_magic`."""
    from zenmux_magic.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext zenmux_magic`: leaves the shell as it was found."""
    from zenmux_magic.extension import unload

    unload(shell)
