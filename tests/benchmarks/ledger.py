"""What keeping answers costs: CPU beside a stream, and a search over a hundred thousand.

    python -m tests.benchmarks.ledger --rate 100 --kb 24 --answers 100000

A process streams the same answer from a loopback server, with the ledger and without, in turns; its
own CPU time is compared. Then a ledger is filled, and `%zenmux history`'s search is timed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.environment import environment
from tests.support.gateway import KEY, Gateway, streaming

ONE = """
import resource, sys, time
from zenmux_magic import ask_sync, ledger
from zenmux_magic.settings import ZenMux
ask_sync("warm", model="a/b")
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
before = cpu()
ask_sync("go", model="a/b")
here = ledger.of(ZenMux())
if here: here.writer.flush()
print(cpu() - before)
"""
WORDS = [f"{a}{b}" for a in ("bias", "variance", "model", "tree", "prior") for b in range(99)]


def cpu_s(gateway: Gateway, home: Path, where: str) -> float:
    """CPU seconds of a process that streams one answer."""
    env = environment(
        home, ZENMUX_API_KEY=KEY, ZENMUX_BASE_URL=gateway.base_url, ZENMUX_LEDGER=where
    )
    ran = subprocess.run([sys.executable, "-c", ONE], env=env, capture_output=True, check=True)
    return float(ran.stdout)


def filled(path: Path, count: int) -> None:
    """A ledger of so many answers of about 100 words."""
    from zenmux_magic.completion import Completion
    from zenmux_magic.ledger import Store, searching

    chance = random.Random(1)
    store = Store(path)
    store.begin()
    for number in range(count):
        text = " ".join(chance.choices(WORDS, k=100))
        asked = {"role": "user", "content": f"Question {number} about {chance.choice(WORDS)}?"}
        one = Completion(requested_model="a/b", model="a/b", messages=(asked,))
        rest = {k: v for k, v in one.to_dict().items() if k not in ("text", "reasoning")}
        row = {
            "started_s": time.time() - count + number,
            "touched_s": 0.0,
            "state": "done",
            "kernel": "k",
            "notebook": f"n{number % 50}.ipynb",
            "cell": "",
            "model": "a/b",
            "fingerprint": str(number),
            "text": text,
            "rest": json.dumps(rest),
        }
        identity = store.insert(row)
        body = searching.indexed(f"{asked['content']}\n{text}")
        store._db.execute("INSERT INTO words (rowid, body) VALUES (?, ?)", (identity, body))
    store.commit()
    store.close()


def searched(path: Path) -> None:
    """Time searches, each with a connection of its own, as the command has it."""
    from zenmux_magic.ledger import Store

    for words in (["bias7"], ["bias7", "tree42"], ["question"], ["bias"], ["no-such-word"]):
        times = []
        for _ in range(5):
            start = time.perf_counter()
            store = Store(path)
            found = store.find(words)
            store.close()
            times.append(time.perf_counter() - start)
        took = statistics.median(times)
        print(f"history {' '.join(words)}: {len(found)} shown after {took:.3f} s", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, default=100, help="tokens a second")
    parser.add_argument("--kb", type=float, default=6)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--answers", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Gateway() as gateway:
        home = Path(folder)
        text = "word " * int(options.kb * 1000 / 5)
        answer = streaming(text, pieces=5, pace_s=1 / options.rate)
        gateway.route = lambda asked: streaming("warm") if asked.prompt == "warm" else answer
        on, off = [], []
        for _ in range(options.turns):
            off.append(cpu_s(gateway, home, "off"))
            on.append(cpu_s(gateway, home, str(home / "ledger.sqlite3")))
        more = [a / b - 1 for a, b in zip(on, off, strict=True)]
        print(
            f"{options.kb:g} KB at {options.rate:g}/s: {statistics.median(off):.3f} s CPU without,"
            f" {statistics.median(on):.3f} s with the ledger: {100 * statistics.median(more):+.1f} %"
            f" (load {os.getloadavg()[0]:.1f})",
            flush=True,
        )
        large = home / "large.sqlite3"
        filled(large, options.answers)
        print(f"{options.answers:,} answers, {large.stat().st_size / 1e6:.0f} MB")
        searched(large)


if __name__ == "__main__":
    main()
