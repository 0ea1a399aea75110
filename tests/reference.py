"""What the README repeats: options, subcommands and settings as declared, figures as measured.

    python -m tests.reference

rewrites the parts of the README between their marks. A test keeps them equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zenmux_magic.commands import _COMMANDS
from zenmux_magic.magic import ZenMuxMagics
from zenmux_magic.settings import ZenMux

README = Path(__file__).parent.parent / "README.md"
FIELD = Path(__file__).parent / "tables" / "field.md"
# What decides for a user; the rest is one link away.
ROWS = (
    "6 KB: first word: sent → in the page",
    "6 KB: every word: sent → in the page, median",
    "24 KB: last word: sent → in the page",
    "24 KB: over the websocket",
    "24 KB: script, layout and style in the page",
    "6 KB: saved output, times the answer",
    "load, over a bare kernel",
    "load and first cell, until its request is sent",
    "■ in the middle: the cell ends after",
    "… of what was written is kept",
    "connection lost: requests sent, each paid",
    "… of what had come is kept",
    "hostile answer: scripts run",
    "… fetched from another host",
    "refused key: characters of output",
    "… times the key stands in the notebook",
)


def reference() -> str:
    """The part of the README, as Markdown."""
    return "\n".join([*_options(), "", *_commands(), "", *_settings(), ""])


def field() -> str:
    """Rows of the table that the benchmark of the same name has written, and its notes."""
    made, _, *table = FIELD.read_text(encoding="utf-8").splitlines()
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in table[2:] if line[:1] == "|"}
    notes = [line for line in table if line[:1].isdigit()]
    return "\n".join([made, "", *table[:2], *(rows[label] for label in ROWS), "", *notes, ""])


def _options() -> Iterator[str]:
    yield "| option of `%%zenmux` | |"
    yield "|---|---|"
    for action in ZenMuxMagics.cell.parser._actions:
        *short, last = action.option_strings
        value = f" {action.metavar}" if action.metavar else ""
        names = ", ".join(f"`{name}`" for name in [*short, f"{last}{value}"])
        yield _row(names, _text((action.help or "").replace("%%", "%")))


def _commands() -> Iterator[str]:
    yield "| command | |"
    yield "|---|---|"
    for name, command in _COMMANDS.items():
        said, _, usage = (command.__doc__ or "").splitlines()[0].rstrip(".").partition(": ")
        yield _row(f"`%zenmux {name}{' ' + usage if usage else ''}`", said)


def _settings() -> Iterator[str]:
    yield "| setting | default | |"
    yield "|---|---|---|"
    for name, trait in sorted(ZenMux.class_own_traits(config=True).items()):
        yield _row(f"`ZenMux.{name}`", f"`{_default(trait)!r}`", _text(trait.help))


def _default(trait: Any) -> Any:
    return (
        [] if trait.default_value is None or "List" in type(trait).__name__ else trait.default_value
    )


def _text(text: str) -> str:
    return text.rstrip(".").replace("<", "\\<")


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


PARTS = {
    (
        "<!-- reference: made by python -m tests.reference -->\n",
        "<!-- end of reference -->\n",
    ): reference,
    ("<!-- field: made by python -m tests.reference -->\n", "<!-- end of field -->\n"): field,
}


def replaced(readme: str) -> str:
    """The README with the parts of today."""
    for (begin, end), part in PARTS.items():
        before, _, rest = readme.partition(begin)
        _, _, after = rest.partition(end)
        readme = f"{before}{begin}\n{part()}\n{end}{after}"
    return readme


if __name__ == "__main__":
    README.write_text(replaced(README.read_text(encoding="utf-8")), encoding="utf-8")
