"""Very large answers, and very many, in a real JupyterLab: does the page stay usable?

    python -m tests.benchmarks.large --answer mb5 line          # 5 MB; one line of 1 MB
    python -m tests.benchmarks.large --boards 200 --picture boards.png

For a large answer: how long the cell took, the page's longest tasks while it came and at its end, what
the websocket carried, the kernel's memory, the saved file; whether copying gives the whole text, and
how long a reload takes. Beside it the longest tasks for the same text that a cell displays as `<pre>`,
without this package: what JupyterLab itself makes of so much.

For many: a notebook with so many settled answers, without this package's extension in its kernel and
with it: how long until it is open, how long a key takes to be painted, how long scrolling through
takes, and what an output costs that comes then.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat

from tests.support.demo import ANSWER
from tests.support.gateway import KEY, Gateway, streaming
from tests.support.lab import Lab, NotebookPage, new_notebook

ANSWERS = {
    "mb5": lambda: ANSWER * (5_000_000 // len(ANSWER)),
    "line": lambda: "word " * 200_000,
    "kb500": lambda: ANSWER * (500_000 // len(ANSWER)),
}
LONGEST = """() => {
  window.tasks = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) tasks.push(Math.round(one.duration));
  }).observe({ type: 'longtask', buffered: false });
}"""
OUTPUTS = """
from IPython.display import HTML, display
for n in range(100): display(HTML(f'<p>{n}'))
"""
PLAIN = """
import html
from IPython.display import display
text = _zenmux.text
display({"text/html": f"<pre>{html.escape(text)}</pre>", "text/plain": text}, raw=True)
"""
RSS = "print(open('/proc/self/statm').read().split()[1])"
# A letter into the first cell, until the frame after it has been painted; the worst of 20.
TYPING = """async () => {
  const editor = window.jupyterapp.shell.currentWidget.content.widgets[0].editor;
  const times = [];
  for (let n = 0; n < 20; n++) {
    const begun = performance.now();
    editor.replaceSelection('x');
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b).map(Math.round);
}"""
SCROLLING = """async () => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const begun = performance.now();
  for (let at = 0; at < notebook.widgets.length; at += 5) {
    await notebook.scrollToItem(at, 'start').catch(() => undefined);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  }
  await notebook.scrollToItem(0, 'start').catch(() => undefined);
  return Math.round(performance.now() - begun);
}"""


def memory_kb(page: NotebookPage, cell: int) -> int:
    """The kernel's resident memory."""
    page.run(cell, 300)
    return int(page.output(cell).inner_text()) * 4


