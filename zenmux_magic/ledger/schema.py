"""The ledger's tables, and how an older ledger becomes one of today.

In: an open connection. Out: the same, with the tables of `VERSION`. Each migration is one step and
one transaction; a ledger of a later version is left alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

# An answer that runs has its text in `pieces`, one a moment, so that writing costs what is new; its
# end moves the text into `answers`. `words` holds no text of its own: it is the full-text index.
_TABLES = """
CREATE TABLE answers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started_s REAL NOT NULL,
    touched_s REAL NOT NULL,
    state TEXT NOT NULL,
    kernel TEXT NOT NULL,
    notebook TEXT NOT NULL,
    cell TEXT NOT NULL,
    model TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    cost_usd TEXT,
    text TEXT NOT NULL DEFAULT '',
    reasoning TEXT NOT NULL DEFAULT '',
    rest TEXT NOT NULL
);
CREATE INDEX answers_by_time ON answers (started_s);
CREATE INDEX answers_by_request ON answers (fingerprint, id);
CREATE TABLE pieces (
    answer INTEGER NOT NULL REFERENCES answers (id) ON DELETE CASCADE,
    part INTEGER NOT NULL,
    text TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    PRIMARY KEY (answer, part)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (body, content='', tokenize='unicode61 remove_diacritics 2');
"""

# The step at place N makes version N + 1.
MIGRATIONS: tuple[str, ...] = (_TABLES,)
VERSION = len(MIGRATIONS)


class LaterVersionError(sqlite3.DatabaseError):
    """The file was written by a later release."""


def migrate(connection: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> bool:
    """Bring the tables up to the last version, or leave them as they are.

    Args:
        connection: In autocommit mode.
        migrations: The steps, each some statements of SQL.

    Returns:
        Whether the ledger is new.

    Raises:
        LaterVersionError: A later release made it; nothing was changed.
        sqlite3.Error: It cannot be read or written.
    """
    if version(connection) == len(migrations):
        return False
    _refuse_later(version(connection), len(migrations))
    connection.execute("BEGIN IMMEDIATE")  # of several kernels, one migrates
    try:
        found = version(connection)
        _refuse_later(found, len(migrations))
        for number in range(found, len(migrations)):
            for statement in filter(str.strip, migrations[number].split(";\n")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return found == 0


def version(connection: sqlite3.Connection) -> int:
    """The version of the tables; 0 where there are none."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _refuse_later(found: int, known: int) -> None:
    if found > known:
        raise LaterVersionError(
            f"it was written by a later release (version {found}, here {known})"
        )
