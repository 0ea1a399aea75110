"""What is printed, on whatever stream: what its encoding cannot write is shown as `?`, never raised.

In: text. Out: the same on standard output. Windows gives a pipe or a file the encoding of the region,
which has neither ≈ nor 🙂; an answer or a list of prices must not end in a `UnicodeEncodeError` there.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO


def writable(text: str, stream: TextIO | None) -> str:
    """The text as the stream can write it."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def say(text: str, stream: TextIO | None = None) -> None:
    """Print a line, at once.

    Args:
        text: The line.
        stream: Where to; standard output if `None`.
    """
    stream = stream or sys.stdout
    print(writable(text, stream), file=stream, flush=True)


def colourless() -> bool:
    """Whether the user's environment asks for text without colours (https://no-color.org)."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
