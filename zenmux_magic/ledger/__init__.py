"""What was asked and answered, kept on this machine: written while answers stream, found later.

In: requests and the folds of their events. Out: a history that survives the kernel, and answers that
need not be paid for twice. It is on unless it was turned off; no key is ever in it.
"""

from __future__ import annotations

import os
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from zenmux_magic.completion import Completion, Fold
from zenmux_magic.ledger.entry import Entry, Place, fingerprint
from zenmux_magic.ledger.store import Row, Store
from zenmux_magic.ledger.writer import Writer

if TYPE_CHECKING:
    from zenmux_magic.client.secret import Secret
    from zenmux_magic.request import Request
    from zenmux_magic.settings import ZenMux

__all__ = ["Ledger", "Place", "Row", "Store", "close", "completion_of", "fingerprint", "of"]

_DAY_S = 86_400.0
_MB = 1_000_000


class Ledger:
    """One ledger, as this kernel uses it.

    Args:
        path: Its file.
        keep_days: How long answers are kept, in days.
        largest_mb: How large the file may become, in megabytes.
    """

    def __init__(self, path: Path, keep_days: float, largest_mb: float) -> None:
        self.path = path
        self.writer = Writer(path, keep_days * _DAY_S, int(largest_mb * _MB))

    def begin(self, request: Request, fold: Fold, key: Secret | None, place: Place) -> Entry:
        """Write an answer down while it comes; its `end` is told to the entry."""
        entry = Entry(request, fold, key, place, self.writer.nudge)
        self.writer.add(entry)
        return entry

    def kept(self, request: Request) -> Completion | None:
        """The last whole answer to the same request, if there is one and it can be read."""
        if not self.path.exists():
            return None
        self.writer.flush()
        try:
            store = Store(self.path)
        except (sqlite3.Error, OSError):
            return None  # the writer says what is wrong with it
        try:
            row = store.kept(fingerprint(request))
        except sqlite3.Error:
            row = None
        finally:
            store.close()
        return None if row is None else completion_of(row)

    def spent_usd(self, since_s: float) -> Decimal:
        """What answers have cost from a moment on, in US dollars; 0 where it cannot be read."""
        if not self.path.exists():
            return Decimal(0)
        self.writer.flush()
        try:
            store = Store(self.path)
            try:
                return sum((one.usd for one in store.costs(since_s) if one.usd), Decimal(0))
            finally:
                store.close()
        except (sqlite3.Error, OSError):
            return Decimal(0)

    def notices(self) -> list[str]:
        """What the user has not yet been told of it, a line each."""
        return self.writer.notices()


def completion_of(row: Row) -> Completion:
    """An answer that was kept, as a value."""
    return Completion.from_dict(row.data)


_open: dict[Path, Ledger] = {}
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open.clear)  # a child has none of the threads that write


def of(settings: ZenMux) -> Ledger | None:
    """The one that the settings name, the same for a whole kernel; `None` if it is off."""
    path = settings.ledger_path()
    if path is None:
        return None
    if path not in _open:
        _open[path] = Ledger(path, settings.ledger_days, settings.ledger_mb)
    return _open[path]


def close() -> None:
    """Write what is left to all of them, and write no more."""
    while _open:
        _open.popitem()[1].writer.close()
