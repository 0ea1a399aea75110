"""A key that does not show itself, and the masking of what a server echoes of it.

In: the key's text. Out: an object that can travel through frames, logs and tracebacks without
being printed. It does not decide where a key may go: `settings` does.
"""

from __future__ import annotations

import re

# What keys of OpenAI-compatible services look like, also where a server shortens them ("sk-ab***yz").
_KEY_LIKE = re.compile(r"\bsk-[A-Za-z0-9_*.…-]{4,}")
# Long enough to be a real one: what is kept for years may lose these words, and nothing shorter.
_REAL_KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{20,}")
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
    return _without(_KEY_LIKE.sub("sk-…", text), key)


def redact_kept(text: str, key: Secret | None) -> str:
    """Mask what may be a real key, and every piece of `key`; placeholders of examples stay."""
    return _without(_REAL_KEY.sub("sk-…", text), key)


def begun(text: str, key: Secret | None) -> int:
    """How many characters at the end of `text` may go on as a piece of `key`."""
    secret = key.reveal() if key else ""
    longest = min(len(text), len(secret))
    return next((count for count in range(longest, 0, -1) if text[-count:] in secret), 0)


def _without(text: str, key: Secret | None) -> str:
    secret = key.reveal() if key else ""
    pieces = range(len(secret) - _FRAGMENT + 1)
    if not any(secret[at : at + _FRAGMENT] in text for at in pieces):
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
