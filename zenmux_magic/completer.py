"""What Tab offers behind `%%zenmux` and `%zenmux`: models, options, words.

In: the line up to the cursor. Out: what may stand there. It asks nobody: models are those of the
kept catalogue, and of the running local model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from zenmux_magic.settings import ZenMux

_CELL, _LINE = "%%zenmux", "%zenmux"
_MODEL = re.compile(r"(?:\s-m\s*|\s--model[\s=]\s*|^%zenmux\s+use\s+)[\"']?(?:[^\s\"']*,)?$")
_WORD = re.compile(r"[^\s\"',=]*$")
_IDENTIFIER = "zenmux_magic"

Complete = Callable[[str], "tuple[str, list[str], str]"]


def install(shell: Any, settings: ZenMux, options: Iterable[str], words: Iterable[str]) -> None:
    """Let a shell offer ours.

    Args:
        shell: The IPython shell.
        settings: Which service's models to offer.
        options: The options of `%%zenmux`.
        words: The words of `%zenmux`.
    """
    options, words = sorted(options), sorted(words)

    def complete(line: str) -> tuple[str, list[str], str]:
        """The piece of a word before the cursor, what may stand in its place, and what that is."""
        line = line.lstrip()
        piece = _WORD.findall(line)[0]
        before = line[: len(line) - len(piece)]
        found: Iterable[str] = ()
        kind = ""
        if _MODEL.search(before):
            found, kind = _models(settings), "model"
        elif line.startswith(_CELL) and piece.startswith("-"):
            found, kind = options, "option"
        elif before.strip() == _LINE:
            found, kind = words, "command"
        return piece, [one for one in found if one.startswith(piece)], kind

    _add(shell, complete)


def _add(shell: Any, complete: Complete) -> None:
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:  # before IPython 8.6: beside whatever else is offered
        for key in (_CELL, _LINE):
            shell.set_hook(
                "complete_command",
                lambda _, event: complete(event.text_until_cursor)[1],
                str_key=key,
            )
        return

    def matcher(context: Any) -> dict[str, Any]:
        """Ours, in place of whatever else would be offered."""
        piece, found, kind = "", list[str](), ""
        if context.text_until_cursor.lstrip().startswith((_CELL, _LINE)):
            piece, found, kind = complete(context.text_until_cursor)
        return {
            "completions": [SimpleCompletion(text=one, type=kind) for one in found],
            "matched_fragment": piece,
            "suppress": True,
        }

    shell.Completer.custom_matchers.append(context_matcher(identifier=_IDENTIFIER)(matcher))


def uninstall(shell: Any) -> None:
    """Take them back."""
    shell.Completer.custom_matchers[:] = [
        one
        for one in shell.Completer.custom_matchers
        if getattr(one, "matcher_identifier", "") != _IDENTIFIER
    ]
    for key in (_CELL, _LINE):
        shell.strdispatchers["complete_command"].strs.pop(key, None)


def _models(settings: ZenMux) -> list[str]:
    from zenmux_magic.models import kept, refresh_soon

    base_url = settings.home_url()
    refresh_soon(base_url)  # for the next time
    local = [settings.local.model] if settings.local else []
    return [*local, *sorted(model.id for model in kept(base_url) or ())]
