"""What works in which front end: a test is a column, its parameter a row, of `tests/tables/front_ends.md`.

`python -m tests.matrix` runs these on every Python and on the lowest and newest dependencies, and
writes that table from the `cell` that each test records.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from tests.support.front_ends import (
    PROGRAMS,
    FrontEnd,
    InConsole,
    InPage,
    InTerminal,
    Nbclient,
    OverProtocol,
    run_program,
    with_key,
)
from tests.support.gateway import KEY, Gateway, Reply, WaitFor, error, streaming
from tests.support.kernel import Kernel
from zenmux_magic.parents import ipykernel_listens

if TYPE_CHECKING:
    from tests.support.lab import Lab

    Record = Callable[[str, object], None]

PAGES = ["JupyterLab 4", "Notebook 7", "JupyterLab's console"]
TERMINALS = ["jupyter console", "IPython"]
# A real kernel, sent what these send: a page whose widgets answer, one whose never do, and a program.
ANSWERING, SILENT, QTCONSOLE = "page with widgets", "page without widgets", "qtconsole"
NBCLIENT = "nbclient"
LIVE = [*PAGES, *TERMINALS, ANSWERING, SILENT, QTCONSOLE]


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(gateway: Gateway) -> None:
    gateway.route = lambda asked: streaming(f"echo: {asked.prompt.strip()}", pieces=4)


class FrontEnds:
    """Those that run, each started at its first use."""

    def __init__(self, stack: ExitStack, home: Path, gateway: Gateway, lab: Callable[[], Lab]):
        self._stack, self._home, self._lab = stack, home, lab
        self._variables = with_key(gateway.base_url)
        self._running: dict[str, FrontEnd] = {}

    def __getitem__(self, name: str) -> FrontEnd:
        if name not in self._running:
            self._running[name] = self._start(name)
            self._running[name].run("%load_ext zenmux_magic")
        return self._running[name]

    def _folder(self) -> Path:
        folder = self._home / str(len(self._running))
        folder.mkdir()
        return folder

    def _start(self, name: str) -> FrontEnd:
        if name in PAGES:
            app = "notebook" if name == "Notebook 7" else "lab"
            page = self._lab().open([""], env=self._variables, app=app)  # type: ignore[arg-type]
            return InConsole(page) if name == "JupyterLab's console" else InPage(page)
        if name in TERMINALS:
            pytest.importorskip("pexpect")
            pytest.importorskip("jupyter_console" if name == "jupyter console" else "IPython")
            terminal = InTerminal(name, self._folder(), **self._variables)
            self._stack.callback(terminal.close)
            return terminal
        if name == "nbclient":
            client = Nbclient(self._folder(), **self._variables)
            self._stack.callback(client.close)
            return client
        kernel = self._stack.enter_context(Kernel(self._folder(), **self._variables))
        cell = "" if name == QTCONSOLE else "vscode-notebook-cell:/a.ipynb#X12"
        return OverProtocol(kernel, cell, answers=name == ANSWERING)


@pytest.fixture(scope="module")
def front_ends(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, gateway: Gateway
) -> Iterator[FrontEnds]:
    labs: list[Lab] = []

    def lab() -> Lab:
        labs[:] = [request.getfixturevalue("lab_session")]
        return labs[0]

    with ExitStack() as stack:
        yield FrontEnds(stack, tmp_path_factory.mktemp("fronts"), gateway, lab)
    for one in labs:
        with one.browser.lent():
            one.end_test()


@pytest.fixture
def end(request: pytest.FixtureRequest, front_ends: FrontEnds) -> Iterator[FrontEnd]:
    """The front end that the test is for."""
    name: str = request.param
    if name in PAGES:
        lab = request.getfixturevalue("lab_session")
        if name == "Notebook 7":
            pytest.importorskip("notebook")
        with lab.browser.lent():
            yield front_ends[name]
    else:
        yield front_ends[name]


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Its name."""
    return str(request.node.callspec.id)


