"""The package against the field: Jupyter AI's magics, cellmage, and a loop of one's own.

    python -m tests.benchmarks.field --folder ~/.cache/field        # keeps the environments
    python -m tests.benchmarks.field --quick                        # once each, 6 KB
    python -m tests.benchmarks.field --folder ~/.cache/field --write

Each way is installed in an environment of its own (needs `uv` and a package index; some 600 MB), and
asked the same things by the same service, in a process of its own, in the same JupyterLab in the
same Chromium: answers at 150 tokens a second after 0.3 s, an interrupt, a lost connection, a key that
is refused, a hostile answer. Medians of the repetitions are printed; `--write` puts them into
`tests/tables/field.md`. Everything runs on one machine: let nothing else run beside it.

    first, every, last word   before its bytes left → the first frame of the page that shows it; of a
                              way that asks for the whole answer: from when it would have left
    websocket, script …       what the page received and did, from the cell's start to its end
    saved output              the cell's outputs in the saved file, by the length of the answer
    load, first, later cells  in a fresh kernel, from sending the cell
    kept                      words of the answer that stand in the cell's outputs
    –                         not asked: a longer answer changes nothing but the time
    scripts run, fetched      a flag in the page; requests at a server that stands for another host
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from playwright.sync_api import Error as PageError

from tests.support.environment import CHECKOUT
from tests.support.lab import Lab

from .environments import prepare, version
from .service import RATE, Service
from .starts import starts
from .table import table
from .trials import Trial
from .ways import OURS, WAYS, Way

TABLE = CHECKOUT / "tests" / "tables" / "field.md"
# What a way may do to its own trial; the others go on.
FAULTS = (PageError, RuntimeError, AssertionError, ValueError, LookupError)


class Run:
    """All figures of one run, by way and name; tells how far it is."""

    def __init__(self, repeat: int, sizes: Sequence[float]) -> None:
        self.found: dict[str, dict[str, list[float]]] = {}
        self._repeat, self._sizes = repeat, sizes
        self._began = time.monotonic()

    def tell(self, text: str) -> None:
        """One line of progress."""
        spent = time.monotonic() - self._began
        print(f"{spent:5.0f} s  load {os.getloadavg()[0]:.1f}  {text}", flush=True)

    def start(self, way: Way, python: str) -> None:
        """Its kernels alone; one more than is kept, for what is compiled and cached only once."""
        starts(way, python)
        self._note(way, partial(starts, way, python))

    def try_out(self, lab: Lab, service: Service, way: Way, python: str) -> None:
        """Everything that needs the page."""
        trial = Trial(lab, service, way, python)
        for kb in self._sizes:
            if kb <= way.longest_kb:
                self._note(way, partial(trial.streams, kb), f" {kb:g}")
        for case in (trial.interrupted, trial.lost, trial.refused, trial.hostile):
            self._note(way, case)

    def _note(self, way: Way, measured: Callable[[], dict[str, float]], suffix: str = "") -> None:
        kept = self.found.setdefault(way.name, {})
        for _ in range(self._repeat):
            figures = measured()
            told = ", ".join(f"{name}{suffix} {value:.4g}" for name, value in figures.items())
            self.tell(f"{way.name}: {told}")
            for name, value in figures.items():
                kept.setdefault(name + suffix, []).append(value)


def measure(run: Run, ways: Sequence[Way], folder: Path) -> dict[str, str]:
    """Everything, into the run; the titles of the ways, with their versions."""
    pythons, titles = {}, {}
    for way in ways:
        pythons[way] = python = prepare(folder, way)
        titles[way.name] = way.title.replace("VERSION", version(python, way.package))
        run.tell(f"{way.name}: installed {way.package} {version(python, way.package)}")
    for way in ways:
        _guarded(run, way, partial(run.start, way, str(pythons[way])))
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        service = stack.enter_context(Service())
        lab = Lab(Path(home))
        stack.callback(lab.close)
        stack.enter_context(lab.browser.lent())
        for way in ways:
            _guarded(run, way, partial(run.try_out, lab, service, way, str(pythons[way])))
            lab.end_test()
    return titles


def _guarded(run: Run, way: Way, work: Callable[[], None]) -> None:
    try:
        work()
    except FAULTS as fault:
        run.tell(f"{way.name} failed: {fault}")


def report(titles: dict[str, str], run: Run, sizes: Sequence[float], repeat: int) -> str:
    """The table under a line that says how it was made."""
    made = (
        f"Made by `python -m tests.benchmarks.field --write`: medians of {repeat}, {RATE:g} tokens a"
        f" second, Python {platform.python_version()}, {os.cpu_count()} cores, all in one run."
    )
    return f"{made}\n\n{table(titles, run.found, sizes)}\n"


def main() -> None:
    """Install, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="where the environments are kept")
    parser.add_argument("--way", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--kb", type=float, nargs="+", default=[6, 24])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="once each, 6 KB")
    parser.add_argument("--json", type=Path, help="write all figures here too")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name}")
    options = parser.parse_args()
    sizes, repeat = ([6.0], 1) if options.quick else (options.kb, options.repeat)
    ways = [OURS, *(WAYS[name] for name in options.way if WAYS[name] is not OURS)]
    run = Run(repeat, sizes)
    with tempfile.TemporaryDirectory() as temporary:
        titles = measure(run, ways, (options.folder or Path(temporary)).resolve())
    text = report(titles, run, sizes, repeat)
    run.tell("done\n\n" + text)
    if options.json:
        options.json.write_text(json.dumps(run.found, indent=1))
    if options.write:
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(text)


if __name__ == "__main__":
    main()
