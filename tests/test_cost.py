"""What answers cost: by hand, and as the prices of a catalogue say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.catalogue import CATALOGUE
from zenmux_magic.cost import Cost, Prices, Tier, cost
from zenmux_magic.events import Usage
from zenmux_magic.models.model import read

PRICES = {model.id: model.prices for model in read(CATALOGUE)}
GPT, SONNET = PRICES["openai/gpt-5"], PRICES["anthropic/claude-sonnet-4.5"]
CACHED = Prices(
    prompt=(Tier(Decimal(3)),), completion=(Tier(Decimal(10)),), cache_read=(Tier(Decimal(1)),)
)
THINKS = Prices(
    prompt=(Tier(Decimal(1)),), completion=(Tier(Decimal(2)),), reasoning=(Tier(Decimal(5)),)
)


def used(prompt: int | None, completion: int | None, **more: int) -> Usage:
    return Usage(prompt_tokens=prompt, completion_tokens=completion, **more)


@pytest.mark.parametrize(
    ("prices", "usage", "usd"),
    [
        # 1,000 × $1.25/M + 500 × $10/M
        (GPT, used(1000, 500), "0.00625"),
        # Up to 200k: 199,999 × $3/M + 100 × $15/M. From there: 200,000 × $6/M + 100 × $22.5/M
        (SONNET, used(199_999, 100), "0.601497"),
        (SONNET, used(200_000, 100), "1.20225"),
        # 100 tokens, of which 40 from the cache: 60 × 3 + 40 × 1 + 10 × 10
        (CACHED, used(100, 10, cached_tokens=40), "320"),
        # No price for the cache: all at the prompt's. 1,000,000 × $1.25/M
        (GPT, used(1_000_000, 0, cached_tokens=999_999), "1.25"),
        # Reasoning inside the count: 1,679 of which 1,600. 100 × $1.25/M + 1,679 × $10/M
        (GPT, used(100, 1679, reasoning_tokens=1600, total_tokens=1779), "0.016915"),
        # Reasoning outside it: 783 + 86, total 8,005. 783 × $1.25/M + 7,222 × $10/M
        (GPT, used(783, 86, reasoning_tokens=7136, total_tokens=8005), "0.07319875"),
        # A price of its own for reasoning: 10 × 1 + 3 × 2 + 7 × 5
        (THINKS, used(10, 10, reasoning_tokens=7), "51"),
    ],
)
def test_by_hand(prices: Prices, usage: Usage, usd: str) -> None:
    assert cost(prices, usage) == Cost(Decimal(usd))


@pytest.mark.parametrize(
    ("prices", "usage"),
    [
        (None, used(1, 1)),
        (PRICES["demo/echo"], used(1, 1)),
        (Prices(prompt=(Tier(Decimal(1)),)), used(1, 1)),
        (Prices(prompt=(Tier(Decimal(1), 100),), completion=(Tier(Decimal(1)),)), used(99, 1)),
        (GPT, used(None, 1)),
        (GPT, used(1, None)),
    ],
)
def test_unknown_is_never_nothing(prices: Prices | None, usage: Usage) -> None:
    assert cost(prices, usage) == Cost(None, unknown=True)


RATE = {"value": 3, "unit": "perMTokens", "currency": "USD"}


@pytest.mark.parametrize(
    "tier",
    [
        {**RATE, "currency": "CNY"},
        {**RATE, "unit": "perCount"},
        {**RATE, "value": "free"},
        {**RATE, "value": None},
    ],
)
def test_a_price_in_anything_else_is_unknown(tier: dict[str, Any]) -> None:
    [model] = read([{"id": "a/x", "pricings": {"prompt": [tier], "completion": [RATE]}}])
    assert cost(model.prices, used(1, 1)) == Cost(None, unknown=True)


def test_conditions_may_be_missing_or_null() -> None:
    tiers = [{**RATE, "conditions": None}]
    [model] = read([{"id": "a/x", "pricings": {"prompt": tiers, "completion": [RATE]}}])
    assert cost(model.prices, used(1_000_000, 1_000_000)) == Cost(Decimal(6))
