"""Does a kernel grow, over many minutes of streams or many cells? A table, and the slope.

    python -m tests.benchmarks.soak --minutes 30 --streams 20 --rate 50
    python -m tests.benchmarks.soak --cells 1000
    python -m tests.benchmarks.soak --cells 1000 --control

With minutes: so many answers stream at once, each in a board of its own, and when one ends the next
begins, under the same name. With cells: one cell after another, each with a short answer. The control
runs as many cells that display as much HTML without this package: what IPython itself keeps of cells
(history, inputs). The page answers as JupyterLab does, without a browser.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from pathlib import Path

from tests.benchmarks.load import asking, serving
from tests.support.counts import COUNT, counts
from tests.support.front_end import FrontEnd
from tests.support.gateway import KEY
from tests.support.kernel import Kernel

NAMES = ("threads", "files", "comms", "widgets", "tasks", "objects", "rss_kb")
CONTROL = "from IPython.display import HTML, display\ndisplay(HTML({html!r}))"


def line(first: str, found: dict[str, int]) -> None:
    """One row of the table."""
    print(f"| {first} | {' | '.join(f'{found[name]:,}' for name in NAMES)} |", flush=True)


def slope(samples: list[tuple[float, float]]) -> float:
    """The slope of the later half: what is loaded or filled at first is no growth."""
    late = samples[len(samples) // 2 :]
    return statistics.linear_regression(*zip(*late, strict=True)).slope if len(late) > 1 else 0.0


def soak(page: FrontEnd, options: argparse.Namespace) -> None:
    """Stream for so many minutes."""
    numbers = itertools.count()
    count = int(options.rate * options.seconds)
    running: list[str] = []
    samples: list[tuple[float, float]] = []
    begun = time.monotonic()
    due = begun
    while (passed := (time.monotonic() - begun) / 60) < options.minutes:
        running = [cell for cell in running if not settled(page, cell)]
        for _ in range(options.streams - len(running)):
            code, prompt = asking(next(numbers), options.rate, count, 1)
            name = f"a{int(prompt.split()[0]) % (2 * options.streams)}"
            running.append(page.start(code.replace(f"-o a{prompt.split()[0]} ", f"-o {name} ")))
        if time.monotonic() >= due:
            due += options.every
            found = counts(page)
            samples.append((passed, found["rss_kb"]))
            line(f"{passed:.1f} min", found)
            page.forget()
        time.sleep(0.2)
    print(f"rss: {slope(samples):+.0f} KB a minute over the later half; {next(numbers)} answers")


def settled(page: FrontEnd, cell: str) -> bool:
    """Whether static output stands under a cell."""
    shown = page.shown(cell)
    return bool(shown) and "text/markdown" in shown[0]


def cells(page: FrontEnd, options: argparse.Namespace) -> None:
    """One cell after another."""
    samples: list[tuple[float, float]] = []
    html = "<p>word</p>" * 150
    for number in range(options.cells + 1):
        if number % max(1, options.cells // 10) == 0:
            found = counts(page)
            samples.append((number, found["rss_kb"]))
            line(f"{number}", found)
            page.forget()
        if options.control:
            page.run(CONTROL.format(html=f"<p>{number}</p>{html}"))  # no two are the same
        else:
            cell = page.start(f"%%zenmux -m demo/0\n{number} 5000 100")
            page.wait(lambda cell=cell: cell in page.idle and settled(page, cell))  # type: ignore[misc]
    print(f"rss: {1024 * slope(samples):+.0f} bytes a cell over the later half")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--rate", type=float, default=50, help="tokens a second, of each")
    parser.add_argument("--seconds", type=float, default=20, help="how long each streams")
    parser.add_argument("--every", type=float, default=30, help="seconds between two samples")
    parser.add_argument("--cells", type=int, default=0, help="so many cells instead of minutes")
    parser.add_argument("--control", action="store_true", help="cells without this package")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving() as url:
        env = {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": url}
        with Kernel(Path(folder), **env) as kernel, FrontEnd(kernel) as page:
            page.run("%load_ext zenmux_magic")
            page.run(f"%config ZenMux.max_in_flight = {options.streams}")
            page.run(COUNT)
            page.run("%%zenmux -m demo/0\n0 1000 10")
            print(f"| | {' | '.join(NAMES)} |\n|{'---|' * (len(NAMES) + 1)}")
            (cells if options.cells else soak)(page, options)


if __name__ == "__main__":
    main()
