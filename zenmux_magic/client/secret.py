"""A key that does not show itself, and the masking of what a server echoes of it.

In: the key's text. Out: an object that can travel through frames, logs and tracebacks without
being printed, and texts in which no eight characters of it stand in a row: as they are, or as programs
write them (in capitals, backwards, in base64 or hex, quoted for a URL, HTML or JSON). It does not
decide where a key may go: `settings` does.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

# What keys of OpenAI-compatible services look like, also where a server shortens them ("sk-ab***yz").
_KEY_LIKE = re.compile(r"\bsk-[A-Za-z0-9_*.…-]{4,}")
_LONG = 20
# Long enough to be a real one, and with a digit, as none made of words is (`sk-learn-compatible-estimator`):
# what is kept for years may lose these words, and no others.
_REAL_KEY = re.compile(rf"\bsk-(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{{{_LONG},}}")
_COMMON = re.compile(r"sk-(?:[a-z]+-)?(?:v\d+-)?")  # how all keys of a service begin: no secret
_FRAGMENT = 8
_PART = 16


class Secret:
    """Wraps a key; `reveal()` is the only way to its text."""

    __slots__ = ("_pieces", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._pieces: frozenset[str] | None = None

    def reveal(self) -> str:
        """The key itself, for the one place that sends it."""
        return self._text

    @property
    def real(self) -> bool:
        """Whether it is so long that no text holds a piece of it by chance, as of `lm-studio`."""
        return len(self._text) >= _LONG

    def found_in(self, text: str) -> list[int]:
        """Where in a text a piece of eight characters begins; overlapping ones each count."""
        if self._pieces is None:
            self._pieces = frozenset(_pieces(self._text))
        pieces = self._pieces
        ends = range(_FRAGMENT, len(text) + 1)
        return [end - _FRAGMENT for end in ends if text[end - _FRAGMENT : end] in pieces]

    def stands_in(self, text: str) -> bool:
        """Whether sixteen characters in a row, as they are, stand in a text, however long."""
        own = self._text[_common(self._text) :]
        pieces = (own[at : at + _PART] for at in range(len(own) - _PART + 1))
        return any(piece in text for piece in pieces)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "<key>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a key is not pickled: pickle answers, not the settings or what sends them")


class Mask:
    """Takes a key out of a text that comes in pieces, the same whatever the pieces.

    It holds nothing back: only the eighth character tells what the seven before it were, so up to
    seven pass. How keys begin counts with them, so of a whole key nothing does.

    Args:
        key: What to take out; a short one may be an ordinary word, and stays.
    """

    __slots__ = ("_inside", "_key", "_tail")

    def __init__(self, key: Secret | None) -> None:
        self._key = key if key is not None and key.real else None
        self._tail = ""
        self._inside = False

    def pass_on(self, piece: str) -> str:
        """The piece, with `…` in place of the key."""
        if self._key is None or not piece:
            return piece
        known = len(self._tail)
        text = self._tail + piece
        self._tail = text[1 - _FRAGMENT :]
        found = self._key.found_in(text)
        if not found:
            self._inside = False
            return piece
        eighths = [begin + _FRAGMENT - 1 for begin in found]
        masked = _masked(text[known:], [at - known for at in eighths], 1, inside=self._inside)
        self._inside = eighths[-1] + 1 == len(text)
        return masked


def redact(text: str, key: Secret | None) -> str:
    """Mask every key-like word, and every piece of `key` of eight characters or more."""
    return _without(_KEY_LIKE.sub("sk-…", text), key)


def redact_kept(text: str, key: Secret | None) -> str:
    """Mask what may be a real key, and every piece of `key`; placeholders of examples stay."""
    return _without(_REAL_KEY.sub("sk-…", text), key)


def redact_data(value: Any, key: Secret | None) -> Any:
    """The same for plain data, wherever it stands."""
    if isinstance(value, str):
        return redact_kept(value, key)
    if isinstance(value, Mapping):
        return {redact_kept(str(name), key): redact_data(one, key) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [redact_data(one, key) for one in value]
    return value


def redact_answer(text: str, key: Secret | None) -> str:
    """Mask every piece of a real key and nothing else, in what a service calls things."""
    return _without(text, key) if key is not None and key.real else text


def begun(text: str, key: Secret | None) -> int:
    """How many characters at the end of `text` may go on as a piece of `key`."""
    secret = key.reveal() if key else ""
    longest = min(len(text), len(secret))
    return next((count for count in range(longest, 0, -1) if text[-count:] in secret), 0)


def _pieces(text: str) -> Iterator[str]:
    """What no text may hold: eight characters in a row, of every form."""
    for form in _forms(text):
        for end in range(_FRAGMENT, len(form) + 1):
            yield form[end - _FRAGMENT : end]


def _forms(text: str) -> Iterator[str]:
    """What a key becomes on its way through programs, without what all keys have in common."""
    yield text[max(0, _common(text) - _FRAGMENT + 1) :]
    own = text[_common(text) :]
    yield from (own.upper(), own.lower(), own[::-1], own.encode().hex())
    yield from (quote(own, safe=""), html.escape(own), json.dumps(own)[1:-1])
    for skipped in range(3):  # base64 takes three bytes at a time: where the first three begin
        yield base64.b64encode(own[skipped:].encode()).decode().rstrip("=")[:-1]


def _common(text: str) -> int:
    """How many characters at its beginning a key shares with all of its service."""
    common = _COMMON.match(text)
    return common.end() if common and common.end() < len(text) else 0


def _without(text: str, key: Secret | None) -> str:
    found = key.found_in(text) if key is not None else []
    return _masked(text, found, _FRAGMENT) if found else text


def _masked(text: str, found: list[int], length: int, *, inside: bool = False) -> str:
    """The text with every run of what was found as one `…`.

    Args:
        text: What was searched.
        found: Where something was found, in order.
        length: How long each is, in characters.
        inside: Whether such a run goes on from before the text.
    """
    parts: list[str] = []
    at = 0
    for begin in found:
        if begin > at:
            parts.append(text[at:begin])
            inside = False
        if begin + length > at:
            parts.append("" if inside else "…")
            at, inside = begin + length, True
    return "".join([*parts, text[at:]])
