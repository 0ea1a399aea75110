"""Incremental Markdown to safe HTML. Pure: it knows no widget and nothing else of this package.

`render` and `settled_html` take a whole answer, `IncrementalMarkdown` a growing one; whatever the
model wrote, the HTML holds only what `Policy` names.
"""

from .code import CodeBlock, code_blocks
from .engines import render, settled_html
from .incremental import IncrementalMarkdown, Patch
from .policy import DEFAULT_POLICY, Policy
from .reader import Reader
from .settled_markdown import literal, settled_markdown

__all__ = [
    "DEFAULT_POLICY",
    "CodeBlock",
    "IncrementalMarkdown",
    "Patch",
    "Policy",
    "Reader",
    "code_blocks",
    "literal",
    "render",
    "settled_html",
    "settled_markdown",
]
