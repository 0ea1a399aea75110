"""`python -m tests.matrix`: which front end can do what, on every Python, lowest and newest dependencies.

In: the Pythons that uv finds. Out: `tests/tables/front_ends.md`, made of what `test_every_front_end`
records, each environment in a folder of its own; the same results give the same bytes. It takes half
an hour on two cores, and is no part of the test run.

    python -m tests.matrix --python 3.10 --python 3.13 --dependencies lowest --environments ~/envs
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.environment import CHECKOUT

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
DEPENDENCIES = {"newest": "highest", "lowest": "lowest-direct"}
EXTRAS = ".[lab,test-core]"
TESTS = ("tests/test_every_front_end.py", "tests/test_replies.py")
DRIVER = "playwright"  # drives the browser: the newest everywhere, it is no dependency of anybody's
TOLD = (
    "ipython", "ipykernel", "jupyterlab", "notebook", "ipywidgets", "anywidget", "nbclient", "nbconvert",
    "papermill", "jupyter-console", "jupyter-client",
)  # fmt: skip
TABLE = CHECKOUT / "tests" / "tables" / "front_ends.md"
# Tests are columns; of programs, that run a whole notebook, other tests say the same.
COLUMNS = {
    "while it comes": ("test_text_comes_before_the_end",),
    "what is left": ("test_what_is_left_is_static", "test_what_a_program_leaves_is_static"),
    "Stop": ("test_stop_ends_the_answer_and_the_cell_succeeds",),
    "interrupt keeps the part": ("test_an_interrupt_keeps_what_had_come",),
    "several models": ("test_several_columns", "test_a_program_shows_several_columns"),
    "panel": ("test_the_panel",),
    "Tab": ("test_tab_completes_options",),
    "`--background`": ("test_in_the_background", "test_a_program_waits_for_the_background"),
}


@dataclass
class Tried:
    """One environment and what came of it."""

    python: str
    dependencies: str
    versions: dict[str, str] = field(default_factory=dict)
    cells: dict[tuple[str, str], str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"Python {self.python}, {self.dependencies}"


def main() -> None:
    asked = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        home = asked.environments or Path(folder)
        tried = [
            _try(home / f"{python}-{which}", python, which)
            for which in asked.dependencies
            for python in asked.python
        ]
    text = "\n".join(_page(tried)) + "\n"
    print(text)
    if asked.write:
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(text, encoding="utf-8")
    sys.exit(any(one.failed for one in tried))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--python", action="append", metavar="3.N")
    parser.add_argument("--dependencies", action="append", choices=DEPENDENCIES)
    parser.add_argument(
        "--environments", type=Path, help="a folder to keep them in, to be used again"
    )
    parser.add_argument("--no-write", dest="write", action="store_false")
    asked = parser.parse_args()
    asked.python = asked.python or list(PYTHONS)
    asked.dependencies = asked.dependencies or list(DEPENDENCIES)
    return asked


def _try(place: Path, python: str, which: str) -> Tried:
    tried = Tried(python, which)
    print(f"--- {tried.name}", flush=True)
    interpreter = place / "bin" / "python"
    if not interpreter.exists():
        _uv("venv", "-q", "--python", python, str(place))
        _install(interpreter, "--resolution", DEPENDENCIES[which], "-e", EXTRAS)
        _install(interpreter, "--upgrade", DRIVER)
    for line in _uv("pip", "freeze", "--python", str(interpreter)).splitlines():
        package, _, version = line.partition("==")
        tried.versions[package.lower()] = version
    report = place / "report.xml"
    # Old packages warn of what newer ones have mended.
    arguments = ["-q", "-n", "0", "-W", "default", "-p", "no:cacheprovider"]
    arguments += ["-o", "junit_family=xunit1", f"--junitxml={report}"]
    command = [str(interpreter), "-m", "pytest", *arguments, *TESTS]
    subprocess.run(command, cwd=CHECKOUT, check=False)
    _read(report, tried)
    return tried


def _install(interpreter: Path, *what: str) -> None:
    _uv("pip", "install", "-q", "--python", str(interpreter), *what)


def _uv(*arguments: str) -> str:
    command = [sys.executable, "-m", "uv", *arguments]
    return subprocess.run(
        command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _read(report: Path, tried: Tried) -> None:
    for case in ElementTree.parse(report).iter("testcase"):
        test, _, front_end = case.get("name", "").partition("[")
        place = (front_end.rstrip("]"), test)
        if case.find("failure") is not None or case.find("error") is not None:
            tried.failed.append(case.get("name", ""))
            tried.cells[place] = "**fails**"
        elif not front_end:
            continue  # it is about none of them
        elif case.find("skipped") is not None:
            tried.cells[place] = "no"
        else:
            said = case.find("properties/property[@name='cell']")
            tried.cells[place] = said.get("value", "") if said is not None else ""


def _page(tried: list[Tried]) -> Iterator[str]:
    yield "# What works in which front end"
    yield ""
    yield "Written by `python -m tests.matrix`: each word is what a test of `tests/test_every_front_end.py`"
    yield "found. Environments with the same table share one."
    for group in _alike(tried):
        yield from ("", f"## {'; '.join(one.name for one in group)}", "")
        yield from _table(group[0])
    yield from ("", "## Versions", "", f"| | {' | '.join(one.name for one in tried)} |")
    yield f"|---|{'---|' * len(tried)}"
    for package in TOLD:
        cells = [one.versions.get(package, "—") for one in tried]
        yield f"| {package} | {' | '.join(cells)} |"


def _alike(tried: list[Tried]) -> list[list[Tried]]:
    groups: list[list[Tried]] = []
    for one in tried:
        same = next((group for group in groups if group[0].cells == one.cells), None)
        groups.append([one]) if same is None else same.append(one)
    return groups


def _table(one: Tried) -> Iterator[str]:
    yield f"| | {' | '.join(COLUMNS)} |"
    yield f"|---|{'---|' * len(COLUMNS)}"
    for front_end in dict.fromkeys(name for name, _ in one.cells):
        cells = [
            next((one.cells[front_end, t] for t in tests if (front_end, t) in one.cells), "—")
            for tests in COLUMNS.values()
        ]
        yield f"| {front_end} | {' | '.join(cell or 'yes' for cell in cells)} |"


if __name__ == "__main__":
    main()
