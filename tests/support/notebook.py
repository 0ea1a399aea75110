"""Notebooks as values, ready to be written; no browser, no server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import nbformat
from nbformat import NotebookNode


def new_notebook(sources: Sequence[str]) -> NotebookNode:
    """A notebook of code cells for the `python3` kernel."""
    spec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    cells = [nbformat.v4.new_code_cell(source) for source in sources]  # type: ignore[no-untyped-call]
    notebook: NotebookNode = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=cells, metadata={"kernelspec": spec}
    )
    return notebook


def as_notebook(plain: dict[str, Any]) -> NotebookNode:
    """A copy of a notebook, in which plain dicts have become nodes."""
    notebook: NotebookNode = nbformat.from_dict(plain)  # type: ignore[no-untyped-call]
    return notebook
