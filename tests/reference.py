"""The README's reference: options, subcommands and settings, as they are declared.

    python -m tests.reference

rewrites the part of the README between its two marks. A test keeps it equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zenmux_magic.commands import _COMMANDS
from zenmux_magic.magic import ZenMuxMagics
from zenmux_magic.settings import ZenMux

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = (
    "<!-- reference: made by python -m tests.reference -->\n",
    "<!-- end of reference -->\n",
)


def reference() -> str:
    """The part of the README, as Markdown."""
    return "\n".join([*_options(), "", *_commands(), "", *_settings(), ""])


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


def replaced(readme: str) -> str:
    """The README with the reference of today."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(replaced(README.read_text(encoding="utf-8")), encoding="utf-8")