def large(lab: Lab, name: str) -> None:
    """One large answer."""
    text = ANSWERS[name]()
    with Gateway() as gateway:
        env = {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": gateway.base_url}
        gateway.route = lambda asked: streaming(text, pieces=2000)
        page = lab.open(["%load_ext zenmux_magic", RSS, "%%zenmux\nGo", RSS, PLAIN], env=env)
        page.run(0)
        before = memory_kb(page, 1)
        page.page.evaluate(LONGEST)
        page.traffic.reset()
        begun = time.monotonic()
        page.run(2, 600)
        page.page.locator(".zenmux-dressed").wait_for(timeout=300_000)
        took = time.monotonic() - begun
        tasks: list[int] = page.page.evaluate("tasks")
        sent, frames = page.traffic.received_bytes, page.traffic.received_frames
        after = memory_kb(page, 3)
        page.output(2).get_by_role("button", name="Copy", exact=True).first.click()
        copied = page.page.evaluate("() => navigator.clipboard.readText()") == text
        begun = time.monotonic()
        saved = page.save().cells[2].outputs
        saving = time.monotonic() - begun
        size = page.path.stat().st_size
        right = [one.data["text/plain"] == text for one in saved]
        begun = time.monotonic()
        page.reload()
        page.show(2)
        page.page.locator(".zenmux-settled").wait_for(timeout=300_000)
        reload = time.monotonic() - begun
        page.page.evaluate(LONGEST)
        page.run(4, 600)
        page.page.wait_for_timeout(3000)  # its painting; nothing tells when that is over
        plain: list[int] = page.page.evaluate("tasks")
    lab.end_test()
    print(f"{name}: {len(text) / 1e6:.1f} MB; cell {took:.1f} s; longest tasks {sorted(tasks)[-4:]} ms;"
          f" websocket {sent / 1e6:.1f} MB in {frames} messages;"
          f" kernel {(after - before) / 1024:+.0f} MB; saved {size / 1e6:.1f} MB in {saving:.1f} s,"
          f" exact {right}, copied {copied}; reload {reload:.1f} s; without us {sorted(plain)[-4:]} ms;"
          f" errors {page.console_errors[:3]}", flush=True)  # fmt: skip


def many(lab: Lab, count: int, picture: str) -> None:
    """Many settled answers, with and without the extension."""
    with Gateway() as gateway:
        env = {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": gateway.base_url}
        gateway.route = lambda asked: streaming(f"# {asked.prompt}\n\n{ANSWER}", pieces=200)
        notebook = filled(lab, env, count)
        for load in ("pass", "%load_ext zenmux_magic"):
            notebook.cells[1].source = load
            # The first answer opens what dresses all others.
            notebook.cells[2].source = "pass" if load == "pass" else "%%zenmux\nAnother"
            begun = time.monotonic()
            page = lab.open(notebook, env=env)
            opened = time.monotonic() - begun
            page.run(1)
            page.run(2)
            page.page.evaluate(LONGEST)
            row: dict[str, Any] = {"opened_s": round(opened, 1)}
            row["typing_ms"] = page.page.evaluate(TYPING)[10::9]
            start = page.metrics()
            row["scrolling_ms"] = page.page.evaluate(SCROLLING)
            row["scrolling, script_s"] = round(
                page.metrics()["ScriptDuration"] - start["ScriptDuration"], 2
            )
            row["typing_again_ms"] = page.page.evaluate(TYPING)[10::9]
            before = page.metrics()
            page.run(3, 120)
            after = page.metrics()
            row["100 outputs, script_s"] = round(
                after["ScriptDuration"] - before["ScriptDuration"], 2
            )
            row["longest_ms"] = sorted(page.page.evaluate("tasks"))[-3:]
            row["listeners"] = int(after["JSEventListeners"])
            row["nodes"] = int(after["Nodes"])
            row["dressed"] = page.page.locator(".zenmux-dressed").count()
            print(f"{load}: {json.dumps(row)}", flush=True)
            if picture:
                page.show(20)
                page.screenshot(Path(picture))
            lab.end_test()


def filled(lab: Lab, env: dict[str, str], count: int) -> Any:
    """A notebook with so many answers, as JupyterLab saves it."""
    asks = [f"%%zenmux\nQuestion {number}" for number in range(count)]
    page = lab.open(["%load_ext zenmux_magic", *asks], env=env)
    begun = time.monotonic()
    page.run_all(600)
    print(f"{count} cells, one after another: {time.monotonic() - begun:.1f} s", flush=True)
    saved = page.save()
    lab.end_test()
    fresh = new_notebook(["", "", "", OUTPUTS])
    fresh.cells += saved.cells[1:]
    return nbformat.from_dict(fresh)  # type: ignore[no-untyped-call]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--answer", nargs="*", choices=list(ANSWERS), default=[])
    parser.add_argument("--boards", type=int, default=0)
    parser.add_argument("--picture", default="", help="a picture of the notebook with many")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        lab = Lab(Path(home))
        try:
            with lab.browser.lent():
                for name in options.answer:
                    large(lab, name)
                if options.boards:
                    many(lab, options.boards, options.picture)
        finally:
            lab.close()


if __name__ == "__main__":
    main()
