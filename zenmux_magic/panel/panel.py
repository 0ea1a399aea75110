"""`Panel`: an editor and a board, run after run.

In: what the user does in the page or calls from Python. Out: runs that go on while other cells run,
and their answers as `results`. Methods and observers run on the thread that made the panel.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import ipywidgets
import traitlets

from zenmux_magic import ledger, plan
from zenmux_magic import prompt as prompts
from zenmux_magic.arguments import Options, chosen
from zenmux_magic.asking import Call
from zenmux_magic.attentive import attentive
from zenmux_magic.comparison import Comparison
from zenmux_magic.engine import shared
from zenmux_magic.errors import ArgumentError, PromptError, ZenMuxError
from zenmux_magic.frontend import reader_of, settings_here, shell_here
from zenmux_magic.panel.as_cell import as_cell
from zenmux_magic.panel.form import Form
from zenmux_magic.panel.messages import act
from zenmux_magic.panel.one_run import Run
from zenmux_magic.panel.open_run import OpenRun
from zenmux_magic.panel.picker import Picker
from zenmux_magic.views.board import BoardView
from zenmux_magic.views.widget import Board


class _Live(traitlets.List):  # type: ignore[type-arg]
    """A list that is brought up to date when it is read."""

    def get(self, obj: Any, cls: Any = None) -> Any:
        obj._take_in()
        return super().get(obj, cls)


class Panel(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """An interactive comparison: prompt, models, and a board, run after run.

    Args:
        models: `VENDOR/NAME`, each with settings of its own behind it, as in `-m`; the default model
            if there is none.
        prompt: The prompt; `{{ expression }}` is replaced when it runs.
        system: The system prompt; `@path` reads it from a file.

    Attributes:
        models: The models as they stand in the editor; may be set and observed.
        prompt: The prompt as it stands in the editor; may be set and observed.
        system: The system prompt as it stands in the editor; may be set and observed.
        picker: What fills the editor's list of models.
        results: A `Comparison` for each run, the last one last. It changes, and may be observed, when
            a column has begun, ended or been taken away.

    Raises:
        ArgumentError: A model cannot be read, or there are too many.
    """

    prompt = traitlets.Unicode()
    system = traitlets.Unicode()
    models = traitlets.List(traitlets.Unicode())
    results = _Live()

    def __init__(
        self, models: Iterable[str] | str = (), prompt: str = "", system: str = ""
    ) -> None:
        self._runs: list[Run] = []
        self._shown: Run | None = None
        self._notice = self._told = ""
        self._thread = threading.current_thread()
        self._loop: asyncio.AbstractEventLoop | None = None
        with suppress(RuntimeError):  # no loop runs: a change is told on the thread it came from
            self._loop = asyncio.get_running_loop()
        self._waiting: list[asyncio.Future[None]] = []
        self._settings = settings_here()
        named = [models] if isinstance(models, str) else list(models)
        start = {"prompt": prompt, "system": system}
        self._start = {**start, "models": named or [self._settings.default_model()]}
        self._form = Form()
        self.picker = Picker(self._form, self._settings, self._soon, self._tell)
        self._place = ipywidgets.VBox()
        super().__init__(children=(self._form, self._place), **self._start)
        for name in ("prompt", "system", "models"):
            traitlets.link((self, name), (self._form, name))
        self._form.on_msg(self._heard)
        self._take_in()

    def __repr__(self) -> str:
        return "<Panel of zenmux_magic: run this cell to open it; panel.to_cell() keeps a run>"

    @traitlets.validate("models")
    def _checked(self, proposal: Any) -> Any:
        models = proposal["value"]
        if len(models) > plan.MOST_COLUMNS:
            raise ArgumentError(
                f"{len(models)} models were named; a panel compares up to {plan.MOST_COLUMNS}."
                " Take some out."
            )
        for model in models:
            if not model.strip():
                raise ArgumentError("A model has no name. It looks like openai/gpt-5.")
            chosen(model)
        return models

    @traitlets.observe("models")
    def _models_changed(self, change: Any) -> None:
        self._tell()

    # What the user does, in the page or from Python

    def run(self) -> None:
        """Ask all models. Returns at once; `results` fills, and `await panel.wait()` waits.

        Raises:
            ZenMuxError: It still runs, the prompt is empty or cannot be expanded, a model or setting
                cannot be used; nothing was sent.
        """
        if self._running():
            raise ArgumentError("It still runs. Stop it first, or wait for its end.")
        self._told = ""
        run = Run(self.prompt, self.system, self._expanded(), list(self.models), Board(stays=True))
        calls = self._calls(run, run.models)
        view = BoardView(None, reader_of(self._settings), widget=run.board)
        run.going = OpenRun(shared(), calls, view, self._changed)
        self._runs.append(run)
        self._show(run)
        self._take_in()

    def ask_only(self, place: int) -> None:
        """Ask one model again, or for the first time, with the prompt of the run that is shown.

        Args:
            place: Which of `models`, from 0.

        Raises:
            ZenMuxError: There is no run yet, or the model cannot be asked.
        """
        run = self._current()
        column = run.column(self.models, place)
        if column is not None:
            run.going.retry(column)
            return
        call = self._calls(run, [self.models[place]])[0]
        run.models.append(self.models[place])
        run.going.add(call)

    def add(self, model: str) -> None:
        """Add a model; while the run that is shown goes on, it answers there too.

        Args:
            model: `VENDOR/NAME`, settings of its own behind it.

        Raises:
            ArgumentError: It cannot be read, or there are too many.
        """
        self.models = [*self.models, model]
        if self._shown is not None and self._shown.going.running:
            self.ask_only(len(self.models) - 1)

    def remove(self, place: int) -> None:
        """Take a model out; while the run that is shown goes on, out of it too."""
        run, models = self._shown, list(self.models)
        if run is not None and run.going.running:
            column = run.column(models, place)
            if column is not None:
                run.going.remove(column)
        del models[place]
        self.models = models

    def stop(self) -> None:
        """End all columns that run; what has come is kept."""
        for run in self._runs:
            run.going.stop()

    def go(self, number: int) -> None:
        """Show an earlier run, with its prompt and models.

        Args:
            number: Which of `results`, from 0.
        """
        run = self._runs[number]
        self.prompt, self.system, self.models = run.prompt, run.system, run.present
        self._show(run)

    def reset(self) -> None:
        """Begin anew, as the panel was made; earlier runs and `results` stay."""
        self.stop()
        for name, value in self._start.items():
            setattr(self, name, value)
        self._show(None)

    def to_cell(self, number: int = -1) -> str | None:
        """A run as a `%%zenmux` cell below the one that calls this.

        Args:
            number: Which of `results`; the last one if not given. Before the first run, what stands
                in the editor.

        Returns:
            The cell's text where no cell can be added: outside IPython.
        """
        prompt, system, models = self.prompt, self.system, self.models
        if self._runs:
            run = self._runs[number]
            prompt, system, models = run.prompt, run.system, run.present
        text = as_cell(prompt, system, models)
        shell = shell_here()
        if shell is None:
            return text
        shell.set_next_input(text)
        return None

    async def wait(self) -> Comparison | None:
        """Wait until nothing runs; the last result, if there is any."""
        while True:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(done)  # before the look: the end may come on another thread
            try:
                if not self._running():
                    break
                await attentive(done)
            finally:  # whose loop may be closed by the next end
                with suppress(ValueError):
                    self._waiting.remove(done)
        results: list[Comparison] = self.results
        return results[-1] if results else None

    def close(self) -> None:
        """End what runs and take the panel from the page."""
        self.stop()
        for widget in (*(run.board for run in self._runs), self._place, self._form):
            widget.close()
        super().close()

    # How it works

    def _current(self) -> Run:
        if self._shown is None:
            raise ArgumentError("Nothing has run yet. Run all models first.")
        return self._shown

    def _expanded(self) -> str:
        if not self.prompt.strip():
            raise PromptError("The prompt is empty. Write one first.")
        shell = shell_here()
        names = shell.user_ns if shell is not None and self._settings.template else None
        return prompts.assemble(self.prompt, (), names)

    def _calls(self, run: Run, models: Sequence[str]) -> list[Call]:
        if not models:
            raise ArgumentError("No model is chosen. Add one first.")
        options = Options(model=tuple(models), system=run.system or None)
        return plan.calls(options, run.text, self._settings)

    def _running(self) -> bool:
        return any(run.going.running for run in self._runs)

    def _show(self, run: Run | None) -> None:
        self._shown = run
        self._place.children = () if run is None else (run.board,)
        self._tell()

    def _changed(self) -> None:
        """Something ended or began, on the engine's thread."""
        self._soon(self._take_in)

    def _take_in(self) -> None:
        """Bring `results` up to date."""
        if self._loop is not None and threading.current_thread() is not self._thread:
            return
        runs = [run for run in self._runs if hasattr(run, "going")]
        self.set_trait("results", [run.comparison() for run in runs])
        if not self._running():
            waiting, self._waiting = self._waiting, []
            for done in waiting:  # each on its own loop, which may sleep and be another's
                done.get_loop().call_soon_threadsafe(_end, done)
            self._told = self._told or self._of_ledger()
        self._tell()

    def _of_ledger(self) -> str:
        """What the ledger has to say after a run: where it is, the first time."""
        here = ledger.of(self._settings) if self._runs else None
        return " ".join(here.notices()) if here else ""

    def _tell(self, notice: str | None = None) -> None:
        """Let the editor know what goes on."""
        self._notice = self._notice if notice is None else notice
        run = self._shown
        places = (
            [] if run is None else [run.column(self.models, n) for n in range(len(self.models))]
        )
        running = run.going.running if run is not None else frozenset()
        self._form.state = {
            "running": self._running(),
            "places": [n for n, column in enumerate(places) if column in running],
            "asked": [n for n, column in enumerate(places) if column is not None],
            "run": 0 if run is None else self._runs.index(run) + 1,
            "runs": len(self._runs),
            "notice": self._notice,
            "told": self._told,
            "most": plan.MOST_COLUMNS,
        }

    def _heard(self, _: Any, content: dict[str, Any], buffers: Any) -> None:
        """A message of the page. What cannot be done is said in the panel."""
        self._notice = ""
        try:
            act(self, content)
        except ZenMuxError as error:
            self._notice = str(error)
        self._tell()

    def _soon(self, act: Callable[..., None], *args: Any) -> None:
        """Call on the thread that made the panel, where that has a loop; else here."""
        if self._loop is None:
            act(*args)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act, *args)


def _end(wait: asyncio.Future[None]) -> None:
    if not wait.done():  # an interrupt may have ended it
        wait.set_result(None)
