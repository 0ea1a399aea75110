"""When the words of an answer are painted: the answer, and a page that watches for it.

In: a size, a pace, an open notebook. Out: numbered words as a `Reply`, and what the page did while a
cell ran: in every animation frame it notes which word stands last. What the figures mean is for the
benchmarks that use it, `streaming`, `columns` and `field`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from tests.support.gateway import Reply, Send, chunk, sse
from tests.support.page import NotebookPage
from tests.support.script import Pause, Step

WORD = "w{} "
PATIENCE_S = 90

LAST_WORD = """  const lastWord = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    let node = root;
    while (node.lastChild) node = node.lastChild;
    walker.currentNode = node;
    let text = '';
    for (let steps = 0; node && steps < 40; steps++) {
      if (node.nodeType === Node.TEXT_NODE) text = node.data + text;
      const found = [...text.matchAll(/w(\\d+)(?=\\s|$)/g)].pop();
      if (found) return Number(found[1]);
      node = walker.previousNode();
    }
    return 0;
  };
"""

WATCH = (
    """([cell, total]) => {
  const bench = (window.bench = { seen: [], frames: [], total, over: false });
  const area = document.querySelector(
    `.jp-Notebook .jp-Cell[data-windowed-list-index="${cell}"] .jp-Cell-outputWrapper`);
"""
    + LAST_WORD
    + """  let last = 0;
  const frame = () => {
    bench.frames.push(performance.now());
    const word = lastWord(area);
    if (word > last) bench.seen.push([word, performance.timeOrigin + performance.now()]);
    last = Math.max(last, word);
    bench.over = last >= total;
    if (!bench.over) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
)


def words(kb: float) -> list[str]:
    """An answer of this size, in tokens: headings, prose, lists, code and a table now and then."""
    found: list[str] = []
    size = 0
    for number in itertools.count(1):
        before = _structure(number)
        token = before + WORD.format(number)
        found.append(token)
        size += len(token)
        if size >= kb * 1024:
            return found
    raise AssertionError("counting does not end")


def _structure(number: int) -> str:
    place = number % 300
    fixed = {
        1: "\n\n## ",
        6: "\n\n",
        60: "**",
        64: "** ",
        120: "\n\n- ",
        180: "\n\n```python\n",
        240: "\n```\n\n",
        285: "\n\n| a | b |\n|---|---|\n| ",
        288: "| ",
        291: "|\n\n",
    }
    if place in fixed:
        return fixed[place]
    if 120 < place < 180 and place % 12 == 0:
        return "\n- "
    if 180 < place < 240 and place % 8 == 0:
        return "\n"
    return ""


def reply(tokens: list[str], rate: float) -> Reply:
    """The tokens, one event each; above 250 a second, several in a write."""
    together = max(1, round(rate / 250))
    steps: list[Step] = []
    for start in range(0, len(tokens), together):
        events = [chunk(token) for token in tokens[start : start + together]]
        steps += [Pause(together / rate), Send(sse(*events, done=False))]
    return Reply(steps=[*steps, Send(sse(chunk(finish_reason="stop")))])


@dataclass(frozen=True)
class Watched:
    """What a page did while a cell ran.

    Attributes:
        seen: Pairs: the number of the word that stood last, and when that was first so (Unix, ms).
        frames: When each animation frame was, in ms of the page's own clock.
        received_bytes: What came over the websocket.
        received_frames: In so many messages.
        work_s: Script + style + layout.
    """

    seen: list[list[float]]
    frames: list[float]
    received_bytes: int
    received_frames: int
    work_s: float


def watch(page: NotebookPage, cell: int, total: int, patience_s: float) -> Watched:
    """Run a cell, in a notebook without outputs, until the last word is painted and the cell done."""
    page.command("notebook:clear-all-cell-outputs")
    page.show(cell)
    page.page.evaluate(WATCH, [cell, total])
    page.traffic.reset()
    before = page.metrics()
    page.run_async(cell)
    page.page.wait_for_function("bench.over", timeout=1000 * patience_s)
    page.wait_done(cell, PATIENCE_S)
    after = page.metrics()
    bench: dict[str, Any] = page.page.evaluate("bench")
    work = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
    return Watched(
        seen=bench["seen"],
        frames=bench["frames"],
        received_bytes=page.traffic.received_bytes,
        received_frames=page.traffic.received_frames,
        work_s=sum(after[name] - before[name] for name in work),
    )


def painted_ms(seen: list[list[float]], count: int) -> list[float]:
    """When each word was first seen: in the frame in which it, or a later one, stood last."""
    times: list[float] = []
    for word, at in seen:
        times += [at] * (int(word) - len(times))
    return times[:count]
