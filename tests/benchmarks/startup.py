"""What loading the extension costs, and how soon a cell's request is on the wire.

    python -m tests.benchmarks.startup                     # five kernels
    python -m tests.benchmarks.startup --kernels 10 --json figures.json

Each round starts a real kernel. Milliseconds, the median of the rounds and the least:

    bare            a cell that says `pass`, sent → answered
    load            a cell that says `%load_ext zenmux_magic`, the same way; `load − bare` is its price
    plain           a cell that posts with `http.client`, sent → request at the server
    first, second…  a `%%zenmux` cell, sent → request at the server, with each transport; the first
                    imports what requests need, the second is what people wait for from then on

The server runs in this process; both ends read the same clock.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from tests.support.gateway import KEY, Gateway
from tests.support.kernel import Kernel

PLAIN = """
import http.client, json
wire = http.client.HTTPConnection("{host}")
wire.request("POST", "/api/v1/chat/completions", json.dumps({{"model": "demo/plain"}}),
             {{"Authorization": "Bearer {key}"}})
_ = wire.getresponse().read()
"""


def answered(kernel: Kernel, code: str) -> float:
    """Milliseconds from sending a cell to its answer."""
    before = time.monotonic()
    reply = kernel.run(code)
    spent = time.monotonic() - before
    if reply.status != "ok":
        raise RuntimeError(f"{reply.ename}: {reply.evalue}")
    return spent * 1000


def on_the_wire(kernel: Kernel, gateway: Gateway, code: str) -> float:
    """Milliseconds from sending a cell to its request at the server."""
    number = len(gateway.requests) + 1
    before = time.monotonic()
    cell = kernel.start(code)
    asked = gateway.wait_for_request(number)
    reply = kernel.finish(cell)
    if reply.status != "ok":
        raise RuntimeError(f"{reply.ename}: {reply.evalue}")
    return (asked.at - before) * 1000


def one_round(gateway: Gateway) -> dict[str, float]:
    """All figures of one kernel."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as home:
        wanted = {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": gateway.base_url}
        with Kernel(Path(home), **wanted) as kernel:
            answered(kernel, "pass")
            found["bare"] = answered(kernel, "pass")
            found["load"] = answered(kernel, "%load_ext zenmux_magic")
            found["load − bare"] = found["load"] - found["bare"]
            host = gateway.base_url.split("/")[2]
            plain = PLAIN.format(host=host, key=KEY)
            on_the_wire(kernel, gateway, plain)
            found["plain"] = on_the_wire(kernel, gateway, plain)
            for transport in ("openai", "direct"):
                cell = f"%%zenmux --transport {transport}\nHi"
                for ordinal in ("first", "second", "third"):
                    found[f"{ordinal} {transport}"] = on_the_wire(kernel, gateway, cell)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kernels", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    given = parser.parse_args()
    with Gateway() as gateway:
        rounds = [one_round(gateway) for _ in range(given.kernels)]
    for name in rounds[0]:
        values = [one[name] for one in rounds]
        print(f"{name:15} median {statistics.median(values):7.1f} ms   least {min(values):7.1f} ms")
    if given.json:
        given.json.write_text(json.dumps(rounds, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
