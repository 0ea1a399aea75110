"""A key that does not show itself, and the masking of what a server echoes of it.

In: the key's text. Out: an object that can travel through frames, logs and tracebacks without
being printed. It does not decide where a key may go: `settings` does.
"""

from __future__ import annotations

import re

# What keys of OpenAI-compatible services look like, also where a server shortens them ("sk-ab***yz").
_KEY_LIKE = re.compile(r"\bsk-[A-Za-z0-9_*.…-]{4,}")
_FRAGMENT = 8


class Secret:
    """Wraps a key; `reveal()` is the only way to its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The key itself, for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return "<key>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a key is not pickled")


def redact(text: str, key: Secret | None) -> str:
    """Mask every key-like word, and every piece of `key` of eight characters or more."""
    text = _KEY_LIKE.sub("sk-…", text)
    secret = key.reveal() if key else ""
    if len(secret) < _FRAGMENT:
        return text
    masked: list[str] = []
    at = 0
    while at < len(text):
        length = _shared(text, at, secret)
        masked.append("…" if length else text[at])
        at += length or 1
    return "".join(masked)


def _shared(text: str, at: int, secret: str) -> int:
    """How many characters from `at` on stand in the key too, 0 if fewer than a fragment."""
    end = at + _FRAGMENT
    if text[at:end] not in secret or end > len(text):
        return 0
    while end < len(text) and text[at : end + 1] in secret:
        end += 1
    return end - at
