"""How far the page is behind a stream: the board, and two ways to do it with `update_display`.

    python -m tests.benchmarks.streaming --kb 6 24 --rate 150 --way board every tenth
    python -m tests.benchmarks.streaming --json figures.json

A loopback server sends numbered words at a given pace, in a real JupyterLab in a real Chromium. The
page notes in every animation frame which word stands last; each word's latency is from the moment
before its bytes left to the first frame that shows it. Everything runs on one machine, so a busy
machine measures itself: the load is printed.

    behind      last word sent → last word painted
    p50, p95    byte sent → text painted, over all words
    websocket   what the page received, from the cell's start to its end
    work        script + style + layout in the page
    gap         the longest time between two animation frames
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.benchmarks.painting import PATIENCE_S, Watched, painted_ms, reply, watch, words
from tests.support.gateway import KEY, Gateway
from tests.support.lab import Lab

BOARD = "%%zenmux -m demo/echo\nGo"
PLAIN = """
import os, time, openai
from IPython.display import Markdown, display
client = openai.OpenAI(base_url=os.environ["ZENMUX_BASE_URL"], api_key=os.environ["ZENMUX_API_KEY"])
handle, text, shown = display(Markdown(""), display_id=True), "", 0.0
messages = [{"role": "user", "content": "Go"}]
for event in client.chat.completions.create(model="demo/echo", messages=messages, stream=True):
    text += (event.choices[0].delta.content or "") if event.choices else ""
    if time.monotonic() - shown >= EVERY_S:
        handle.update(Markdown(text)); shown = time.monotonic()
handle.update(Markdown(text))
"""
WAYS = {
    "board": BOARD,
    "every": PLAIN.replace("EVERY_S", "0.0"),
    "tenth": PLAIN.replace("EVERY_S", "0.1"),
}
NAMES = {
    "board": "the board",
    "every": "`update_display` at every token",
    "tenth": "`update_display` 10 times a second",
}


# The number of the last word below an element, as a function of the page.
@dataclass(frozen=True)
class Row:
    """One measurement; times in milliseconds unless named otherwise."""

    way: str
    kb: float
    rate: float
    words: int
    behind: float
    p50: float
    p95: float
    websocket_kb: float
    frames: int
    work_s: float
    stream_s: float
    gap: float
    first: float


def measure(lab: Lab, way: str, kb: float, rate: float) -> Row:
    """One way, one size, one pace, in a fresh notebook with a warm kernel."""
    tokens = words(kb)
    with Gateway() as gateway:
        env = {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": gateway.base_url}
        page = lab.open(["%load_ext zenmux_magic", WAYS[way], WAYS[way]], env=env)
        gateway.enqueue(reply(words(0.5), 100), reply(tokens, rate))
        page.run(0)
        page.run(1)
        page.set_source(1, "")
        watched = watch(page, 2, len(tokens), len(tokens) / rate + PATIENCE_S)
        made = row(way, kb, rate, _sent_ms(gateway, len(tokens)), watched)
    lab.end_test()
    return made


def row(way: str, kb: float, rate: float, sent: list[float], watched: Watched) -> Row:
    """The figures of one run, from when each word left (Unix, ms) and what the page did."""
    painted = painted_ms(watched.seen, len(sent))
    late = [there - left for left, there in zip(sent, painted, strict=True)]
    gaps = [b - a for a, b in itertools.pairwise(watched.frames)]
    return Row(
        way=way,
        kb=kb,
        rate=rate,
        words=len(sent),
        behind=round(late[-1], 1),
        p50=round(statistics.median(late), 1),
        p95=round(statistics.quantiles(late, n=20)[-1], 1),
        websocket_kb=round(watched.received_bytes / 1024, 1),
        frames=watched.received_frames,
        work_s=round(watched.work_s, 2),
        stream_s=round((sent[-1] - sent[0]) / 1000, 1),
        gap=round(max(gaps), 1),
        first=round(late[0], 1),
    )


def _sent_ms(gateway: Gateway, count: int) -> list[float]:
    """When each word left, from the second chat on (the first was for warming up)."""
    asked = gateway.chats[1]
    times: list[float] = []
    for one in gateway.sent:
        if one.asked is asked:
            times += [one.wall * 1000] * one.data.count(b'"content"')
    return times[:count]


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| answer | way | behind | p50 | p95 | websocket | work in the page | longest gap |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.kb:g} KB, {row.rate:g}/s, {row.stream_s:g} s | {NAMES[row.way]} "
        f"| {row.behind / 1000:.2f} s | {row.p50:.0f} ms | {row.p95:.0f} ms "
        f"| {row.websocket_kb:,.0f} KB in {row.frames:,} | {row.work_s:.1f} s "
        f"| {row.gap:.0f} ms |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kb", type=float, nargs="+", default=[6, 24])
    parser.add_argument("--rate", type=float, nargs="+", default=[150])
    parser.add_argument("--way", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--json", type=Path, help="write the rows here too")
    options = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as home:
        lab = Lab(Path(home))
        try:
            with lab.browser.lent():
                for kb, rate, way in itertools.product(options.kb, options.rate, options.way):
                    rows.append(measure(lab, way, kb, rate))
                    print(rows[-1], "load", os.getloadavg()[0], flush=True)
        finally:
            lab.close()
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))


if __name__ == "__main__":
    main()
