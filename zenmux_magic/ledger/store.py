"""The ledger's file: every statement that is sent to SQLite.

In: rows. Out: rows. One `Store` belongs to one thread. The journal is the rollback kind, which works
on network file systems, where SQLite's write-ahead log does not
(https://www.sqlite.org/wal.html, "All processes must be on the same host").
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from zenmux_magic.ledger import schema, searching

_PATIENCE_S = 5.0  # for other kernels that write
_COMMITS = 12
_PRUNED_AT_ONCE = 200
_STALE_S = 15.0  # a kernel says at least this often that its answers are still coming
_COLUMNS = "id, started_s, touched_s, state, notebook, cell, model, cost_usd, text, reasoning, rest"


@dataclass(frozen=True)
class Row:
    """One answer as it is kept.

    Attributes:
        id: Its number.
        started_s: When it was asked for, in Unix seconds.
        state: `done`, `stopped`, `interrupted`, `failed`, `running`, or `lost` if its kernel ended.
        notebook: The notebook that asked, as its server names it; empty if unknown.
        cell: The id of the cell that asked; empty if unknown.
        model: The model that was asked.
        cost_usd: What it cost, estimated; `None` if unknown.
        data: The fields of the `Completion`, as in its `to_dict`.
    """

    id: int
    started_s: float
    state: str
    notebook: str
    cell: str
    model: str
    cost_usd: str | None
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Spent:
    """What one answer cost.

    Attributes:
        at_s: When it was asked for, in Unix seconds.
        notebook: The notebook that asked; empty if unknown.
        model: The model that was asked.
        usd: US dollars, estimated; `None` where nothing was charged by the token, or nobody knows.
        unknown: Whether it was charged at a price that nobody told.
    """

    at_s: float
    notebook: str
    model: str
    usd: Decimal | None
    unknown: bool


class Store:
    """An open ledger.

    Args:
        path: The file; made, for its owner alone, if there is none.

    Attributes:
        new: Whether this made the file.

    Raises:
        OSError: The folder or the file cannot be made.
        sqlite3.Error: It is no ledger, or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite would make it readable for all, and gives its journal the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._db = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)
        try:
            if schema.version(self._db) == 0:
                self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before the first table
            self._db.execute("PRAGMA journal_mode = TRUNCATE")
            self._db.execute("PRAGMA foreign_keys = ON")
            # A transaction that has begun waits for nobody before its end.
            self._db.execute("PRAGMA cache_spill = OFF")
            self.new = schema.migrate(self._db)
            # Safe after the end of a process; the machine's own end may cost the last moments.
            self._db.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def begin(self) -> None:
        """Open a transaction."""
        self._db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """End it; waits for those that read."""
        for _ in range(_COMMITS):
            try:
                self._db.execute("COMMIT")
            except sqlite3.OperationalError as problem:
                if "locked" not in str(problem):
                    raise
            else:
                return
        raise sqlite3.OperationalError(f"others have held it for {_COMMITS * _PATIENCE_S:.0f} s")

    def insert(self, row: Mapping[str, Any]) -> int:
        """Write down that something was asked; returns its number."""
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        sql = f"INSERT INTO answers ({names}) VALUES ({marks})"  # noqa: S608 — our own names
        return int(self._db.execute(sql, row).lastrowid or 0)

    def has(self, number: int) -> bool:
        """Whether an answer is there."""
        found = self._db.execute("SELECT 1 FROM answers WHERE id = ?", (number,)).fetchone()
        return found is not None

    def append(self, number: int, part: int, text: str, reasoning: str) -> None:
        """Write down what has come since."""
        self._db.execute("INSERT INTO pieces VALUES (?, ?, ?, ?)", (number, part, text, reasoning))

    def touch(self, number: int) -> None:
        """Say that it still comes."""
        self._db.execute("UPDATE answers SET touched_s = ? WHERE id = ?", (time.time(), number))

    def finish(self, number: int, row: Mapping[str, Any]) -> None:
        """Write down the whole answer."""
        sets = ", ".join(f"{name} = :{name}" for name in row)
        sql = f"UPDATE answers SET {sets} WHERE id = :id"  # noqa: S608 — our own names
        self._db.execute(sql, {**row, "id": number})
        self._db.execute("DELETE FROM pieces WHERE answer = ?", (number,))
        found = self._raw("WHERE id = ?", (number,))[0]
        self._db.execute("INSERT INTO words (rowid, body) VALUES (?, ?)", (number, _body(found)))

    def get(self, number: int) -> Row | None:
        """One answer."""
        found = self._rows("WHERE id = ?", (number,))
        return found[0] if found else None

    def find(
        self,
        words: Sequence[str] = (),
        *,
        since_s: float | None = None,
        model: str = "",
        notebook: str = "",
        most: int = 20,
    ) -> list[Row]:
        """The newest answers that fit.

        Args:
            words: All must be in what was asked or answered; each may be a beginning.
            since_s: Not before, in Unix seconds.
            model: Part of the model's name.
            notebook: Asked by this one.
            most: How many at most.
        """
        tests: list[str] = []
        values: list[Any] = []
        sought = searching.query(list(words))
        if sought:
            tests.append("id IN (SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC)")
            values.append(sought)
        if since_s is not None:
            tests.append("started_s >= ?")
            values.append(since_s)
        if model:
            tests.append("instr(lower(model), ?)")
            values.append(model.lower())
        if notebook:
            tests.append("notebook = ?")
            values.append(notebook)
        where = f"WHERE {' AND '.join(tests)} " if tests else ""
        return self._rows(f"{where}ORDER BY id DESC LIMIT ?", (*values, most))

    def kept(self, fingerprint: str) -> Row | None:
        """The last whole answer to the same request."""
        found = self._rows(
            "WHERE fingerprint = ? AND state = 'done' ORDER BY id DESC LIMIT 1", (fingerprint,)
        )
        return found[0] if found else None

    def costs(self, since_s: float = 0.0) -> list[Spent]:
        """What each answer cost, from a moment in Unix seconds on."""
        sql = (
            "SELECT started_s, notebook, model, cost_usd, json_extract(rest, '$.price_unknown')"
            " FROM answers WHERE started_s >= ? ORDER BY id"
        )
        return [
            Spent(at_s, notebook, model, None if usd is None else Decimal(usd), bool(unknown))
            for at_s, notebook, model, usd, unknown in self._db.execute(sql, (since_s,))
        ]

    def prune(self, before_s: float, largest: int) -> int:
        """Delete what is older, and the oldest until the file is no larger than `largest` bytes.

        Answers that are still coming stay.

        Returns:
            How many answers were deleted.
        """
        gone = 0
        while True:
            self.begin()  # first: what another kernel deletes must not be taken out of the index twice
            doomed = self._doomed(before_s, largest)
            for row in doomed:
                if row[3] != "open":
                    self._db.execute(
                        "INSERT INTO words (words, rowid, body) VALUES ('delete', ?, ?)",
                        (row[0], _body(row)),
                    )
                self._db.execute("DELETE FROM answers WHERE id = ?", (row[0],))
            self.commit()
            if not doomed:
                return gone
            gone += len(doomed)
            self._db.execute("PRAGMA incremental_vacuum").fetchall()

    def _doomed(self, before_s: float, largest: int) -> list[tuple[Any, ...]]:
        """Some of what is too old, or of the oldest as many as make up for what is too much."""
        excess, now_s = self.size() - largest, time.time()
        found = self._raw(
            "WHERE started_s < ? AND (state != 'open' OR touched_s < ?) ORDER BY id LIMIT ?",
            (now_s + 1 if excess > 0 else before_s, now_s - _STALE_S, _PRUNED_AT_ONCE),
        )
        doomed: list[tuple[Any, ...]] = []
        for row in found:
            if excess <= 0 and row[1] >= before_s:
                break
            doomed.append(row)
            excess -= sum(len(part) for part in row[-3:])  # text, reasoning and the rest
        return doomed

    def size(self) -> int:
        """Bytes in use."""
        pages, free, size = (
            int(self._db.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def count(self) -> int:
        """How many answers there are."""
        return int(self._db.execute("SELECT count(*) FROM answers").fetchone()[0])

    def _rows(self, rest: str, values: Sequence[Any]) -> list[Row]:
        return [self._row(one) for one in self._raw(rest, values)]

    def _raw(self, rest: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        sql = f"SELECT {_COLUMNS} FROM answers {rest}"  # noqa: S608 — our own words
        return self._db.execute(sql, values).fetchall()

    def _row(self, one: tuple[Any, ...]) -> Row:
        (
            number,
            started_s,
            touched_s,
            state,
            notebook,
            cell,
            model,
            cost_usd,
            text,
            thought,
            rest,
        ) = one
        if state == "open":
            pieces = self._db.execute(
                "SELECT text, reasoning FROM pieces WHERE answer = ? ORDER BY part", (number,)
            ).fetchall()
            text = "".join(piece[0] for piece in pieces)
            thought = "".join(piece[1] for piece in pieces)
            state = "running" if time.time() - touched_s < _STALE_S else "lost"
        data = {**json.loads(rest), "text": text, "reasoning": thought}
        return Row(number, started_s, state, notebook, cell, model, cost_usd, data)


def _body(one: tuple[Any, ...]) -> str:
    """What of an answer can be searched for: the messages that were sent, and the text."""
    rest = json.loads(one[10])
    said = (message.get("content") for message in rest.get("messages", ()))
    asked = [text for text in said if isinstance(text, str)]
    return searching.indexed("\n".join([*asked, one[8]]))
