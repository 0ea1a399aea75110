"""Figures as people write them: money and times, for every view alike.

In: numbers. Out: short texts. An unknown number is never a 0.
"""

from __future__ import annotations

from decimal import Decimal

from zenmux_magic.cost import Cost

_CENT = Decimal("0.01")


def dollars(cost: Cost) -> str:
    """An estimate in US dollars: `≈ $0.0031`, `≈ $1.20`, `price unknown`; empty if nothing is charged."""
    if cost.usd is None:
        return "price unknown" if cost.unknown else ""
    if cost.usd >= 1:
        return f"≈ ${cost.usd.quantize(_CENT):,f}"
    if cost.usd == 0:
        return "≈ $0"
    # Two significant digits, and never the notation with an exponent.
    shown = cost.usd
    for _ in range(2):  # once more where rounding up has brought another digit
        shown = shown.quantize(Decimal(1).scaleb(shown.adjusted() - 1))
    return f"≈ ${max(shown, Decimal('0.000001')):f}"


def seconds(value: float) -> str:
    """A time as people write it: 0.31 s, 6.3 s, 2 min 5 s."""
    if value >= 60:
        return f"{int(value // 60)} min {int(value % 60)} s"
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"
