"""What a kernel holds: threads, files, comms, widgets, tasks, objects, memory; as code that it runs.

In: a page that can run cells. Out: numbers. Whoever compares them says what may grow.
"""

from __future__ import annotations

import json
from typing import Protocol

COUNT = """
def _counted():
    import asyncio, comm, gc, json, os, threading
    from ipywidgets.widgets import widget
    from zenmux_magic.engine import shared
    async def tasks():
        return len(asyncio.all_tasks()) - 1
    gc.collect()
    with open("/proc/self/statm") as memory:
        pages = int(memory.read().split()[1])
    return json.dumps({
        # The loop's own pool, bounded, grows when it must; so does pyzmq's for large messages.
        "threads": sum(
            not one.name.startswith("zenmux-pool") and not type(one).__module__.startswith("zmq")
            for one in threading.enumerate()
        ),
        "files": len(os.listdir("/proc/self/fd")),
        "comms": len(comm.get_comm_manager().comms),
        "widgets": len(widget._instances),
        "tasks": shared().submit(lambda _: tasks()).result(),
        "objects": len(gc.get_objects()),
        "rss_kb": pages * os.sysconf("SC_PAGE_SIZE") // 1024,
    })
"""


class Page(Protocol):
    """Runs a cell and gives what it prints."""

    def result(self, code: str, timeout: float = 60) -> str:
        """What a cell prints, once it has run."""
        ...


def counts(page: Page) -> dict[str, int]:
    """What the kernel holds now; `COUNT` must have run in it."""
    found: dict[str, int] = json.loads(page.result("print(_counted())"))
    return found
