"""Code to coloured HTML.

In: the source of one code block and the language its author named. Out: spans with Pygments'
short class names, ready for a `<pre>`, or the escaped source where the language is unknown or
the block too long. It draws no frame and adds no style sheet.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer

# Plain names, punctuation and blanks look like the text around them; their spans would
# double the size of a saved notebook.
_PLAIN = frozenset({"n", "p", "w"})
_LANGUAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+#.\-]{0,29}")


def language_name(info: str) -> str:
    """The language of a fence's info string, or "" where it does not look like one."""
    words = info.strip().strip("{}").lstrip(".").split(maxsplit=1)
    found = _LANGUAGE.match(words[0]) if words else None
    return found[0] if found else ""


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language.lower(), stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=1024)
def _short_class(kind: object) -> str:
    from pygments.token import STANDARD_TYPES, _TokenType

    assert isinstance(kind, _TokenType)
    while kind not in STANDARD_TYPES and kind.parent is not None:
        kind = kind.parent
    name = STANDARD_TYPES.get(kind, "")
    return "" if name in _PLAIN else name


def highlight(code: str, language: str, limit: int = 100_000) -> str:
    """Colour one block of code.

    Args:
        code: The source, newlines as written.
        language: A name that Pygments may know; "" for none.
        limit: Longest source, in characters, that is coloured.

    Returns:
        Escaped HTML whose text is exactly `code`.
    """
    lexer = _lexer(language) if language and len(code) <= limit else None
    if lexer is None:
        return html.escape(code, quote=False)
    # get_tokens would normalise newlines and drop a BOM: the text has to stay as it is.
    tokens = ((_short_class(kind), text) for _, kind, text in lexer.get_tokens_unprocessed(code))
    return "".join(_span(name, run) for name, run in groupby(tokens, key=itemgetter(0)))


def _span(name: str, run: Iterable[tuple[str, str]]) -> str:
    shown = html.escape("".join(text for _, text in run), quote=False)
    return f'<span class="{name}">{shown}</span>' if name else shown
