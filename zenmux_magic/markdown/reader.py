"""Which engine reads Markdown, with which extensions: one value for every part that shows an answer.

In: the user's choice. Out: the room's functions with that choice made.
"""

from __future__ import annotations

from dataclasses import dataclass

from .engines import render, settled_html
from .incremental import IncrementalMarkdown


@dataclass(frozen=True)
class Reader:
    """A choice of engine.

    Attributes:
        engine: `markdown-it` or `markdown`.
        extensions: Extensions of the `markdown` package; empty for a good set of its own.
    """

    engine: str = "markdown-it"
    extensions: tuple[str, ...] = ()

    def growing(self) -> IncrementalMarkdown:
        """An empty document that grows."""
        return IncrementalMarkdown(self.engine, self.extensions)

    def render(self, text: str) -> str:
        """A whole text in its live form."""
        return render(text, engine=self.engine, extensions=self.extensions)

    def settled(self, text: str) -> str:
        """A whole text as the notebook keeps it."""
        return settled_html(text, engine=self.engine, extensions=self.extensions)
