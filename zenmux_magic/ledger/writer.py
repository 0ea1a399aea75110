"""The thread that writes the ledger, beside everything else.

In: entries. Out: rows on disk, what is new twice a second. Nothing it meets reaches an answer: a full
disk, a damaged file or a home that cannot be written end the writing, and one notice says so. Other
kernels that write make it wait; what waits stays in memory.
"""

from __future__ import annotations

import atexit
import sqlite3
import threading
import time
from pathlib import Path

from zenmux_magic.ledger.entry import Entry
from zenmux_magic.ledger.store import Store

_EVERY_S = 0.5
_TOUCH_S = 5.0
_AT_EXIT_S = 3.0
_OPENED_S = 0.5  # how long a cell's end waits to hear of a first opening


class Writer:
    """Writes the answers of this kernel to one file.

    Args:
        path: The ledger.
        keep_s: How long answers are kept, in seconds.
        largest: How large the file may become, in bytes.

    Attributes:
        trouble: Why nothing is written any more; empty while all is well.
    """

    def __init__(self, path: Path, keep_s: float, largest: int) -> None:
        self.path = path
        self.trouble = ""
        self._keep = keep_s, largest
        self._notices: list[str] = []
        self._new: list[Entry] = []
        self._live: list[Entry] = []
        self._changed = threading.Condition()
        self._closing = False
        self._busy = self._tidied = False
        self._opened = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, entry: Entry) -> None:
        """Write this answer down, from now to its end."""
        if self.trouble:
            return
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="zenmux-ledger", daemon=True)
                self._thread.start()
                atexit.register(self.close)
            self._new.append(entry)
            self._changed.notify_all()

    def nudge(self) -> None:
        """An entry has ended: write it soon."""
        with self._changed:
            self._changed.notify_all()

    def notices(self) -> list[str]:
        """What the user has not yet been told, a line each."""
        if self._thread is not None:
            self._opened.wait(_OPENED_S)
        told, self._notices = self._notices, []
        return told

    def flush(self, timeout_s: float = 2.0) -> bool:
        """Wait until what has ended by now is on disk.

        Returns:
            Whether it is.
        """
        with self._changed:
            self._changed.notify_all()
            return self._changed.wait_for(self._idle, timeout_s)

    def close(self) -> None:
        """Write what is left, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_AT_EXIT_S)
        atexit.unregister(self.close)

    def _idle(self) -> bool:
        ended = any(entry.over for entry in self._live)
        return bool(self.trouble) or not (self._new or ended or self._busy)

    def _run(self) -> None:
        try:
            store = self._open()
        except (sqlite3.Error, OSError) as problem:
            self._give_up(problem)
            return
        finally:
            self._opened.set()
        try:
            while self._wait():
                self._write(store)
                self._tidy(store)
            self._write(store)
        except Exception as problem:  # noqa: BLE001 — said once; no answer depends on this thread
            self._give_up(problem)
        finally:
            store.close()

    def _open(self) -> Store:
        store = self._patiently()
        if store.new:
            self._notices.append(
                f"Answers are kept in {_told(self.path)}, so that none is lost (%zenmux history)."
                " To turn that off: ZENMUX_LEDGER=off, or c.ZenMux.ledger = 'off' in ipython_config.py."
            )
        return store

    def _patiently(self) -> Store:
        while True:
            try:
                return Store(self.path)
            except sqlite3.OperationalError as problem:
                if "locked" not in str(problem):
                    raise
                with self._changed:  # another kernel writes for long
                    if self._changed.wait_for(lambda: self._closing, _EVERY_S):
                        raise

    def _wait(self) -> bool:
        """Until there is something to write; False when all is to end."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            ready = self._changed.wait_for(self._urgent, _EVERY_S if self._live else None)
            self._busy = ready or bool(self._live)
            return not self._closing

    def _urgent(self) -> bool:
        return self._closing or bool(self._new) or any(entry.over for entry in self._live)

    def _write(self, store: Store) -> None:
        """One transaction for everything that is new."""
        with self._changed:
            entries = self._live = [*self._live, *self._new]
            self._new = []
        try:
            store.begin()
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem):
                raise
            return  # another kernel writes for long: SQLite has waited, and nothing is lost
        for entry in entries:
            _write_one(store, entry)
        store.commit()
        self._live = [entry for entry in entries if not entry.closed]

    def _tidy(self, store: Store) -> None:
        """Delete what is too old or too much: once, and while no answer comes."""
        if self._tidied or self._live:
            return
        self._tidied = True
        try:
            store.prune(time.time() - self._keep[0], self._keep[1])
        except sqlite3.OperationalError as problem:
            if "locked" not in str(problem):
                raise  # otherwise another kernel is at it

    def _give_up(self, problem: Exception) -> None:
        with self._changed:
            reason = getattr(problem, "strerror", None) or str(problem)
            self.trouble = (
                f"The ledger {_told(self.path)} cannot be written ({reason}): answers are not kept."
                " Mend that or move the file away, then restart the kernel; ZENMUX_LEDGER=off"
                " goes without."
            )
            self._notices.append(self.trouble)
            self._new, self._live = [], []
            self._changed.notify_all()


def _write_one(store: Store, entry: Entry) -> None:
    if entry.number and not store.has(entry.number):
        entry.rewind()  # deleted meanwhile, as if its kernel had ended
    if not entry.number:
        entry.number = store.insert(entry.first_row())
    if entry.over:
        store.finish(entry.number, entry.last_row())
        entry.closed = True
        return
    text, reasoning = entry.news()
    if text or reasoning:
        store.append(entry.number, entry.parts, text, reasoning)
        entry.parts += 1
    elif time.time() - entry.touched_s < _TOUCH_S:
        return
    store.touch(entry.number)
    entry.touched_s = time.time()


def _told(path: Path) -> str:
    """A path as it may stand in a notebook that others read: the home folder is a tilde."""
    home = Path.home()
    return str(Path("~") / path.relative_to(home)) if path.is_relative_to(home) else str(path)
