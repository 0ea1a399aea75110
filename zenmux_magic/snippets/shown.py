"""A program as a value: its text, which shows itself highlighted and can be saved.

In: the program. Out: a `str` with a rich display, whose copy button is that of every code block.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from zenmux_magic.errors import ArgumentError
from zenmux_magic.markdown import Reader
from zenmux_magic.snippets.program import LANGUAGES


class Snippet(str):
    """A program's text.

    Attributes:
        language: The form it takes, a key of `LANGUAGES`.
    """

    __slots__ = ("_reader", "language")
    language: str
    _reader: Reader

    def __new__(cls, text: str, language: str, reader: Reader) -> Snippet:
        """Make one; a `str` cannot be filled later."""
        self = super().__new__(cls, text)
        self.language, self._reader = language, reader
        return self

    def save(self, path: str | Path) -> Path:
        """Write it to a file, executable if it is a script of the shell.

        Raises:
            ArgumentError: The file cannot be written, or would import itself.
        """
        path = Path(path).expanduser()
        form = LANGUAGES[self.language]
        if path.stem == form.shadows:
            raise ArgumentError(
                f"A program in {path.name} would import itself in place of the package"
                f" {form.shadows}. Take another name."
            )
        problem = ""
        try:
            path.write_text(self, encoding="utf-8", newline="\n")
            if form.fence == "bash":
                path.chmod(path.stat().st_mode | 0o111)
        except OSError as error:
            problem = error.strerror or type(error).__name__
        if problem:
            raise ArgumentError(f"{path} cannot be written ({problem}). Take another --file.")
        return path

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))  # else it is shown as every string, with its line ends as \\n

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        longest = max((len(run) for run in re.findall("`{3,}", self)), default=2)
        fence = "`" * (longest + 1)
        block = f"{fence}{LANGUAGES[self.language].fence}\n{self}{fence}\n"
        shown = self._reader.settled(block)
        return {
            "text/html": f'<div class="zenmux-settled">{shown}</div>',
            "text/markdown": block,
            "text/plain": str(self),
        }
