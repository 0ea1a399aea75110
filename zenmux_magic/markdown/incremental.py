"""A growing answer as safe HTML, and what of it changed since it was last asked for.

In: text in any chunks. Out: final HTML and the HTML of the part that still changes, or patches
that carry only the difference. It sends nothing and knows no widget.

How a page applies a `Patch`, with `body` the element that holds the answer:

1. Remove the nodes of the previous live part, if `reset`, `commit` or `live` is given (on `reset`,
   everything).
2. Append the fragment `commit` to `body`. With `join` = n > 0, its first element is a continuation
   of the last element of `body`: go down n elements on both sides (by first child in the fragment,
   by last child in `body`) and move the fragment's children there; append the rest to `body`.
3. Append the fragment `live` in the same way with `live_join`; remember its nodes.
4. Append the text `append` to the last text of the live part (go down by last child).
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .containers import OpenContainer
from .engines import ENGINES, normalise
from .growing import GrowingBlocks
from .large import closing_tags
from .policy import DEFAULT_POLICY, Policy


@dataclass(frozen=True)
class Patch:
    """What to change in a page to bring it up to date.

    Attributes:
        revision: The revision this brings the page to.
        reset: Drop everything first: `commit` starts from nothing.
        commit: Finished HTML to append, well formed.
        live: New HTML for the growing part; None leaves it as it is. Never None where `reset` or
            `commit` is given.
        append: Plain text, not HTML, to add to the last text of the growing part.
        join: How many elements deep the first element of `commit` continues the last committed
            one; 0 for an element of its own.
        live_join: The same for `live`.
    """

    revision: int
    reset: bool = False
    commit: str = ""
    live: str | None = None
    append: str | None = None
    join: int = 0
    live_join: int = 0

    def __bool__(self) -> bool:
        """Whether there is anything to change."""
        return bool(self.reset or self.commit or self.live is not None or self.append)


class Growing(Protocol):
    """What an engine does for a growing text."""

    committed: list[str]
    revision: int
    open: OpenContainer | None

    def grow(self, text: str) -> None:
        """Take more text."""

    def finish(self) -> None:
        """Take what came as complete."""

    def live(self) -> tuple[str, int]:
        """HTML of what is not final, and how many of its elements continue `open`."""
        ...


@dataclass(frozen=True)
class _State:
    """What a page that followed every patch holds."""

    revision: int = 0
    parts: int = 0
    open: OpenContainer | None = None
    live: str = ""
    live_join: int = 0


class IncrementalMarkdown:
    """Markdown that grows.

    Args:
        engine: "markdown-it" or "markdown".
        extensions: Extensions of the `markdown` package, for the second engine.
        policy: What may reach the page.

    Raises:
        ValueError: The engine is unknown.
    """

    def __init__(
        self,
        engine: str = "markdown-it",
        extensions: Sequence[object] = (),
        policy: Policy = DEFAULT_POLICY,
    ) -> None:
        if engine not in ENGINES:
            raise ValueError(f"unknown Markdown engine {engine!r}: use one of {', '.join(ENGINES)}")
        self._growing: Growing = GrowingBlocks(policy)
        if engine == "markdown":
            from .growing_segments import GrowingSegments

            self._growing = GrowingSegments(extensions, policy)
        self._return = ""
        self._finished = False
        self._fresh: tuple[str, int] | None = ("", 0)
        self._taken = _State()

    def feed(self, text: str) -> None:
        """Add a piece of the answer, cut anywhere.

        Raises:
            ValueError: The text was finished before.
        """
        if self._finished:
            raise ValueError("this text is finished: start another IncrementalMarkdown")
        text = self._return + text
        # A carriage return at the end may be the first half of a line end.
        self._return = "\r" if text.endswith("\r") else ""
        text = normalise(text.removesuffix("\r"))
        if text:
            self._growing.grow(text)
            self._fresh = None

    def finish(self) -> None:
        """Say that the text is complete. Afterwards `committed` is all of it and `live` empty."""
        if self._finished:
            return
        if self._return:
            self._growing.grow("\n")
        self._growing.finish()
        self._finished = True
        self._fresh = ("", 0)

    @property
    def revision(self) -> int:
        """How often something that came late changed what had been committed."""
        return self._growing.revision

    @property
    def committed(self) -> str:
        """Final HTML. It only grows within a revision; it may end inside a list or table."""
        return "".join(self._growing.committed)

    @property
    def live(self) -> str:
        """HTML of the part that still changes."""
        return self._live()[0]

    def _live(self) -> tuple[str, int]:
        if self._fresh is None:
            self._fresh = self._growing.live()
        return self._fresh

    def take(self) -> Patch:
        """What changed since the last call; falsy where nothing did."""
        before, growing = self._taken, self._growing
        live, live_join = self._live()
        reset = growing.revision != before.revision
        sent = _State() if reset else before
        commit, join = _fragment(growing.committed[sent.parts :], sent.open, growing.open)
        self._taken = _State(
            growing.revision, len(growing.committed), growing.open, live, live_join
        )
        if not reset and not commit:
            return self._live_patch(before, live, live_join)
        return Patch(growing.revision, reset, commit, live, None, join, live_join)

    def _live_patch(self, before: _State, live: str, live_join: int) -> Patch:
        if live == before.live:
            return Patch(before.revision)
        added = _added_text(before.live, live) if live_join == before.live_join else None
        if added is not None:
            return Patch(before.revision, append=added)
        return Patch(before.revision, live=live, live_join=live_join)

    def snapshot(self) -> Patch:
        """All that `take` has given so far, for a page that has nothing yet.

        The next patch from `take` fits this page too, and every other one.
        """
        taken = self._taken
        parts = self._growing.committed[: taken.parts]
        commit, _ = _fragment(parts, None, taken.open)
        return Patch(taken.revision, True, commit, taken.live, None, 0, taken.live_join)


def _fragment(
    parts: list[str], before: OpenContainer | None, after: OpenContainer | None
) -> tuple[str, int]:
    """Well-formed HTML of committed parts, and how many of its elements are a continuation."""
    html_ = "".join(parts)
    if not html_:
        return "", 0
    join = 0
    if before is not None:
        rest = html_.removeprefix(before.closer)
        if rest == html_:
            html_, join = f"{before.shown_alone}{html_}", before.depth
        else:
            html_ = rest
    if after is not None and html_:
        html_ += after.closer
    return html_, join


def _added_text(before: str, after: str) -> str | None:
    """The plain text that makes one live part of the other, if text at its end is all it takes."""
    tail = closing_tags(before)
    head = before.removesuffix(tail)
    if not head or len(after) <= len(before) or not after.endswith(tail):
        return None
    if not after.startswith(head):
        return None
    added = after[len(head) : len(after) - len(tail)]
    return None if "<" in added else html.unescape(added)
