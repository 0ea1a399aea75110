"""The same cell in the programs that have no widgets: headless runs, terminals, consoles."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.support.environment import environment
from tests.support.front_ends import PROGRAMS, InTerminal, run_program, with_key
from tests.support.gateway import KEY, Gateway, error, streaming


@pytest.fixture
def spoken(gateway: Gateway) -> Gateway:
    gateway.route = lambda asked: streaming(f"echo **{asked.prompt.strip()}**", pieces=4)
    return gateway


def execute(cells: list[str], gateway: Gateway, home: Path) -> Any:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(home)}})
    variables = environment(home, ZENMUX_API_KEY=KEY, ZENMUX_BASE_URL=gateway.base_url)
    client.create_kernel_manager()
    try:
        client.execute(env=variables)
    finally:
        execute.notebook = notebook  # type: ignore[attr-defined]
    return notebook


def test_ten_answers_each_in_its_own_cell(spoken: Gateway, tmp_path: Path) -> None:
    cells = [f"%%zenmux\nnumber {n}" for n in range(10)]
    notebook = execute(["%load_ext zenmux_magic", *cells], spoken, tmp_path)
    shown = [cell.outputs for cell in notebook.cells[1:]]
    assert [len(outputs) for outputs in shown] == [1] * 10
    texts = [outputs[0].data["text/plain"] for outputs in shown]
    assert texts == [f"echo **number {n}**" for n in range(10)]
    saved = nbformat.writes(notebook)
    assert "widget" not in saved
    assert KEY not in saved


def test_the_same_answers_give_the_same_file(spoken: Gateway, tmp_path: Path) -> None:
    def outputs() -> list[Any]:
        cells = execute(["%load_ext zenmux_magic", "%%zenmux\nhi"], spoken, tmp_path).cells
        return [output.data for output in cells[1].outputs]

    assert outputs() == outputs()


def test_a_headless_run_stops_at_a_failing_cell(gateway: Gateway, tmp_path: Path) -> None:
    gateway.route = lambda asked: error(402, "insufficient_credit", "empty")
    with pytest.raises(CellExecutionError, match="No credit is left"):
        execute(["%load_ext zenmux_magic", "%%zenmux\nhi", "1 + 1"], gateway, tmp_path)
    assert KEY not in nbformat.writes(execute.notebook)  # type: ignore[attr-defined]


def written(path: Path) -> Path:
    cells = ["%load_ext zenmux_magic", "%%zenmux\nhi", "_zenmux"]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, path)
    return path


ANSWER = "Costs $5 and $6.\n\n$$x^2$$\n\n```python\nprint(1)\n```\n\n| a |\n|---|\n| <b>1</b> |\n"


@pytest.mark.parametrize("program", ["papermill", "nbconvert"])
def test_programs_that_run_notebooks_save_safe_static_output(
    program: str, gateway: Gateway, tmp_path: Path
) -> None:
    pytest.importorskip(program)
    gateway.route = lambda asked: streaming(ANSWER)
    written(tmp_path / "in.ipynb")
    run_program(PROGRAMS[program], tmp_path, **with_key(gateway.base_url))
    text = (tmp_path / "out.ipynb").read_text(encoding="utf-8")
    assert "widget" not in text
    assert KEY not in text
    for cell in nbformat.reads(text, as_version=4).cells[1:]:
        (output,) = cell.outputs
        assert set(output.data) == {"text/html", "text/markdown", "text/plain"}
        assert output.data["text/plain"] == ANSWER
        assert "<b>1" not in output.data["text/html"] + output.data["text/markdown"]

    run_program(["nbconvert", "--to", "html", "out.ipynb"], tmp_path)
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "zenmux-settled" in page
    assert "<span>$</span>5" in page  # a price, not the beginning of a formula
    run_program(["nbconvert", "--to", "markdown", "out.ipynb"], tmp_path)
    assert "print" in (tmp_path / "out.md").read_text(encoding="utf-8")
    run_program(["nbconvert", "--to", "script", "out.ipynb"], tmp_path)
    assert "'zenmux'" in (tmp_path / "out.py").read_text(encoding="utf-8")


@pytest.fixture(params=["IPython", "jupyter console"])
def terminal(
    request: pytest.FixtureRequest, gateway: Gateway, tmp_path: Path
) -> Iterator[InTerminal]:
    """IPython, or jupyter console, in a real pseudo-terminal, a narrow one."""
    pytest.importorskip("pexpect", reason="terminals are driven with pexpect")
    if request.param == "jupyter console":
        pytest.importorskip("jupyter_console")
    running = InTerminal(request.param, tmp_path, columns=60, **with_key(gateway.base_url))
    yield running
    running.close()


def test_a_terminal(terminal: InTerminal, spoken: Gateway) -> None:
    terminal.run("%load_ext zenmux_magic")
    shown = terminal.run("%%zenmux -o a\nhi")
    assert "echo **hi**" in shown
    assert "tokens/s" in shown
    assert terminal.value("a.text") == "echo **hi**"
    shown = terminal.run("%zenmux nonsense")
    assert "ZenMux: %zenmux knows no 'nonsense'" in shown
    assert "Traceback" not in shown
    terminal.run("%zenmux models")
    assert terminal.completes("%%zenmux -m anthr", "opic/claude-sonnet-4.5")


SCRIPT = """%load_ext zenmux_magic
get_ipython().run_cell_magic("zenmux", "-o a", "Hi")
print(ascii(a.text))
%zenmux models
%zenmux help
get_ipython().run_cell_magic("zenmux", "--dry-run", "Hi …")
get_ipython().run_cell_magic("zenmux", "", "{{ nöpe… }}")
"""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_script_writes_what_its_output_can_hold(
    encoding: str, gateway: Gateway, tmp_path: Path
) -> None:
    """Windows gives a pipe the encoding of the region: an emoji must not cost the answer."""
    gateway.route = lambda asked: streaming("costs ≈ 5 … é 🙂 done", pieces=3)
    (tmp_path / "script.ipy").write_text(SCRIPT, encoding="utf-8")
    variables = {"PYTHONIOENCODING": encoding, "NO_COLOR": "1", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "script.ipy"],
        cwd=tmp_path,
        env=environment(tmp_path, **with_key(gateway.base_url), **variables),
        timeout=60,
        capture_output=True,
    )
    shown = done.stdout.decode(encoding)
    assert "costs ≈ 5 … é 🙂 done".encode(encoding, "replace").decode(encoding) in shown
    assert ascii("costs ≈ 5 … é 🙂 done") in shown  # the value is whole
    assert "price unknown" in shown  # of the list of models
    assert "nothing was sent" in shown
    assert "ZenMux: Line 1" in shown
    assert "Traceback" not in shown + done.stderr.decode(encoding)
    assert not {"\x1b[31m", "\x1b[2m"} & set(re.findall(r"\x1b\[\d+m", shown))


def test_a_shell_inside_a_program(gateway: Gateway, tmp_path: Path) -> None:
    """IPython embedded in a function, its cells from a pipe: `{{ … }}` sees the function's names."""
    program = "def work():\n    topic = 'tides'\n    import IPython\n    IPython.embed()\nwork()\n"
    gateway.route = lambda asked: streaming(f"echo: {asked.prompt.strip()}")
    cell = "get_ipython().run_cell_magic('zenmux', '-o a', 'On {{ topic }}')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=f"%load_ext zenmux_magic\n{cell}\nprint('<<', a.text, '>>')\nexit\n".encode(),
        cwd=tmp_path,
        env=environment(tmp_path, **with_key(gateway.base_url)),
        timeout=60,
        capture_output=True,
    )
    assert "<< echo: On tides >>" in done.stdout.decode()


def test_a_shell_without_a_terminal(gateway: Gateway, tmp_path: Path) -> None:
    """What Sphinx and test programs make: an `InteractiveShell`, under a loop that runs already."""
    program = """
import asyncio
from IPython.core.interactiveshell import InteractiveShell
async def main():
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "zenmux_magic")
    shell.run_cell("%%zenmux -o a\\nHi").raise_error()
    print("<<", shell.user_ns["a"].text, ">>")
asyncio.run(main())
"""
    gateway.route = lambda asked: streaming(f"echo: {asked.prompt.strip()}")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(tmp_path, **with_key(gateway.base_url)),
        timeout=60,
        capture_output=True,
    )
    assert "<< echo: Hi >>" in done.stdout.decode(), done.stderr.decode()
