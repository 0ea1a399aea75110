"""Where a key has left traces: in what a kernel said, wrote and started, searched to the last byte.

In: a key and a kernel that has it. Out: the places where any eight characters of the key stand in a
row, as they are or in a form that a program may have given them. What a key may legitimately be in
(the kernel's own environment, the file it is read from) is for the test to leave out.

    search = Search(KEY)
    search.places(said(kernel))      # ["comm_msg 12: …5d0c0ffe…"]: found, with what stands around
    search.places(files(home)), search.places(children(kernel.pid))
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from .kernel import Kernel

LENGTH = 8
SERVICE = "sk-ai-v1-"  # how all keys begin: no secret


def forms(key: str) -> dict[str, str]:
    """A key as programs may write it; each form by its name."""
    own = key.removeprefix(SERVICE)
    return {
        "whole": key,
        "in capitals": key.upper(),
        "backwards": key[::-1],
        "in hex": own.encode().hex(),
        "in base64": base64.b64encode(own.encode()).decode(),
        "in base64, as a header": base64.b64encode(f"Bearer {key}".encode()).decode(),
        "in base64, as a password": base64.b64encode(f"me:{key}".encode()).decode(),
        "for a URL": quote(key.replace("-", "%2D"), safe="%"),
        "for HTML": html.escape(f"<{key}>"),
    }


class Search:
    """Looks for one key."""

    def __init__(self, key: str) -> None:
        own = key.removeprefix(SERVICE)
        found = {own, own.upper(), own[::-1], own.encode().hex(), own.encode().hex().upper()}
        # Three bytes at a time: as they fall when 0, 1 or 2 more stand before; the edges are others'.
        found |= {
            base64.b64encode(b"x" * n + own.encode()).decode()[4:-4].rstrip("=") for n in range(3)
        }
        pieces = {one[at : at + LENGTH] for one in found for at in range(len(one) - LENGTH + 1)}
        self._pieces = [one.encode() for one in sorted(pieces)]

    def places(self, searched: Iterable[tuple[str, bytes]]) -> list[str]:
        """Where the key stands: the name of each place, and what stands around its first piece."""
        return [f"{name}: {around!r}" for name, data in searched if (around := self._around(data))]

    def _around(self, data: bytes) -> str:
        # As SQLite, UTF-16 and the like may store it too: no zero bytes between the letters.
        for text in (data, data.replace(b"\0", b"")) if b"\0" in data else (data,):
            at = max(map(text.find, self._pieces))
            if at >= 0:
                return text[max(0, at - 60) : at + 60].decode(errors="replace")
        return ""


def said(kernel: Kernel, leave_out: frozenset[str] = frozenset()) -> Iterator[tuple[str, bytes]]:
    """Every message on iopub and every reply, with metadata and buffers; the kernel's terminal.

    Args:
        kernel: The kernel.
        leave_out: Types of messages that only repeat what the user typed.
    """
    for number, one in enumerate(list(kernel.messages)):
        if one.msg_type not in leave_out:
            data = [repr(one.content).encode(), repr(one.metadata).encode(), *one.buffers]
            yield f"{one.msg_type} {number}", b" ".join(data)
    for number, content in enumerate(kernel.replies):
        yield f"reply {number}", repr(content).encode()
    yield "terminal", kernel.log.encode()


def files(home: Path, leave_out: Iterable[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, with its name: databases, journals, logs, caches, leftovers."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.name not in leave_out and path.suffix != ".pyc":
            yield str(path.relative_to(home)), path.name.encode() + b"\n" + path.read_bytes()


def children(pid: int) -> Iterator[tuple[str, bytes]]:
    """Command line and environment of everything that a process has started and that runs."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # Behind the name, which may hold anything: state, parent.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            if parent != pid:
                continue
            data = [(stat.parent / part).read_bytes() for part in ("cmdline", "environ")]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        yield f"child {data[0].replace(chr(0).encode(), b' ').decode()}", b"\n".join(data)
        yield from children(int(stat.parent.name))
