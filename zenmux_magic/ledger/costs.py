"""`%zenmux cost`: what answers have cost, by model, day or notebook, as a table and a picture.

In: what the ledger has of each answer. Out: sums, and a bar for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import PurePath

from zenmux_magic.commandline import parser
from zenmux_magic.ledger.command import opened, since_s
from zenmux_magic.ledger.store import Spent
from zenmux_magic.said import say
from zenmux_magic.settings import ZenMux
from zenmux_magic.tables import Table

_GROUPS: dict[str, Callable[[Spent], str]] = {
    "model": lambda one: one.model,
    "day": lambda one: datetime.fromtimestamp(one.at_s).strftime("%Y-%m-%d"),
    "notebook": lambda one: PurePath(one.notebook).name or "(no notebook)",
}

_PARSER = parser("cost")
_PARSER.add_argument("--by", choices=_GROUPS, default="model")
_PARSER.add_argument("--since", default="30d", metavar="30d|2026-01-31")


@dataclass
class _Sum:
    usd: Decimal = Decimal(0)
    answers: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Costs:
    """Sums by group; shows itself as a table with bars.

    Attributes:
        by: What the groups are.
        rows: Name, US dollars, answers, and answers of unknown price, the dearest first (days in order).
    """

    by: str
    rows: tuple[tuple[str, Decimal, int, int], ...] = field(default=())

    @property
    def total_usd(self) -> Decimal:
        """All of it, in US dollars, estimated."""
        return sum((row[1] for row in self.rows), Decimal(0))

    def _table(self) -> Table:
        answers, unknown = sum(row[2] for row in self.rows), sum(row[3] for row in self.rows)
        every = [*self.rows, ("all", self.total_usd, answers, unknown)]
        most = max((row[1] for row in self.rows), default=Decimal(0))
        shares = [float(row[1] / most) if most else 0.0 for row in self.rows]
        heads = (self.by, "answers", "≈ cost", "price unknown")
        return Table(
            heads, tuple(_cells(*row) for row in every), frozenset({1, 2, 3}), (*shares, 0.0)
        )

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()


def _cells(name: str, usd: Decimal, answers: int, unknown: int) -> tuple[str, ...]:
    """One row in words; what is wholly unknown is no sum of nothing."""
    cost = "—" if unknown == answers else f"${usd:.4f}"
    return (name, f"{answers:,}", cost, f"{unknown:,}" if unknown else "")


def summed(spent: Iterable[Spent], by: str) -> Costs:
    """What each group has cost.

    Args:
        spent: Answers.
        by: `model`, `day` or `notebook`.
    """
    sums: dict[str, _Sum] = {}
    for one in spent:
        group = sums.setdefault(_GROUPS[by](one), _Sum())
        group.usd += one.usd or 0
        group.answers += 1
        group.unknown += one.unknown
    rows = [(name, one.usd, one.answers, one.unknown) for name, one in sums.items()]
    rows.sort(key=lambda row: row[0] if by == "day" else (-row[1], row[0]))
    return Costs(by, tuple(rows))


def run(words: list[str], settings: ZenMux) -> None:
    """Carry out one line.

    Raises:
        ArgumentError: An option that there is not.
        SettingsError: The ledger is off, or cannot be read.
    """
    from IPython.display import display

    wanted = _PARSER.parse_args(words)
    with opened(settings) as store:
        found = store.costs(since_s(wanted.since)) if store else []
    if not found:
        say(f"Nothing was asked since {wanted.since}.")
        return
    display(summed(found, wanted.by))  # type: ignore[no-untyped-call]
