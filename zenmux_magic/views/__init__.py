"""How a run looks. The seam between a run and the screen; nothing here touches the network.

A run feeds any `View` with the same calls, on the engine's loop and in the context of the cell that
started it: `open`, then `event` for each event of each column, then `settle`. A column that is
asked again while another still runs is told by `restart`, and its events begin anew. Which view it is, is
decided at the edge, where the shell is known.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from zenmux_magic.completion import Completion
from zenmux_magic.cost import Cost
from zenmux_magic.events import Event, Usage
from zenmux_magic.request import Request

T = TypeVar("T")


class Controls(Protocol):
    """What a view may ask of the run that it shows; safe from any thread."""

    def stop(self, column: int | None = None) -> None:
        """End one column, or all: what has come is the answer."""
        ...

    def retry(self, column: int) -> None:
        """Ask one column again, if it has ended while another still runs; else nothing happens."""
        ...

    def cost(self, column: int, model: str, usage: Usage) -> Cost:
        """What so many tokens cost in one column, of the model that served. Quick; never raises."""
        ...

    def aside(self, work: Callable[[], T]) -> Future[T]:
        """Do on another thread what would hold the loop up; called on the loop, and awaited there."""
        ...


class View(Protocol):
    """Shows one run of one or more columns."""

    def open(self, requests: Sequence[Request], controls: Controls) -> None:
        """The run begins: one request a column."""
        ...

    def event(self, column: int, event: Event) -> None:
        """Something happened in a column. Called for every event: it must be quick."""
        ...

    def restart(self, column: int) -> None:
        """A column is asked again: what it showed is void, and its events come anew."""
        ...

    async def settle(self, completions: Sequence[Completion]) -> None:
        """All columns have ended; leave what is to be saved. Other runs go on meanwhile."""
        ...


class NullView:
    """Shows nothing."""

    def open(self, requests: Sequence[Request], controls: Controls) -> None:
        """Nothing to show."""

    def event(self, column: int, event: Event) -> None:
        """Nothing to show."""

    def restart(self, column: int) -> None:
        """Nothing to show."""

    async def settle(self, completions: Sequence[Completion]) -> None:
        """Nothing to show."""
