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
from zenmux_magic.ledger import Store

pytest.importorskip("xllamacpp", reason="the local model needs pip install -e '.[test]'")

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


def executed(path: Path, home: Path, **variables: str) -> Any:
    """A notebook as it is after a run, its kernel started in `home`, with a ledger that is there."""
    ledger = home / "ledger.sqlite3"
    Store(ledger).close()  # else it says where it is
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(home)}})
    client.create_kernel_manager()
    # The model's file is kept where every run on this machine finds it.
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    client.execute(
        env=environment(home, XDG_CACHE_HOME=cache, ZENMUX_LEDGER=str(ledger), **variables)
    )
    return notebook


def shown(notebook: Any) -> list[tuple[str, list[Any]]]:
    """The outputs that hold answers, each with its text and what is known of its columns."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    found = [output for output in outputs if "zenmux" in output.get("metadata", {})]
    known = [output.metadata.zenmux for output in found]
    return [
        (output.data["text/plain"], one.get("columns", [one]))
        for output, one in zip(found, known, strict=True)
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_without_an_account_the_local_model_answers(path: Path, tmp_path: Path) -> None:
    found = shown(executed(path, tmp_path))
    assert len(found) >= 4
    assert {one.model for _, columns in found for one in columns} == {"local/smollm2-135m"}
    assert all(one.usage.completion_tokens > 0 for _, columns in found for one in columns)
    assert all(text.strip() for text, _ in found)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_with_a_key_the_gateway_answers(path: Path, tmp_path: Path, gateway: Gateway) -> None:
    gateway.route = lambda asked: streaming("From the gateway.", model=asked.model)
    variables = {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": gateway.base_url}
    found = shown(executed(path, tmp_path, **variables))
    assert len(found) >= 4
    for text, columns in found:
        assert text.count("From the gateway.") == len(columns)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_saved_outputs_are_of_a_run_and_of_no_one_machine(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert len(shown(notebook)) >= 4
    text = path.read_text(encoding="utf-8")
    assert "widget" not in text
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|Users)/", text)
