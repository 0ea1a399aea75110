"""A server's own words, fit to be shown: one line, not long, without the key. Pure."""

from __future__ import annotations

import re
import reprlib
from typing import Any

from zenmux_magic.client.characters import encodable
from zenmux_magic.client.secret import Secret, redact, redact_answer

_LONGEST = 300  # characters


def masked(text: str, key: Secret | None) -> str:
    """A server's own words, fit for one line of a message."""
    # Cut first: a server may send megabytes, and masking looks at each character.
    return _one_line(redact(encodable(text[: 10 * _LONGEST]), key))


def named(value: Any, key: Secret | None) -> str | None:
    """What a server calls something (an id, a model, a reason), fit to be shown beside an answer."""
    return _one_line(redact_answer(spelled(value)[: 10 * _LONGEST], key)) or None


def _one_line(text: str) -> str:
    line = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "…"


def spelled(value: Any) -> str:
    """A JSON value as words: a text as it is, of anything else the beginning."""
    if value is None:
        return ""
    return encodable(value if isinstance(value, str) else reprlib.repr(value))
