"""The prompt: a text in which only `{{ expression }}` is active.

In: the text as typed, and the user's names. Out: the text with each expression replaced by its
value, once: a value that holds `{{` stays text. Everything else (single braces, `$`, backslashes,
`{%`, line ends) passes untouched. An expression is any Python expression. Files are read as they are:
braces in them are data.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zenmux_magic.errors import PromptError

OPEN, CLOSE = "{{", "}}"
_MOST_ROWS, _MOST_COLUMNS, _WIDEST_CELL = 60, 20, 200
_MOST_ENDS = 50  # how many `}}` to try for the end of one expression


def expressions(text: str) -> Iterator[tuple[int, int, str]]:
    """Where the expressions stand: start, end, and the Python between the braces.

    Raises:
        PromptError: A `{{` whose expression does not parse.
    """
    at = 0
    while (start := text.find(OPEN, at)) >= 0:
        end, source = _expression(text, start)
        yield start, end, source
        at = end


def _expression(text: str, start: int) -> tuple[int, str]:
    """The end of the expression that begins at `start`, and its source: the shortest that parses."""
    end = start + len(OPEN)
    for _ in range(_MOST_ENDS):
        end = text.find(CLOSE, end)
        if end < 0:
            break
        source = text[start + len(OPEN) : end].strip()
        if source and _parses(source):
            return end + len(CLOSE), source
        end += 1
    raise PromptError(
        f"{_where(text, start)} holds no Python expression between {{{{ and }}}}."
        " Mend it, or send the text as it is with --no-template."
    )


def _parses(source: str) -> bool:
    try:
        ast.parse(f"({source}\n)", mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def _where(text: str, at: int) -> str:
    number = text.count("\n", 0, at) + 1
    line = text[text.rfind("\n", 0, at) + 1 :].split("\n", 1)[0].strip()
    return f"Line {number} ({line if len(line) <= 80 else line[:80] + '…'})"


def expand(text: str, names: Mapping[str, Any]) -> str:
    """Replace each `{{ expression }}` by its value.

    Args:
        text: The template.
        names: The user's variables; Python's builtins are there too.

    Returns:
        The text to send.

    Raises:
        PromptError: An expression does not parse, names an unknown variable, or raises.
    """
    parts: list[str] = []
    at = 0
    for start, end, source in expressions(text):
        parts += [text[at:start], _value(text, start, source, names)]
        at = end
    return "".join([*parts, text[at:]])


def _value(text: str, start: int, source: str, names: Mapping[str, Any]) -> str:
    try:
        # The user's own expression in the user's own kernel: what a cell of theirs could do anyway.
        scope = {"__builtins__": builtins, **names}
        value = eval(f"({source}\n)", scope)  # noqa: S307
        return render(value)
    except NameError as error:
        problem = f"{error}. Define it first"
    except Exception as error:  # noqa: BLE001 — whatever the user's expression raises
        problem = f"{{{{ {source} }}}} raised {type(error).__name__}: {error}. Mend it"
    raise PromptError(
        f"{_where(text, start)}: {problem}, or send the text as it is with --no-template."
    )


def render(value: Any) -> str:
    """A value as text for a prompt: data frames as Markdown tables, everything else by `str`.

    A table shows at most 60 rows, 20 columns and 200 characters a cell, and says what it left out.
    """
    if isinstance(value, str):
        return value
    module = type(value).__module__.partition(".")[0]
    if module in {"pandas", "polars"} and type(value).__name__ in {"DataFrame", "Series"}:
        return _pandas_table(value) if module == "pandas" else _polars_table(value)
    return str(value)


def _pandas_table(value: Any) -> str:
    frame = value.to_frame() if type(value).__name__ == "Series" else value
    shown = frame.iloc[:_MOST_ROWS, :_MOST_COLUMNS]
    named = shown.index.nlevels > 1 or shown.index.name is not None
    names = [str(name or "") for name in shown.index.names] if named else [""]
    header = [*names, *(str(column) for column in shown.columns)]
    rows = []
    for label, values in zip(shown.index, shown.itertuples(index=False, name=None), strict=True):
        labels = label if isinstance(label, tuple) else (label,)
        rows.append([*labels, *values])
    return _table(header, rows, len(frame), frame.shape[1])


def _polars_table(value: Any) -> str:
    frame = value.to_frame() if type(value).__name__ == "Series" else value
    columns = [str(column) for column in frame.columns[:_MOST_COLUMNS]]
    rows = frame.select(columns).head(_MOST_ROWS).rows()
    return _table(columns, rows, frame.height, frame.width)


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]], height: int, width: int) -> str:
    lines = [_row(header), _row(["---"] * len(header)), *(_row(row) for row in rows)]
    left_out = []
    if height > _MOST_ROWS:
        left_out.append(f"{height - _MOST_ROWS:,} more rows")
    if width > _MOST_COLUMNS:
        left_out.append(f"{width - _MOST_COLUMNS:,} more columns")
    if left_out:
        lines += ["", f"({' and '.join(left_out)} not shown)"]
    return "\n".join(lines)


def _row(cells: Sequence[Any]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    text = " ".join(text.split()).replace("|", "\\|")
    return text if len(text) <= _WIDEST_CELL else text[:_WIDEST_CELL] + "…"


def read(path: str) -> str:
    """The text of a file, byte for byte (line ends too).

    Raises:
        PromptError: It cannot be read, or is no UTF-8 text.
    """
    try:
        return Path(path).expanduser().read_bytes().decode("utf-8")
    except OSError as error:
        problem = error.strerror or str(error)
    except UnicodeDecodeError:
        problem = "it is not UTF-8 text"
    raise PromptError(f"The file {path} cannot be used in the prompt: {problem}. Check the path.")


def assemble(cell: str, files: Sequence[str], names: Mapping[str, Any] | None) -> str:
    """The whole prompt: the files, then the cell's text.

    Args:
        cell: The cell's text.
        files: Paths of text files.
        names: The user's variables, or `None` to send the cell as it is.

    Raises:
        PromptError: A file cannot be read, an expression fails, or there is nothing to send.
    """
    text = cell if names is None else expand(cell, names)
    parts = [read(path) for path in files]
    if text.strip() or not parts:
        parts.append(text)
    prompt = "\n\n".join(parts)
    if not prompt.strip():
        raise PromptError("The prompt is empty. Write it below the line %%zenmux.")
    return prompt
