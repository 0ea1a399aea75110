"""The rows as a Markdown table: what users see of the bench. Pure; the same rows, the same text."""

from __future__ import annotations

from collections.abc import Sequence

from tests.faultbench.row import Row

HEAD = """# Faults, and what the user has after them

Written by `tests/test_fault_bench.py`, from a run in which every row was green: each fault is played
by a server on the loopback interface against `%%zenmux` cells of a real Jupyter kernel, through the
`openai` package and directly, in a cell of its own and in the middle one of three columns. Checked each
time: the text that is kept, the error's class and line, the number of requests, the other columns,
the next cell, and that no socket, thread, task or memory is left behind and no key is shown.

`BASE_URL` is the base URL, `ELSEWHERE` another host, `(…)` what the operating system or the HTTP library
said. *Requests* are those that the server got, *of* those that were allowed.

"""
COLUMNS = (
    "fault", "the server", "text kept", "the user reads", "requests", "one column", "of three",
    "found and mended",
)  # fmt: skip


def table(rows: Sequence[Row], transports: Sequence[str]) -> str:
    """The whole file."""
    lines = [_line(COLUMNS), _line(["---"] * len(COLUMNS))]
    lines += [_line(_cells(row, transports)) for row in rows]
    found = sum(bool(row.mended) for row in rows)
    count = f"{len(rows)} faults; {found} of the rows found something that has been mended.\n\n"
    return HEAD + count + "\n".join(lines) + "\n"


def _cells(row: Row, transports: Sequence[str]) -> list[str]:
    verdict = " ".join(f"{name} ✓" for name in transports)
    return [
        row.name,
        row.does,
        _code(row.text),
        _outcome(row),
        f"{row.requests} of {row.retries + 1}",
        verdict,
        verdict,
        row.mended,
    ]


def _outcome(row: Row) -> str:
    if row.ended_by == "interrupt":
        return "the cell ends as interrupted"
    if row.kind is None:
        return f"a good end, finish reason {_code(row.finish or 'none')}"
    error = row.error if len(row.error) < 400 else f"{row.error[:200]} … {row.error[-60:]}"
    return f"{row.kind}: {error}"


def _code(text: str) -> str:
    shown = text.encode("unicode_escape").decode() if not text.isprintable() else text
    return f"`{shown}`" if shown else ""


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    if text.startswith("`"):
        return text.replace("|", "\\|")
    # What is prose for people must not become markup.
    for mark in ("\\", "|", "*", "_", "[", "]", "<", "`"):
        text = text.replace(mark, f"\\{mark}") if "finish reason `" not in text else text
    return text
