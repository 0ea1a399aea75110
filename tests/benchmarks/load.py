"""A hundred answers at once in one kernel: are they whole, and does the user's own cell notice?

    python -m tests.benchmarks.load --streams 100 --rate 50 --seconds 20
    python -m tests.benchmarks.load --view document
    python -m tests.benchmarks.load --columns 8 --streams 96

A gateway in a process of its own sends so many tokens a second to each stream. The kernel runs in
another, asked by a page without a browser that answers as the board does. While all stream, a cell
that only computes runs in the kernel, and again, before and after, while none does.

    slower      how much longer that cell took, side by side, in one run; the machine's own speed is in it
    waited      how much longer it took than its own CPU time: while it could have run, others did
    others      CPU time of the kernel's other threads a second, while it ran. Only one thread runs
                Python at a time: on an idle machine it is about what the cell loses
    messages    the most that the page received in any three seconds, a second; Jupyter Server
                drops what comes beyond 1,000
    late        from the end of the last answer on the wire to its static output in the page

`--control httpx openai` asks the same with these packages alone, in kernels of their own, on a thread
that throws away what it reads: raw bytes with `httpx`, the package's own stream with `openai`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.front_end import FrontEnd
from tests.support.gateway import KEY
from tests.support.kernel import Kernel

# Each answer is its prompt's number and words that count on: no two are the same.
SERVE = """
import sys, threading, time
from tests.benchmarks.streaming import words
from tests.support.gateway import Gateway, Reply, Send, Sent, chunk, sse, usage
from tests.support.script import Pause

class Forgetful(Gateway):
    def note(self, record):
        if not isinstance(record, Sent):
            super().note(record)

def route(asked):
    rate, count = asked.prompt.split()[1:]
    rate, count = float(rate), int(count)
    tokens = [f"{asked.prompt}. ", *BASE[: count - 1]]
    steps = [Send(sse(chunk(tokens[0]), done=False))]
    for token in tokens[1:]:
        steps += [Pause(1 / rate), Send(sse(chunk(token), done=False))]
    told = chunk(choices=[], usage=usage(12, count))
    return Reply(steps=[*steps, Send(sse(chunk(finish_reason="stop"), told))])

BASE = words(100)
with Forgetful(check_key=False) as gateway:
    gateway.route = route
    print(gateway.base_url, flush=True)
    sys.stdin.read()
"""

WORK = """
import threading as _threading, time as _time, json as _json
def _clocks():
    return {t.name: _time.clock_gettime(_time.pthread_getcpuclockid(t.ident))
            for t in _threading.enumerate()}
def _work(rounds):
    total = 0
    for number in range(rounds):
        total += number * number % 7
    return total
def _measured(rounds, work=_work):
    before, cpu, wall = _clocks(), _time.thread_time(), _time.perf_counter()
    work(rounds)
    wall, cpu, after = _time.perf_counter() - wall, _time.thread_time() - cpu, _clocks()
    others = {n: after[n] - before.get(n, 0.0) for n in after if n != "MainThread"}
    print(_json.dumps({"wall": wall, "cpu": cpu, "others": others}))
"""

CONTROL = """
import asyncio, os, threading
def _read(kind, prompts):
    url, key = os.environ["ZENMUX_BASE_URL"], os.environ["ZENMUX_API_KEY"]
    def fields(prompt):
        return {"model": "demo/0", "stream": True, "messages": [{"role": "user", "content": prompt}]}
    async def with_httpx(client, prompt):
        headers = {"Authorization": f"Bearer {key}"}
        sending = client.stream("POST", f"{url}/chat/completions", json=fields(prompt), headers=headers)
        async with sending as response:
            async for piece in response.aiter_raw():
                pass
    async def with_openai(client, prompt):
        async for chunk in await client.chat.completions.create(**fields(prompt)):
            pass
    async def all_of_them():
        if kind == "httpx":
            import httpx
            limits = httpx.Limits(max_connections=None)
            one, client = with_httpx, httpx.AsyncClient(timeout=None, limits=limits)
        else:
            import openai
            one, client = with_openai, openai.AsyncOpenAI(base_url=url, api_key=key)
        begun.set()
        await asyncio.gather(*[one(client, prompt) for prompt in prompts])
    begun = threading.Event()
    threading.Thread(target=asyncio.run, args=(all_of_them(),), name="control", daemon=True).start()
    begun.wait()
"""


@contextmanager
def serving() -> Iterator[str]:
    """The gateway in a process of its own; its base URL."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None, "it was asked for"
    assert process.stdout is not None, "it was asked for"
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(10)


def expected(prompt: str) -> str:
    """The answer to a prompt, as the gateway sends it."""
    from tests.benchmarks.streaming import words

    return "".join([f"{prompt}. ", *words(100)[: int(prompt.split()[2]) - 1]])


