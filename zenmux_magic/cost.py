"""What an answer costs, from prices and token counts: always an estimate, never 0 for "unknown".

In: `Prices` of a model and the `Usage` of an answer. Out: a `Cost`. Pure: where prices come from is
for the catalogue to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Cost:
    """What some tokens cost.

    Attributes:
        usd: US dollars, estimated; `None` where unknown, and where nothing is charged by the token.
        unknown: Whether it is charged by the token, at a price that nobody told.
    """

    usd: Decimal | None = None
    unknown: bool = False


NOTHING = Cost()
