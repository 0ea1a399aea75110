"""Every cell is told that it has ended, whatever messages of widgets come while it does."""

from __future__ import annotations

import random
import time

from tests.support.kernel import Kernel


def test_messages_at_the_end_of_a_cell_leave_the_next_its_own(kernel: Kernel) -> None:
    """Without the guard, ipykernel 7.4 tells the end of nine in ten of these to another cell."""
    kernel.run("%load_ext zenmux_magic")
    cells = [kernel.start("import asyncio; await asyncio.sleep(0.005)") for _ in range(40)]
    last = kernel.start("'the last'")
    while not any(one.parent_id == last for one in list(kernel.messages)):
        kernel.send("comm_msg", {"comm_id": "of nobody", "data": {}})
        time.sleep(random.uniform(0, 0.003))  # the messages' own pace, so that some meet an end
    assert kernel.finish(last).result == "'the last'"
    for cell in cells:
        assert kernel.finish(cell).status == "ok"


def test_what_a_cell_prints_stays_under_it(kernel: Kernel) -> None:
    kernel.run("%load_ext zenmux_magic")
    source = "import asyncio; await asyncio.sleep(0.005); print({number})"
    cells = [kernel.start(source.format(number=number)) for number in range(40)]
    last = kernel.start("0")
    while not any(one.parent_id == last for one in list(kernel.messages)):
        kernel.send("comm_msg", {"comm_id": "of nobody", "data": {}})
        time.sleep(random.uniform(0, 0.003))
    kernel.finish(last)
    assert [kernel.finish(cell).stdout for cell in cells] == [f"{n}\n" for n in range(40)]