def asking(number: int, rate: float, count: int, columns: int) -> tuple[str, str]:
    """A cell and its prompt."""
    prompt = f"{number} {rate:g} {count}"
    models = " ".join(f"-m demo/{place}" for place in range(columns))
    return f"%%zenmux --background -o a{number} {models}\n{prompt}", prompt


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--rate", type=float, default=50, help="tokens a second, of each")
    parser.add_argument("--seconds", type=float, default=20, help="how long each streams")
    parser.add_argument("--columns", type=int, default=1, help="streams in one cell")
    parser.add_argument("--view", choices=["auto", "document"], default="auto")
    parser.add_argument("--control", nargs="*", choices=["httpx", "openai"], default=[])
    parser.add_argument("--work", type=float, default=4, help="seconds that the cell computes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving() as url:
        env = {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": url}
        with Kernel(Path(folder), **env) as kernel, FrontEnd(kernel) as page:
            measure(page, options)
        for kind in options.control:
            home = Path(folder) / kind
            home.mkdir()
            with Kernel(home, **env) as kernel, FrontEnd(kernel) as page:
                control(page, kind, options)


def sized(page: FrontEnd, seconds: float) -> str:
    """A call that computes for about so long, and tells how long it was."""
    page.run(WORK)
    took = json.loads(page.result("_measured(2_000_000)"))["cpu"]
    return f"_measured({int(2_000_000 * seconds / took)})"


def control(page: FrontEnd, kind: str, options: argparse.Namespace) -> None:
    """The same streams, read by another package and shown to nobody."""
    work = sized(page, options.work)
    quiet = json.loads(page.result(work))["wall"]
    page.run(CONTROL)
    count = int(options.rate * options.seconds)
    prompts = [f"{number} {options.rate:g} {count}" for number in range(options.streams)]
    page.run(f"_read({kind!r}, {prompts!r})")
    busy = json.loads(page.result(work, 300))
    share = 100 * sum(busy["others"].values()) / busy["wall"]
    more = f"{100 * (busy['wall'] / quiet - 1):+.1f} %"
    print(f"{kind:<18}{more}, waited {waited(busy)}; its thread took {share:.1f} % of a processor")


def waited(found: dict[str, float]) -> str:
    """How much longer than its own CPU time a cell took."""
    return f"{100 * (found['wall'] / found['cpu'] - 1):+.1f} %"


def measure(page: FrontEnd, options: argparse.Namespace) -> None:
    """One run."""
    page.run("%load_ext zenmux_magic")
    page.run(f"%config ZenMux.max_in_flight = {options.streams}")
    page.run(f"%config ZenMux.view = {options.view!r}")
    page.run("%%zenmux -m demo/0\n0 100 10")
    work = sized(page, options.work)
    quiet = [json.loads(page.result(work))]
    page.forget()
    cells = options.streams // options.columns
    count = int(options.rate * options.seconds)
    asked = [asking(number, options.rate, count, options.columns) for number in range(cells)]
    start = time.monotonic()
    under_way = [page.start(code) for code, _ in asked]
    page.wait(lambda: all(cell in page.replies for cell in under_way), 120)
    begun = time.monotonic()
    busy = json.loads(page.result(work, 300))
    idle = json.loads(page.result("_measured(5, _time.sleep)"))
    names = f"[f'a{{n}}' for n in range({cells})]"
    still = page.result(f"print(sum(not getattr(globals()[n], 'done', True) for n in {names}))")
    page.wait(lambda: all("text/html" in page.shown(cell)[0] and "text/markdown" in
                          page.shown(cell)[0] for cell in under_way), options.seconds + 120)  # fmt: skip
    ended = time.monotonic()
    quiet.append(json.loads(page.result(work)))
    right = sum(
        page.shown(cell)[0]["text/plain"].count(expected(prompt).rstrip()) for cell, (_, prompt) in
        zip(under_way, asked, strict=True)
    )  # fmt: skip
    wall = sum(one["wall"] for one in quiet) / 2
    share = {
        name: 100 * cpu / busy["wall"]
        for name, cpu in sorted(busy["others"].items(), key=lambda pair: -pair[1])
        if cpu > 0.002 * busy["wall"]
    }
    told = ", ".join(f"{name} {part:.1f} %" for name, part in itertools.islice(share.items(), 6))
    alone = 100 * sum(idle["others"].values()) / idle["wall"]
    print(f"whole and exact   {right} of {cells * options.columns}; {still.strip()} of {cells} cells"
          " still streamed when the cell had computed")  # fmt: skip
    before, after = (one["wall"] for one in quiet)
    more = f"{100 * (busy['wall'] / wall - 1):+.1f} %"
    print(
        f"slower            {more} ({busy['wall']:.2f} s, {before:.2f} s before, {after:.2f} s after)"
    )
    print(f"waited            {waited(busy)} (quiet: {waited(quiet[0])})")
    print(
        f"others            {sum(share.values()):.1f} % of a processor ({told}); {alone:.1f} % while it slept"
    )
    size = sum(size for _, size in page.came)
    print(f"messages          {page.most_messages():.0f} a second at most, {len(page.came)} in all,"
          f" {page.frames} frames, {size / 1e6:.1f} MB")  # fmt: skip
    print(f"time              {begun - start:.1f} s to start them, {ended - start:.1f} s in all for"
          f" {options.seconds:g} s of stream; load {os.getloadavg()[0]:.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
