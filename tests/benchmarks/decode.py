"""What a chunk of the stream costs the kernel: our decoding and folding against `openai`'s own.

    python -m tests.benchmarks.decode                      # as fast as loopback gives
    python -m tests.benchmarks.decode --rate 200           # at 200 chunks a second, one write each
    python -m tests.benchmarks.decode --json figures.json

A server in a process of its own sends the same bytes to each way in turn, several rounds; CPU time
of this process (all threads) per chunk, the least of the rounds, start-up taken out by a stream of
one chunk. Printed beside each way: its part of `typed`.

    typed      `async for chunk in await client.chat.completions.create(stream=True)`, nothing done
    openai     the client's stream through the package's raw response, every event folded
    direct     the same through plain HTTP
    memory     the same bytes fed to decoder and fold, no network: what the two cost themselves
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.support.gateway import KEY, Gateway, chunk, streaming, usage
from tests.support.processes import end_process
from zenmux_magic.client import Connections, Secret, stream
from zenmux_magic.client.sse import Decoder
from zenmux_magic.client.wire import ChunkDecoder
from zenmux_magic.completion import Fold
from zenmux_magic.request import Request, TransportName

WORD = " token"
Way = Callable[[int], Awaitable[int]]  # how many chunks to ask for → how many characters came


def serve() -> None:
    """Answer each request with as many chunks as its prompt says, at the pace its model says."""
    with Gateway() as gateway:
        gateway.route = lambda asked: streaming(
            WORD * int(asked.prompt), pieces=len(WORD), pace_s=float(asked.model)
        )
        print(gateway.base_url, flush=True)
        sys.stdin.read()


def request(count: int, base_url: str, pace_s: float, transport: TransportName) -> Request:
    """A request for so many chunks."""
    messages = ({"role": "user", "content": str(count)},)
    return Request(str(pace_s), messages, base_url=base_url, transport=transport)


def typed(base_url: str, pace_s: float) -> Way:
    """The package's own way."""
    import openai

    client = openai.AsyncOpenAI(api_key=KEY, base_url=base_url, max_retries=0)

    async def go(count: int) -> int:
        came = 0
        found = await client.chat.completions.create(
            model=str(pace_s), messages=[{"role": "user", "content": str(count)}], stream=True
        )
        async for one in found:
            if one.choices and one.choices[0].delta.content:
                came += len(one.choices[0].delta.content)
        return came

    return go


def ours(base_url: str, pace_s: float, transport: TransportName, connections: Connections) -> Way:
    """Our way through one of the transports."""

    async def go(count: int) -> int:
        asked = request(count, base_url, pace_s, transport)
        fold = Fold(asked)
        async for event in stream(asked, Secret(KEY), connections):
            fold.add(event)
        return len(fold.completion().text)

    return go


async def memory(count: int) -> int:
    """Decoder and fold alone, one event a piece."""
    asked = request(count, "", 0, "direct")
    pieces = [_event(json.dumps(chunk(WORD)))] * count
    pieces.append(_event(json.dumps(chunk({}, finish_reason="stop", usage=usage(1, count)))))
    lines, decoder, fold = Decoder(), ChunkDecoder(asked), Fold(asked)
    for piece in pieces:
        for server_event in lines.feed(piece):
            for event in decoder.decode(server_event, 0.0):
                fold.add(event)
    return len(fold.completion().text)


def _event(data: str) -> bytes:
    return f"data: {data}\n\n".encode()


async def cost(way: Way, count: int) -> float:
    """Seconds of CPU time that a stream of so many chunks takes."""
    before = time.process_time()
    came = await way(count)
    spent = time.process_time() - before
    if came != count * len(WORD):
        raise RuntimeError(f"{came} characters came of {count * len(WORD)}")
    return spent


async def measure(base_url: str, count: int, rounds: int, pace_s: float) -> dict[str, float]:
    """Microseconds of CPU time per chunk, by way."""
    connections = Connections()
    ways: dict[str, Way] = {
        "typed": typed(base_url, pace_s),
        "openai": ours(base_url, pace_s, "openai", connections),
        "direct": ours(base_url, pace_s, "direct", connections),
        "memory": memory,
    }
    least: dict[str, float] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            await cost(way, 1)
            once = await cost(way, 1)
            spent = (await cost(way, count) - once) / (count - 1) * 1e6
            least[name] = min(spent, least.get(name, spent))
    await connections.aclose()
    return least


def main() -> None:
    """Start the server, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--chunks", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=float, default=0, help="chunks a second; 0 for no pause")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve()
        return
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.decode", "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert server.stdout is not None
        base_url = server.stdout.readline().decode().strip()
        pace_s = 1 / given.rate if given.rate else 0.0
        figures = asyncio.run(measure(base_url, given.chunks, given.rounds, pace_s))
    finally:
        end_process(server, patience_s=0.1)
    for name, spent in figures.items():
        print(f"{name:8} {spent:7.1f} µs a chunk   {spent / figures['typed']:6.3f} of typed")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
