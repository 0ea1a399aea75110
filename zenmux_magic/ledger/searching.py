"""Text as words for the full-text index, and what a person types as a query for it.

In: text. Out: text for FTS5. Its tokeniser takes a run of Chinese, Japanese or Thai for one word, so
each of their characters is set apart here; a query then looks for them side by side.
"""

from __future__ import annotations

import re

_UNSPACED = re.compile(
    r"([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])"
)


def indexed(text: str) -> str:
    """A text as it goes into the index."""
    return _UNSPACED.sub(r" \1 ", text)


def query(words: list[str]) -> str:
    """All of the words, each as the beginning of one in the text."""
    terms = (" ".join(indexed(word).split()).replace('"', '""') for word in words)
    return " AND ".join(f'"{term}"*' for term in terms if term)
