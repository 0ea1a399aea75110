"""The code blocks of an answer, for copying.

In: Markdown. Out: each block's language and source, in order. Nothing is coloured or escaped.
"""

from __future__ import annotations

from typing import NamedTuple

from .highlight import language_name
from .parser import parser


class CodeBlock(NamedTuple):
    """One block: the language its author named ("" for none) and its source."""

    language: str
    code: str


def code_blocks(text: str) -> tuple[CodeBlock, ...]:
    """Find every fenced or indented code block, also inside lists and quotes.

    Args:
        text: Markdown; an unclosed fence reaches to the end.
    """
    return tuple(
        CodeBlock(language_name(token.info), token.content)
        for token in parser().parse(text, {})
        if token.type in ("fence", "code_block")
    )
