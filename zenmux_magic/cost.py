"""What an answer costs, from prices and token counts: always an estimate, never 0 for "unknown".

In: `Prices` of a model and the `Usage` of an answer. Out: a `Cost`. Pure: where prices come from is
for the catalogue to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from zenmux_magic.events import Usage


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


@dataclass(frozen=True)
class Tier:
    """A price and for which prompts it holds.

    Attributes:
        usd: US dollars a token.
        least: For prompts of at least so many tokens.
        below: For prompts of fewer tokens than this; `None` for no bound.
    """

    usd: Decimal
    least: int = 0
    below: int | None = None


@dataclass(frozen=True)
class Prices:
    """What a model costs; an empty tuple is a price that nobody told.

    Attributes:
        prompt: Of a token that is sent.
        completion: Of a token that is generated.
        cache_read: Of a prompt's token that came from the provider's cache; if not told, `prompt`.
        reasoning: Of a token of reasoning; if not told, `completion`.
    """

    prompt: tuple[Tier, ...] = ()
    completion: tuple[Tier, ...] = ()
    cache_read: tuple[Tier, ...] = ()
    reasoning: tuple[Tier, ...] = ()


def cost(prices: Prices | None, usage: Usage) -> Cost:
    """What an answer cost.

    Generated are `usage.output_tokens`, the larger of the reported count and total − prompt, because
    vendors differ on whether reasoning is in the count.

    Args:
        prices: The model's; `None` if there are none.
        usage: What was used; nothing can be said without the prompt's tokens.
    """
    sent, generated = usage.prompt_tokens, usage.output_tokens
    if prices is None or sent is None or generated is None:
        return Cost(unknown=True)
    prompt, completion = _at(prices.prompt, sent), _at(prices.completion, sent)
    if prompt is None or completion is None:
        return Cost(unknown=True)
    cached = min(usage.cached_tokens or 0, sent)
    thought = min(usage.reasoning_tokens or 0, generated)
    read = _at(prices.cache_read, sent)
    reasoning = _at(prices.reasoning, sent)
    return Cost(
        (sent - cached) * prompt
        + cached * (prompt if read is None else read)
        + (generated - thought) * completion
        + thought * (completion if reasoning is None else reasoning)
    )


def _at(tiers: tuple[Tier, ...], prompt_tokens: int) -> Decimal | None:
    """The price that holds for a prompt of this length."""
    for tier in tiers:
        if tier.least <= prompt_tokens and (tier.below is None or prompt_tokens < tier.below):
            return tier.usd
    return None
