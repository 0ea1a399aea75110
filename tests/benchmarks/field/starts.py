"""What it costs to make a way ready, and how soon its request is on the wire.

In: a way, an interpreter that has it. Out: figures by name in milliseconds, of one fresh kernel. No
browser: the pieces are those of the `startup` benchmark.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from tests.benchmarks.startup import answered, on_the_wire
from tests.support.gateway import Gateway
from tests.support.kernel import Kernel

from .ways import Way, variables


def starts(way: Way, python: str) -> dict[str, float]:
    """One kernel: the load, the first request and some more."""
    with Gateway() as gateway, tempfile.TemporaryDirectory() as home:
        asking = way.ask.replace("PROMPT", "Hi").replace("{BASE_URL}", gateway.base_url)
        with Kernel(Path(home), python=python, **variables(gateway.base_url)) as kernel:
            bare = min(answered(kernel, "pass") for _ in range(5))
            load = answered(kernel, way.load) - bare
            first = on_the_wire(kernel, gateway, asking)
            later = [on_the_wire(kernel, gateway, asking) for _ in range(5)]
    return {"load": load, "cold": load + first, "wire": statistics.median(later)}