def front(*names: str) -> pytest.MarkDecorator:
    marks = [pytest.param(n, marks=[pytest.mark.browser] * (n in PAGES), id=n) for n in names]
    return pytest.mark.parametrize("end", marks, indirect=True)


@pytest.fixture
def held(gateway: Gateway) -> Iterator[threading.Event]:
    """The next answers stand still after `first words`, until the event is set or the test over."""
    go = threading.Event()
    steps = list(
        streaming("first words and the rest", pieces=["first words", " and the rest"]).steps
    )
    gateway.route = lambda asked: Reply(200, {}, [*steps[:2], WaitFor(go), *steps[2:]])
    yield go
    go.set()


def live() -> str:
    return "live" if ipykernel_listens() else "in steps"


WAYS = {
    **dict.fromkeys(PAGES, live),
    **dict.fromkeys(TERMINALS, lambda: "as text"),
    ANSWERING: live,
    SILENT: lambda: "in steps",
    QTCONSOLE: lambda: "as text",
}


@front(*LIVE)
def test_text_comes_before_the_end(
    end: FrontEnd, held: threading.Event, name: str, record_property: Record
) -> None:
    end.start("%%zenmux -o a\nHi")
    end.wait_text("first words")
    held.set()
    assert "rest" in end.finish()
    assert end.how == WAYS[name]()
    assert end.value("a.text") == "first words and the rest"
    record_property("cell", end.how)


@front(*PAGES, ANSWERING, SILENT)
def test_what_is_left_is_static(end: FrontEnd, record_property: Record) -> None:
    assert isinstance(end, InPage | InConsole | OverProtocol)
    shown = end.run("%%zenmux -o a\n**Hi**")
    assert "echo: " in shown
    assert end.left() == {"text/html", "text/markdown", "text/plain"}
    record_property("cell", "static")


@front(*PAGES, ANSWERING)
def test_stop_ends_the_answer_and_the_cell_succeeds(
    end: FrontEnd, held: threading.Event, record_property: Record
) -> None:
    if not ipykernel_listens():
        pytest.skip("needs ipykernel 7.4")
    assert isinstance(end, InPage | InConsole | OverProtocol)
    end.start("%%zenmux -o a\nHi")
    end.wait_text("first words")
    end.stop()
    end.finish()
    assert end.value("(a.text, a.finish_reason, a.error)") == ("first words", "stopped", None)
    record_property("cell", "yes")


@front(*LIVE, NBCLIENT)
def test_an_interrupt_keeps_what_had_come(
    end: FrontEnd, held: threading.Event, gateway: Gateway, record_property: Record
) -> None:
    before = len(gateway.requests)
    end.start("%%zenmux -o a\nHi")
    gateway.wait_for_request(before + 1)
    end.wait_text("first words")
    end.interrupt()
    assert "kept in a" in end.finish()
    assert end.value("(a.text, a.error.kind)") == ("first words", "Interrupted")
    record_property("cell", "yes")


@front(*LIVE, NBCLIENT)
def test_several_columns(end: FrontEnd, record_property: Record) -> None:
    shown = end.run("%%zenmux -m a/x -m b/y -o pair\nHi")
    assert shown.count("echo: Hi") == 2
    assert end.value("[one.text for one in pair]") == ["echo: Hi"] * 2
    record_property("cell", "one after the other" if "── a/x ──" in shown else "side by side")


@front(*LIVE, NBCLIENT)
def test_the_panel(end: FrontEnd, name: str, record_property: Record) -> None:
    if name in PAGES and not ipykernel_listens():
        end.run("%zenmux panel")  # what it needs of the page is there all the same
    shown = end.run("%zenmux panel")
    if name in (*TERMINALS, QTCONSOLE, NBCLIENT):
        assert "The panel needs a page that shows widgets" in shown
        assert "Traceback" not in shown
        record_property("cell", "says why not")
    elif name in (ANSWERING, SILENT):
        assert "Panel of zenmux_magic" in shown
        record_property("cell", "its widget is sent")
    else:
        assert isinstance(end, InPage | InConsole)
        end.area.locator(".zenmux-panel").last.wait_for()
        record_property("cell", "yes")


