"""`%zenmux snippet`: the last request, or that of a named answer, as a program.

In: the words behind it and the user's variables. Out: the program on the screen, or in a file.
"""

from __future__ import annotations

from typing import Any

from zenmux_magic.commandline import parser
from zenmux_magic.comparison import Comparison
from zenmux_magic.completion import Completion
from zenmux_magic.errors import ArgumentError
from zenmux_magic.said import say
from zenmux_magic.snippets import LANGUAGES, snippet

_PARSER = parser("snippet")
_PARSER.add_argument("answer", nargs="?", metavar="NAME")
_PARSER.add_argument("--lang", default="python", metavar="|".join(LANGUAGES))
_PARSER.add_argument("--file", metavar="FILE")


def run(words: list[str], names: dict[str, Any]) -> None:
    """Show the program, or write it.

    Raises:
        ArgumentError: No such answer, form or option, or a file that cannot be written.
    """
    from IPython.display import display

    wanted = _PARSER.parse_args(words)
    made = snippet(_answer(wanted.answer, names), wanted.lang)
    if wanted.file:
        say(f"Written to {made.save(wanted.file)}.")
    else:
        display(made)  # type: ignore[no-untyped-call]


def _answer(name: str | None, names: dict[str, Any]) -> Completion:
    found = names.get(name or "_zenmux")
    if isinstance(found, Completion):
        return found
    if isinstance(found, Comparison):
        raise ArgumentError(
            f"{name or 'The last answer'} is a comparison of {len(found)}: take one column,"
            f' as in {name or "_zenmux"}[0].snippet("curl").'
        )
    if name is None and found is None:
        raise ArgumentError("Nothing was asked yet. Ask with %%zenmux, then %zenmux snippet.")
    raise ArgumentError(
        f"{name or '_zenmux'} is no answer that has ended. Name a variable that -o has bound, or wait"
        " for it with await."
    )
