"""`%zenmux history`: what was asked and answered on this machine, found, shown and brought back.

In: the words behind it. Out: a table, an answer, or a variable.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from zenmux_magic.commandline import parser
from zenmux_magic.errors import ArgumentError, SettingsError
from zenmux_magic.inert import inert
from zenmux_magic.ledger import Row, Store, completion_of, of
from zenmux_magic.said import say
from zenmux_magic.settings import ZenMux
from zenmux_magic.tables import Table

_UNITS_S = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_HEADS = ("no.", "when", "model", "state", "tokens", "≈ cost", "asked", "answered")
_LONGEST = 60  # characters of a text in the table


_FIND = parser("history")
_FIND.add_argument("words", nargs="*", metavar="WORD")
_FIND.add_argument("--since", metavar="7d|2026-01-31")
_FIND.add_argument("--model", default="", metavar="NAME")
_FIND.add_argument("--here", action="store_true")
_FIND.add_argument("-n", type=int, default=20, metavar="N")
_SHOW = parser("history show")
_SHOW.add_argument("number", type=int, nargs="?", metavar="N")
_RESTORE = parser("history restore")
_RESTORE.add_argument("number", type=int, nargs="?", metavar="N")
_RESTORE.add_argument("-o", dest="out", default="_zenmux", metavar="NAME")
_PRUNE = parser("history prune")
_PRUNE.add_argument("--older", metavar="30d")
_PRUNE.add_argument("--all", action="store_true")


def run(words: list[str], shell: Any, settings: ZenMux) -> None:
    """Carry out one line.

    Raises:
        ArgumentError: An option that there is not, or an answer.
        SettingsError: The ledger is off, or cannot be read.
    """
    acts = {"show": _show, "restore": _restore, "prune": _prune}
    act = acts.get(words[0]) if words else None
    with opened(settings) as store:
        if store is None:
            say("Nothing was asked yet.")
        elif act:
            act(words[1:], store, shell)
        else:
            _find(words, store, settings)


@contextmanager
def opened(settings: ZenMux) -> Iterator[Store | None]:
    """The ledger, with what this kernel has just been answered; `None` before the first answer.

    Raises:
        SettingsError: It is off, or cannot be read.
    """
    ledger = of(settings)
    if ledger is None:
        raise SettingsError(
            "The ledger is off: nothing is kept. Unset ZENMUX_LEDGER (or ZenMux.ledger) to keep answers."
        )
    ledger.writer.flush()
    if not ledger.path.exists():  # whoever makes it says where it is
        yield None
        return
    problem: Exception | None = None
    try:
        store = Store(ledger.path)
        try:
            yield store
        finally:
            store.close()
    except (sqlite3.Error, OSError) as error:
        problem = error
    if problem is not None:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise SettingsError(
            f"The ledger {ledger.path} cannot be read ({reason})."
            " Mend that, or move the file away to begin a new one."
        )


def _find(words: list[str], store: Store, settings: ZenMux) -> None:
    from IPython.display import display

    wanted = _FIND.parse_intermixed_args(words)
    notebook = settings.place()[0] if wanted.here else ""
    if wanted.here and not notebook:
        raise ArgumentError(
            "--here: this front end does not say which notebook runs. Take --here out, or search for words."
        )
    found = store.find(
        wanted.words,
        since_s=None if wanted.since is None else since_s(wanted.since),
        model=wanted.model,
        notebook=notebook,
        most=max(1, wanted.n),
    )
    if not found:
        what = " ".join(words)
        say(f"No answer fits {what!r}." if what else "Nothing was asked yet.")
        return
    display(Table(_HEADS, tuple(_cells(row) for row in found), frozenset({0, 1, 4, 5})))  # type: ignore[no-untyped-call]
    lost = [str(row.id) for row in found if row.state == "lost"]
    if lost:
        say(
            f"Lost with its kernel, and kept up to its last moment: {', '.join(lost)}."
            f" %zenmux history restore {lost[0]} brings it back."
        )


def _cells(row: Row) -> tuple[str, ...]:
    one = completion_of(row)
    tokens = one.usage.output_tokens
    user = [message["content"] for message in one.messages if message.get("role") == "user"]
    return (
        str(row.id),
        datetime.fromtimestamp(row.started_s).strftime("%Y-%m-%d %H:%M"),
        f"{one.requested_model} {one.settings}".strip(),
        row.state,
        "—" if tokens is None else f"{tokens:,}",
        "—" if one.cost_usd is None else f"${one.cost_usd:.4f}",
        _short(user[-1] if user else ""),
        _short(one.text),
    )


def _short(text: Any) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _got(store: Store, number: int | None) -> Row:
    """The row of that number; without one, the newest."""
    found = store.find(most=1) if number is None else [store.get(number)]
    if found and found[0] is not None:
        return found[0]
    what = "no answer" if number is None else f"no answer {number}"
    raise ArgumentError(f"There is {what}. %zenmux history lists the newest.")


def _show(words: list[str], store: Store, shell: Any) -> None:
    from IPython.display import display

    answer = completion_of(_got(store, _SHOW.parse_args(words).number))
    for message in answer.messages:
        say(inert(f"{message.get('role')}: {message.get('content')}\n"))
    display(answer)  # type: ignore[no-untyped-call]


def _restore(words: list[str], store: Store, shell: Any) -> None:
    wanted = _RESTORE.parse_args(words)
    if not wanted.out.isidentifier():
        raise ArgumentError(f"-o {wanted.out!r} is no variable name. It looks like -o answer.")
    row = _got(store, wanted.number)
    answer = completion_of(row)
    shell.push({wanted.out: answer}, interactive=False)
    say(f"{wanted.out} is answer {row.id} again: {answer!r}")


def _prune(words: list[str], store: Store, shell: Any) -> None:
    wanted = _PRUNE.parse_args(words)
    if wanted.all == bool(wanted.older):
        raise ArgumentError("%zenmux history prune takes --older 30d, or --all.")
    before_s = time.time() + 1 if wanted.all else since_s(wanted.older)
    gone = store.prune(before_s, largest=2**62)
    say(f"Deleted {gone} answer{'' if gone == 1 else 's'}; {store.count()} are left.")


def since_s(text: str) -> float:
    """A moment in Unix seconds, from an age (`30m`, `12h`, `7d`, `2w`) or a date.

    Raises:
        ArgumentError: It is neither.
    """
    age = re.fullmatch(r"(\d+)([mhdw])", text)
    if age:
        return time.time() - int(age[1]) * _UNITS_S[age[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        pass
    raise ArgumentError(f"{text!r} is no time. It looks like 30m, 12h, 7d, 2w or 2026-01-31.")
