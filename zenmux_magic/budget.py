"""How much may be spent: by this kernel, and in a day.

In: what answers have cost, estimated. Out: a warning at four fifths, a refusal at the whole. It is
advice to oneself: costs are estimates, and whoever can set a budget can raise it.
"""

from __future__ import annotations

import sys
from datetime import datetime
from decimal import Decimal

from zenmux_magic import ledger
from zenmux_magic.errors import SettingsError
from zenmux_magic.said import say
from zenmux_magic.settings import ZenMux

_WARNED_AT = Decimal("0.8")
_spent = Decimal(0)  # by this kernel


def spend(usd: Decimal) -> None:
    """Count what an answer has cost, in US dollars."""
    global _spent  # a kernel has one purse
    _spent += usd


def check(settings: ZenMux) -> None:
    """Say that a budget comes to its end, or refuse what would go on beyond it.

    Raises:
        SettingsError: It is spent.
    """
    if settings.budget_usd:
        _compare(_spent, settings.budget_usd, "This kernel", "budget_usd")
    if settings.budget_usd_day:
        here = ledger.of(settings)
        if here is None:
            raise SettingsError(
                "ZenMux.budget_usd_day counts what the ledger has, and the ledger is off."
                " Turn it on (unset ZENMUX_LEDGER), or set budget_usd_day = 0."
            )
        midnight = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
        spent = here.spent_usd(midnight.timestamp())
        _compare(spent, settings.budget_usd_day, "Today", "budget_usd_day")


def _compare(spent: Decimal, budget: float, who: str, trait: str) -> None:
    most = Decimal(str(budget))
    said = f"{who} has spent ≈ ${spent:.4f} of ${most} (ZenMux.{trait})."
    if spent >= most:
        enough = float(2 * max(spent, most))
        raise SettingsError(f"{said} To go on, raise it: %config ZenMux.{trait} = {enough:.2g}.")
    if spent >= _WARNED_AT * most:
        say(said, sys.stderr)
