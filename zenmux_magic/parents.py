"""Keeps each cell's messages its own where ipykernel would give them to the cell before.

In: a kernel. Out: the same kernel, whose `set_parent` refuses to go back to a request that is over.

ipykernel 7.4 handles a widget's message while an asynchronous cell runs, and afterwards restores
the request that it found (`Kernel.shell_main`). Where that cell ends meanwhile and the next begins,
the next is given the request of the last: its `idle` is told to a cell that has ended, the page
waits for ever, and Run All never goes on. A page that says `ready` under a short answer does it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

_REMEMBERED = 256  # requests; a message in flight goes back by one or two


def guard(kernel: Any) -> None:
    """Refuse requests that are over as the parent of what the kernel sends; twice is once."""
    if not ipykernel_listens() or "set_parent" in vars(kernel):
        return
    seen: OrderedDict[str, Any] = OrderedDict()
    original = kernel.set_parent

    def set_parent(ident: Any, parent: dict[str, Any], channel: str = "shell") -> None:
        asked = _id(parent)
        if channel == "shell" and asked:
            current = _id(kernel.get_parent("shell"))
            if asked in seen and current in seen and asked != current:
                # Only a restoration names a request a second time; it comes too late.
                ident, parent = seen[current]
            else:
                seen[asked] = (ident, parent)
                while len(seen) > _REMEMBERED:
                    seen.popitem(last=False)
        original(ident, parent, channel)

    kernel.set_parent = set_parent


def unguard(kernel: Any) -> None:
    """Take the guard back."""
    vars(kernel).pop("set_parent", None)


def ipykernel_listens() -> bool:
    """Whether this ipykernel takes widgets' messages while an asynchronous cell runs."""
    from ipykernel._version import version_info

    return tuple(version_info[:2]) >= (7, 4)


def _id(message: Any) -> str:
    return str((message or {}).get("header", {}).get("msg_id", ""))
