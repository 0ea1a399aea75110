"""How often runs may be painted: one budget for the whole kernel, however many of them stream.

In: which runs stream, what painting one costs, and how late a page says it is. Out: the seconds
until a run's next paint. Jupyter Server drops what a kernel sends beyond 1,000 messages a second, and
while we paint no Python of the user's runs: together the runs stay far below both. It sends nothing
itself.
"""

from __future__ import annotations

FRAME_S = 0.027  # below it nobody sees the difference; the page's work and the envelopes double
COLUMN_S = 0.002  # each further column is as much again to render and to paint
SLOWEST_S = 0.5
MESSAGES_PER_S = 150
ASK_S = 0.25  # each question to a page comes back as a message that the main thread handles
FEW = 8  # columns that may stream as fast as they like: somebody looks at them
CROWD_S = 5.0  # but so often everyone is painted
SHARE = 0.03  # of a processor, for painting what all others show
_LATE = 5  # a page that is N seconds behind gets a frame every N / 5
_FORGETS = 0.1  # of what a paint costs, with every paint
_UNANSWERED_S = 2.0


class Budget:
    """Shares the messages among those who stream; used on one thread."""

    def __init__(self) -> None:
        self._columns: dict[object, int] = {}
        self._cost_s = 0.0
        self._late_s = 0.0
        self._asked_s = float("-inf")
        self._answered = True

    def join(self, board: object, columns: int = 1) -> None:
        """A run begins to stream in so many columns."""
        self._columns[board] = columns

    @property
    def runs(self) -> int:
        """How many stream."""
        return len(self._columns)

    def leave(self, board: object) -> None:
        """A run has ended; leaving twice is fine."""
        self._columns.pop(board, None)
        if not self._columns:
            self._late_s = 0.0  # of a page that nothing goes to any more

    def asks(self, now_s: float) -> bool:
        """Whether a frame that leaves now shall ask the page to say when it has it."""
        patience_s = ASK_S if self._answered else _UNANSWERED_S
        if now_s - self._asked_s < patience_s:
            return False
        self._asked_s, self._answered = now_s, False
        return True

    def report(self, late_s: float) -> None:
        """A page has told how long a frame took to it. No report changes nothing."""
        self._late_s, self._answered = late_s, True

    def spend(self, cost_s: float) -> None:
        """So much of a processor's time was a paint."""
        self._cost_s += _FORGETS * (cost_s - self._cost_s)

    def interval_s(self, board: object) -> float:
        """Seconds between two paints of a run."""
        share = len(self._columns) / MESSAGES_PER_S
        late = min(SLOWEST_S, self._late_s / _LATE)
        frame = FRAME_S + COLUMN_S * (self._columns.get(board, 1) - 1)
        return max(frame, share, late, self._crowd_s())

    def _crowd_s(self) -> float:
        """What keeps all of them within their share of the processor."""
        columns = sum(self._columns.values())
        if columns <= FEW:
            return 0.0
        beyond = len(self._columns) * (columns - FEW) / columns
        return min(CROWD_S, beyond * self._cost_s / SHARE)


_shared = Budget()


def shared() -> Budget:
    """The kernel's budget; all views live on the engine's thread."""
    return _shared
