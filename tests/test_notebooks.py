"""The notebooks: each runs from top to bottom, without an account and with a key."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.environment import environment
from tests.support.gateway import KEY, Gateway, streaming

pytest.importorskip("xllamacpp", reason="the local model needs pip install -e '.[test]'")

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


def executed(path: Path, home: Path, **variables: str) -> Any:
    """A notebook as it is after a run, its kernel started in `home`."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(home)}})
    client.create_kernel_manager()
    # The model's file is kept where every run on this machine finds it.
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    client.execute(env=environment(home, XDG_CACHE_HOME=cache, **variables))
    return notebook


def answers(notebook: Any) -> list[Any]:
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return [output for output in outputs if "zenmux" in output.get("metadata", {})]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_without_an_account_the_local_model_answers(path: Path, tmp_path: Path) -> None:
    found = answers(executed(path, tmp_path))
    assert len(found) >= 4
    assert {output.metadata.zenmux.model for output in found} == {"local/smollm2-135m"}
    assert all(output.data["text/plain"].strip() for output in found)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_with_a_key_the_gateway_answers(path: Path, tmp_path: Path, gateway: Gateway) -> None:
    gateway.route = lambda asked: streaming("From the gateway.", model=asked.model)
    variables = {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": gateway.base_url}
    found = answers(executed(path, tmp_path, **variables))
    assert {output.data["text/plain"] for output in found} == {"From the gateway."}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_saved_outputs_are_of_a_run_and_of_no_one_machine(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert len(answers(notebook)) >= 4
    text = path.read_text(encoding="utf-8")
    assert "widget" not in text
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|Users)/", text)
