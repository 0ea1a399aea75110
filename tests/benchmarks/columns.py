"""Columns side by side: what eight cost beside one, and whether a slow one holds up a fast one.

    python -m tests.benchmarks.columns --columns 8 --rate 100 --kb 6

As in `streaming`, a loopback server sends numbered words, and the page of a real JupyterLab notes in
every animation frame which word stands last, here in each column. Compared are N columns with one
column that gets the same text at N times the pace; and a column at 200 tokens a second, alone and
beside one at 5.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.painting import LAST_WORD, PATIENCE_S, painted_ms, reply, words
from tests.support.gateway import KEY, Gateway
from tests.support.lab import Lab

WATCH = (
    """([cell, totals]) => {
  const bench = (window.bench = { seen: totals.map(() => []), over: false });
  const area = document.querySelector(
    `.jp-Notebook .jp-Cell[data-windowed-list-index="${cell}"] .jp-Cell-outputWrapper`);
"""
    + LAST_WORD
    + """  const last = totals.map(() => 0);
  const frame = () => {
    let bodies = area.querySelectorAll('.zenmux-body, .zenmux-columns td > .zenmux-answer');
    if (!bodies.length) bodies = [area];
    const now = performance.timeOrigin + performance.now();
    totals.forEach((_, place) => {
      const word = bodies[place] ? lastWord(bodies[place]) : 0;
      if (word > last[place]) bench.seen[place].push([word, now]);
      last[place] = Math.max(last[place], word);
    });
    bench.over = last.every((word, place) => word >= totals[place]);
    if (!bench.over) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
)


@dataclass(frozen=True)
class Stream:
    """What one column gets: so many words, at so many a second."""

    words: list[str]
    rate: float


@dataclass(frozen=True)
class Seen:
    """One measurement; times in milliseconds.

    Attributes:
        late: Each word's latency, over all columns.
        done: From the first byte sent to the last word painted, by column.
        messages: Messages the page received.
        work_s: Script + style + layout in the page, in seconds.
        stream_s: How long the server sent, in seconds.
    """

    late: list[float]
    done: list[float]
    messages: int
    work_s: float
    stream_s: float


def measure(lab: Lab, streams: list[Stream]) -> Seen:
    """One cell with so many columns, in a fresh notebook with a warm kernel."""
    models = [f"demo/{place}" for place in range(len(streams))]
    asking = f"%%zenmux {' '.join(f'-m {model}' for model in models)}\nGo"
    warming = reply(words(0.5), 100)
    with Gateway() as gateway:
        env = {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": gateway.base_url}
        page = lab.open(["%load_ext zenmux_magic", asking, asking], env=env, width=1600)
        gateway.route = lambda asked: warming
        page.run(0)
        page.run(1)
        page.set_source(1, "")
        page.command("notebook:clear-all-cell-outputs")
        page.show(2)
        by_model = dict(zip(models, streams, strict=True))
        replies = {model: reply(one.words, one.rate) for model, one in by_model.items()}
        gateway.route = lambda asked: replies[asked.model]
        warm = len(gateway.chats)
        page.page.evaluate(WATCH, [2, [len(one.words) for one in streams]])
        page.traffic.reset()
        before = page.metrics()
        page.run_async(2)
        longest = max(len(one.words) / one.rate for one in streams)
        page.page.wait_for_function("bench.over", timeout=1000 * (longest + PATIENCE_S))
        page.wait_done(2, PATIENCE_S)
        after = page.metrics()
        chats = {chat.model: chat for chat in gateway.chats[warm:]}
        sent = [_sent_ms(gateway, chats[model], len(by_model[model].words)) for model in models]
        seen: list[Any] = page.page.evaluate("bench.seen")
        messages = page.traffic.received_frames
    lab.end_test()
    painted = [painted_ms(one, len(left)) for one, left in zip(seen, sent, strict=True)]
    work = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
    return Seen(
        late=[
            there - left
            for a, b in zip(sent, painted, strict=True)
            for left, there in zip(a, b, strict=True)
        ],
        done=[b[-1] - a[0] for a, b in zip(sent, painted, strict=True)],
        messages=messages,
        work_s=sum(after[name] - before[name] for name in work),
        stream_s=(max(one[-1] for one in sent) - min(one[0] for one in sent)) / 1000,
    )


def _sent_ms(gateway: Gateway, asked: Any, count: int) -> list[float]:
    times: list[float] = []
    for one in gateway.sent:
        if one.asked is asked:
            times += [one.wall * 1000] * one.data.count(b'"content"')
    return times[:count]


def _told(name: str, seen: Seen) -> str:
    p95 = statistics.quantiles(seen.late, n=20)[-1]
    return (
        f"{name}: p50 {statistics.median(seen.late):.0f} ms, p95 {p95:.0f} ms,"
        f" {seen.messages} messages in {seen.stream_s:.1f} s, work {seen.work_s:.2f} s,"
        f" load {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--rate", type=float, default=100, help="tokens a second, of each")
    parser.add_argument("--kb", type=float, default=6, help="size of each answer")
    options = parser.parse_args()
    count = options.columns
    with tempfile.TemporaryDirectory() as home:
        lab = Lab(Path(home))
        try:
            with lab.browser.lent():
                whole = Stream(words(options.kb * count), options.rate * count)
                one = measure(lab, [whole])
                print(
                    _told(f"1 column, {options.kb * count:g} KB, {whole.rate:g}/s", one), flush=True
                )
                each = Stream(words(options.kb), options.rate)
                several = measure(lab, [each] * count)
                print(_told(f"{count} columns, {options.kb:g} KB, {each.rate:g}/s each", several))
                print(f"work: {several.work_s / one.work_s:.2f} x that of one column", flush=True)
                fast, slow = Stream(words(6), 200), Stream(words(6)[:40], 5)
                alone = measure(lab, [fast]).done[0]
                beside = measure(lab, [fast, slow]).done[0]
                print(
                    f"200/s: done after {alone / 1000:.2f} s alone, {beside / 1000:.2f} s beside 5/s"
                    f" ({100 * (beside / alone - 1):+.1f} %)"
                )
        finally:
            lab.close()


if __name__ == "__main__":
    main()
