"""One model of a catalogue as a value, read from what the service says of it.

In: an entry of `GET /models`. Out: a `Model`. What is missing or malformed there is unknown here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from zenmux_magic.cost import Prices, Tier

_MILLION = Decimal(1_000_000)
_PRICES = {
    "prompt": "prompt",
    "completion": "completion",
    "cache_read": "input_cache_read",
    "reasoning": "internal_reasoning",
}


@dataclass(frozen=True)
class Model:
    """A model.

    Attributes:
        id: What `-m` takes, `<vendor>/<name>`.
        name: What people call it.
        context_length: Longest prompt and answer together, in tokens; `None` where not told.
        vision: Whether it reads images.
        reasoning: Whether it can think before it answers.
        created: When it came out, in Unix seconds; 0 where not told.
        prices: `None` where not told.
    """

    id: str
    name: str = ""
    context_length: int | None = None
    vision: bool = False
    reasoning: bool = False
    created: int = 0
    prices: Prices | None = None

    def price(self, what: str) -> Decimal | None:
        """US dollars per million tokens of a short prompt, of `prompt` or `completion`."""
        tiers = getattr(self.prices, what, ())
        return tiers[0].usd * _MILLION if tiers else None


def read(entries: Any) -> tuple[Model, ...]:
    """The models of a service's list that answer with text, in its order."""
    listed = entries if isinstance(entries, list) else []
    return tuple(_model(one) for one in listed if isinstance(one, dict) and _writes_text(one))


def _writes_text(entry: Mapping[str, Any]) -> bool:
    modalities = entry.get("output_modalities")
    return bool(entry.get("id")) and (not modalities or "text" in modalities)


def _model(entry: Mapping[str, Any]) -> Model:
    context, created = entry.get("context_length"), entry.get("created")
    able = entry.get("capabilities")
    return Model(
        id=str(entry["id"]),
        name=str(entry.get("display_name") or ""),
        context_length=context if isinstance(context, int) else None,
        vision="image" in (entry.get("input_modalities") or ()),
        reasoning=isinstance(able, dict) and bool(able.get("reasoning")),
        created=created if isinstance(created, int) else 0,
        prices=_prices(entry.get("pricings")),
    )


def _prices(pricings: Any) -> Prices | None:
    if not isinstance(pricings, dict):
        return None
    return Prices(**{ours: _tiers(pricings.get(theirs)) for ours, theirs in _PRICES.items()})


def _tiers(listed: Any) -> tuple[Tier, ...]:
    tiers = [_tier(one) for one in listed or [] if isinstance(one, dict)]
    return () if None in tiers else tuple(tier for tier in tiers if tier is not None)


def _tier(entry: Mapping[str, Any]) -> Tier | None:
    """A tier in dollars a token; `None` if it is in anything else."""
    if entry.get("unit") != "perMTokens" or entry.get("currency", "USD") != "USD":
        return None
    try:
        usd = Decimal(str(entry.get("value"))) / _MILLION
    except InvalidOperation:
        return None
    bounds = (entry.get("conditions") or {}).get("prompt_tokens") or {}
    factor = 1000 if bounds.get("unit") == "kTokens" else 1
    below = bounds.get("lt")
    return Tier(
        usd, int(bounds.get("gte", 0) * factor), None if below is None else int(below * factor)
    )
