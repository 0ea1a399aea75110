"""One way to drive every front end that can be run here: a cell in, what stands under it out.

In: a gateway and a folder. Out: `FrontEnd`s, each a real program (or, where it says so, a real kernel
that is sent what that program sends). What a front end has no means for, it has no method for.

    end.run("%%zenmux\\nHi")            # to its end; the text under the cell
    end.start("%%zenmux\\nHi"); end.wait_text("word"); end.interrupt(); end.finish()
    end.value("a.text")                 # of an expression, as a literal
    end.how                             # how text came: live, in steps, as text
"""

from __future__ import annotations

import ast
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from jupyter_core.utils import ensure_event_loop

from zenmux_magic.parents import ipykernel_listens

from .environment import environment
from .gateway import KEY
from .kernel import Kernel
from .ports import CHANNELS, free_ports

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .lab import NotebookPage

WIDGET = "application/vnd.jupyter.widget-view+json"
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\x1b[=>78]|[\x00-\x08\x0e-\x1f]")


class FrontEnd:
    """What all have in common."""

    how = "as text"

    def run(self, code: str) -> str:
        """Run a cell to its end; the text that stands under it."""
        self.start(code)
        return self.finish()

    def start(self, code: str) -> None:
        """Start a cell."""
        raise NotImplementedError

    def wait_text(self, text: str) -> None:
        """Wait until a text stands under the running cell."""
        raise NotImplementedError

    def finish(self) -> str:
        """Wait for the end of the cell; the text under it."""
        raise NotImplementedError

    def interrupt(self) -> None:
        """What the front end has for it: ■, or Ctrl-C."""
        raise NotImplementedError

    def completes(self, code: str, rest: str) -> bool:
        """Whether Tab at the end of a text offers this rest of it."""
        raise NotImplementedError

    def value(self, expression: str) -> Any:
        """The value of an expression in the kernel."""
        shown = self.run(f"print('<<', repr({expression}), '>>', sep='')")
        found = re.findall(r"<<(.*?)>>", shown.replace("\n", ""))
        return ast.literal_eval(found[-1])


class OverProtocol(FrontEnd):
    """A real kernel, sent what a program on jupyter_client sends, or (`page`) what a page sends.

    Args:
        kernel: The kernel.
        page: The id of a cell, as pages send it; empty for a program such as qtconsole.
        answers: Whether the page's widgets answer, as they do where anywidget can be loaded.
    """

    def __init__(self, kernel: Kernel, page: str = "", *, answers: bool = False) -> None:
        self.kernel, self._page, self._answers = kernel, page, answers

    def start(self, code: str) -> None:
        self.cell = self.kernel.start(code, page=self._page)

    def wait_text(self, text: str) -> None:
        kinds = {"stream", "display_data", "update_display_data", "comm_msg"}
        if self._answers and ipykernel_listens():
            self._open_widget()
            # Until the page is heard, what stands in for the board shows the text too.
            kinds = {"comm_msg"}
        self.kernel.wait_for(
            lambda m: m.parent_id == self.cell and m.msg_type in kinds and text in str(m.content)
        )
        self.how = self._way()

    def finish(self) -> str:
        reply = self.kernel.finish(self.cell)
        said = [str(one.get("data", {}).get("text/plain", "")) for one in reply.outputs]
        return "\n".join([reply.stdout, reply.stderr, *said, *reply.traceback])

    def interrupt(self) -> None:
        self.kernel.interrupt()

    def completes(self, code: str, rest: str) -> bool:
        offered = self.kernel.complete(code, len(code))["matches"]
        return any((code + rest).endswith(one) for one in offered)

    def stop(self) -> None:
        """The board's button."""
        self.send({"t": "stop", "column": None})

    def left(self) -> set[str]:
        """The types of the one display that stands under the last cell."""
        (output,) = self.kernel.outputs(self.cell)
        return set(output["data"])

    def send(self, content: dict[str, Any]) -> None:
        """A message of the widget's view."""
        data = {"method": "custom", "content": content}
        self.kernel.send("comm_msg", {"comm_id": self.model, "data": data})

    def _open_widget(self) -> None:
        """Do as a page does with a board: say hello when its model is made, and ready when it shows."""
        shown = self.kernel.wait_for(lambda m: WIDGET in m.content.get("data", {}), self.cell)
        self.model = str(shown.content["data"][WIDGET]["model_id"])
        self.send({"t": "hello"})
        self.send({"t": "ready", "view": "one"})

    def _way(self) -> str:
        kinds = [m.msg_type for m in list(self.kernel.messages) if m.parent_id == self.cell]
        if self._answers and "comm_msg" in kinds:
            return "live"
        return "in steps" if "display_data" in kinds else "as text"