@front(*LIVE)
def test_tab_completes_options(end: FrontEnd, record_property: Record) -> None:
    assert end.completes("%%zenmux --max-t", "okens")
    record_property("cell", "yes")


@front(*LIVE, NBCLIENT)
def test_in_the_background(
    end: FrontEnd, name: str, gateway: Gateway, record_property: Record
) -> None:
    if name in (*TERMINALS, QTCONSOLE, NBCLIENT):
        assert "echo: Hi" in end.run("%%zenmux --background -o b\nHi")
        record_property("cell", "waits")
    else:
        go = threading.Event()
        steps = list(streaming("first words").steps)
        gateway.route = lambda asked: Reply(200, {}, [WaitFor(go), *steps])
        end.run("%%zenmux --background -o b\nHi")
        assert end.value("type(b).__name__") == "Answer"
        go.set()
        assert end.value("(await b).text") == "first words"
        record_property("cell", "yes")


@front(*LIVE, NBCLIENT)
def test_a_failure_is_one_line(end: FrontEnd, gateway: Gateway) -> None:
    gateway.route = lambda asked: error(402, "insufficient_credit", "empty")
    shown = end.run("%%zenmux -o a\nHi")
    assert "No credit is left" in shown
    assert "Traceback" not in shown
    assert KEY not in shown


CELLS = [
    "model = 'a/x'",
    "%load_ext zenmux_magic",
    "%%zenmux -m {{ model }}\nHi",
    "%%zenmux -m a/x -m b/y\nHi",
    "%%zenmux --background -o b\nHi",
    "b",
]


@pytest.fixture(scope="module")
def executed(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """What programs that run a whole notebook have made of `CELLS`, each run once."""
    done: dict[str, Any] = {}

    def by(program: str) -> Any:
        if program not in done:
            folder = tmp_path_factory.mktemp("program")
            cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
            cells[0].metadata["tags"] = ["parameters"]
            spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
            notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec})
            nbformat.write(notebook, folder / "in.ipynb")
            more = ["-p", "model", "c/z"] if program == "papermill" else []
            run_program([*PROGRAMS[program], *more], folder, **with_key(gateway.base_url))
            done[program] = nbformat.read(folder / "out.ipynb", as_version=4)
        return done[program]

    return by


def answers_in(notebook: Any) -> list[Any]:
    """The cells of `CELLS` that ask; papermill puts one of its own before them."""
    return [cell for cell in notebook.cells if cell.source.startswith("%%zenmux")]


program = pytest.mark.parametrize("program", PROGRAMS)


@program
def test_what_a_program_leaves_is_static(
    program: str, executed: Callable[[str], Any], gateway: Gateway, record_property: Record
) -> None:
    pytest.importorskip(PROGRAMS[program][0])
    notebook = executed(program)
    for cell in answers_in(notebook):
        (output,) = cell.outputs
        assert set(output.data) == {"text/html", "text/markdown", "text/plain"}
    text = nbformat.writes(notebook)
    assert "widget" not in text
    assert KEY not in text
    record_property("cell", "static")


@program
def test_a_program_chooses_the_model(program: str, executed: Callable[[str], Any]) -> None:
    pytest.importorskip(PROGRAMS[program][0])
    (output,) = answers_in(executed(program))[0].outputs
    model = "c/z" if program == "papermill" else "a/x"
    assert f"(asked: {model})" in output.data["text/html"]


@program
def test_a_program_shows_several_columns(
    program: str, executed: Callable[[str], Any], record_property: Record
) -> None:
    pytest.importorskip(PROGRAMS[program][0])
    (output,) = answers_in(executed(program))[1].outputs
    assert output.data["text/plain"].count("echo: Hi") == 2
    record_property("cell", "side by side")


@program
def test_a_program_waits_for_the_background(
    program: str, executed: Callable[[str], Any], record_property: Record
) -> None:
    pytest.importorskip(PROGRAMS[program][0])
    notebook = executed(program)
    assert notebook.cells[-1].outputs[0].data["text/plain"] == "echo: Hi"
    record_property("cell", "waits")
