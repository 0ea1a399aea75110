"""One process at a time, by a lock on an open file that the system drops when its owner dies.

In: a path. Out: a context that holds the lock. The file stays behind, empty and meaning nothing:
removing it would let two processes lock two files of one name.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# A file system without locks (some network ones) answers with one of these.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _wait_for_lock(file: IO[bytes]) -> None:
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            except OSError as exc:
                if exc.errno != errno.EDEADLK:  # given up by itself, after ten seconds
                    raise
            else:
                return

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait_for_lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)


@contextmanager
def exclusive(path: Path, on_wait: Callable[[], None]) -> Iterator[bool]:
    """Hold the lock of `path` for the length of the context.

    Args:
        path: The lock file; created if missing.
        on_wait: Called once if another process holds the lock, before waiting for it.

    Yields:
        Whether the lock is held: `False` on a file system that has no locks.
    """
    with path.open("ab") as file:  # closing it drops the lock
        try:
            if not _try_lock(file):
                on_wait()
                _wait_for_lock(file)
            held = True
        except OSError as exc:
            if exc.errno not in _NO_LOCKS:
                raise
            held = False
        yield held