class Nbclient(FrontEnd):
    """nbclient, cell by cell."""

    how = "when it is whole"

    def __init__(self, home: Path, **variables: str) -> None:
        from nbclient import NotebookClient

        spec = {"name": "python3", "display_name": "Python 3"}
        self.notebook = nbformat.v4.new_notebook(metadata={"kernelspec": spec})
        resources = {"metadata": {"path": str(home)}}
        self._client = NotebookClient(
            self.notebook, timeout=60, resources=resources, allow_errors=True
        )
        self._client.create_kernel_manager()
        self._setup = self._client.setup_kernel(env=environment(home, **variables))
        self._setup.__enter__()

    def run(self, code: str) -> str:
        cell = nbformat.v4.new_code_cell(code)
        self.notebook.cells.append(cell)
        self._client.execute_cell(cell, len(self.notebook.cells) - 1)
        return shown_in(cell)

    def start(self, code: str) -> None:
        self._thread = threading.Thread(target=self._kept, args=(code,))
        self._thread.start()

    def _kept(self, code: str) -> None:
        self._text = self.run(code)
        ensure_event_loop().close()  # this thread's, which nbclient made and nobody else closes

    def wait_text(self, text: str) -> None:
        while not any(text in shown_in(cell) for cell in self.notebook.cells[-1:]):
            self._thread.join(0.05)  # nbclient tells nobody that an output has come

    def interrupt(self) -> None:
        os.kill(self._client.km.provisioner.pid, signal.SIGINT)

    def finish(self) -> str:
        self._thread.join()
        return self._text

    def close(self) -> None:
        """End the kernel."""
        self._setup.__exit__(None, None, None)


TERMINALS = {
    "IPython": ["IPython", "--no-banner", "--no-confirm-exit", "--colors=NoColor"],
    "jupyter console": [
        "jupyter_console",
        "--ZMQTerminalInteractiveShell.banner=",
        # It asks a kernel only once that has not answered in time, and then guesses.
        "--ZMQTerminalInteractiveShell.kernel_is_complete_timeout=60",
        "--ZMQTerminalInteractiveShell.kernel_timeout=300",
        "--ZMQCompleter.timeout=60",
    ],
}


def _hear_ctrl_c() -> None:
    """A job that a script puts into the background ignores Ctrl-C, and so does all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ports() -> list[str]:
    """Options that tell a front end's kernel where to listen."""
    chosen = zip(CHANNELS, free_ports(len(CHANNELS)), strict=True)
    return [
        "--KernelManager.cache_ports=False",
        *(f"--{channel}={port}" for channel, port in chosen),
    ]


class InTerminal(FrontEnd):
    """IPython, or jupyter console, in a pseudo-terminal."""

    def __init__(self, name: str, home: Path, columns: int = 200, **variables: str) -> None:
        import pexpect

        # pexpect is no terminal that tells its cursor's place
        variables |= {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", *TERMINALS[name], *(ports() if name == "jupyter console" else ())],
            env=environment(home, **variables),
            cwd=str(home),
            encoding="utf-8",
            timeout=120,
            dimensions=(40, columns),
            preexec_fn=_hear_ctrl_c,
        )
        self._number = 1
        self.child.expect(prompt(1))

    def start(self, code: str) -> None:
        lines = code.split("\n")
        for line in [*lines, "", ""] if len(lines) > 1 else lines:
            self.child.send(f"{line}\r")

    def wait_text(self, text: str) -> None:
        self.child.expect(text)

    def finish(self) -> str:
        self._number += 1
        self.child.expect(prompt(self._number))
        return _ESCAPES.sub("", self.child.before)

    def interrupt(self) -> None:
        self.child.sendintr()

    def completes(self, code: str, rest: str) -> bool:
        self.child.send(f"{code}\t")
        self.child.expect(rest)
        self.child.sendcontrol("u")  # and the line is empty again
        return True

    def close(self) -> None:
        """End it."""
        self.child.close(force=True)


def prompt(number: int) -> str:
    """A prompt, whatever colours stand between its characters."""
    gap = r"(?:\x1b\[[0-9;?]*[a-zA-Z])*"
    return gap.join(["In", " ", r"\[", *str(number), r"\]", ":"])


class InBrowser(FrontEnd):
    """What a notebook and a console in a page have in common; `area` is where the last cell shows."""

    KERNEL = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    COMPLETE = """async ([kernel, code]) => {
      const reply = await eval(kernel).requestComplete({ code, cursor_pos: code.length });
      return reply.content.matches;
    }"""

    def __init__(self, page: NotebookPage) -> None:
        self.page = page

    @property
    def area(self) -> Locator:
        """Where the last cell's outputs are."""
        raise NotImplementedError

    def wait_text(self, text: str) -> None:
        # Until the page is heard, what stands in for the board shows the text too.
        within = self.area.locator(".zenmux-board") if ipykernel_listens() else self.area
        found = within.get_by_text(text).first
        found.wait_for()
        board = found.locator("xpath=ancestor-or-self::*[contains(@class, 'zenmux-board')]")
        self.how = "live" if board.count() else "in steps"

    def shown(self) -> str:
        """The text of all outputs."""
        return "\n".join(self.area.all_inner_texts())

    def completes(self, code: str, rest: str) -> bool:
        offered = self.page.page.evaluate(self.COMPLETE, [self.KERNEL, code])
        return any((code + rest).endswith(one) for one in offered)

    def stop(self) -> None:
        """The board's button."""
        self.area.locator(".zenmux-stop").click()


class InPage(InBrowser):
    """A notebook in JupyterLab or Notebook 7: one cell, whose source is replaced."""

    @property
    def area(self) -> Locator:
        return self.page.output(0)

    def start(self, code: str) -> None:
        self.page.set_source(0, code)
        self.page.run_async(0)

    def finish(self) -> str:
        self.page.wait_done(0)
        return self.shown()

    def interrupt(self) -> None:
        self.page.interrupt()

    def left(self) -> set[str]:
        """The types of the one display that stands under the cell, in the file."""
        (output,) = self.page.save().cells[0].outputs
        return set(output.data)


class InConsole(InBrowser):
    """JupyterLab's code console."""

    KERNEL = "panel.sessionContext.session.kernel"
    OPEN = """async () => {
      const { commands } = window.jupyterapp;
      window.panel = await commands.execute('console:create', {
        activate: true, kernelPreference: { name: 'python3', autoStartDefault: true } });
      await panel.sessionContext.ready;
    }"""
    START = "code => { window.ran = false; panel.console.inject(code).then(() => ran = true); }"
    LEFT = """() => {
      const outputs = [...panel.console.cells].at(-1).model.outputs.toJSON();
      return outputs.flatMap(one => Object.keys(one.data ?? {}));
    }"""

    def __init__(self, page: NotebookPage) -> None:
        super().__init__(page)
        page.page.evaluate(self.OPEN)

    @property
    def area(self) -> Locator:
        cells = self.page.page.locator(".jp-CodeConsole-content .jp-CodeCell")
        return cells.last.locator(".jp-OutputArea-output")

    def start(self, code: str) -> None:
        self.page.page.evaluate(self.START, code)

    def finish(self) -> str:
        self.page.page.wait_for_function("() => window.ran", timeout=60_000)
        return self.shown()

    def interrupt(self) -> None:
        self.page.page.evaluate(f"() => {self.KERNEL}.interrupt()")

    def left(self) -> set[str]:
        """The types of what stands under the last cell."""
        return set(self.page.page.evaluate(self.LEFT))


PROGRAMS = {
    "papermill": ["papermill", "in.ipynb", "out.ipynb"],
    "nbconvert": ["nbconvert", "--execute", "--to", "notebook", "--output", "out", "in.ipynb"],
    "jupyter execute": ["jupyter", "execute", "in.ipynb", "--output=out"],
}


def run_program(arguments: list[str], home: Path, **variables: str) -> str:
    """Run `python -m …` in a folder; what it has written to its terminal."""
    # The kernel of this environment, and not of whatever else is installed on the machine.
    variables["JUPYTER_PATH"] = str(Path(sys.prefix) / "share" / "jupyter")
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=home,
        env=environment(home, **variables),
        check=True,
        timeout=120,
        capture_output=True,
    )
    return (done.stdout + done.stderr).decode(errors="replace")


def shown_in(cell: Any) -> str:
    """The text under a saved cell."""
    parts = []
    for one in cell.outputs:
        parts += [one.get("text", ""), one.get("data", {}).get("text/plain", "")]
        parts += one.get("traceback", [])
    return "\n".join(parts)


def with_key(base_url: str) -> dict[str, str]:
    """The variables that point a kernel to the gateway."""
    return {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": base_url}
