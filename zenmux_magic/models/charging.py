"""What a call costs: which prices hold for it, and whether any do.

In: the settings and where a call goes. Out: a function from a model and its usage to a `Cost`,
quick, and without a request of its own on the way.
"""

from __future__ import annotations

from collections.abc import Callable

from zenmux_magic.client.transports import is_loopback
from zenmux_magic.cost import NOTHING, Cost, cost
from zenmux_magic.events import Usage
from zenmux_magic.models.catalogue import kept, refresh_soon
from zenmux_magic.settings import SUBSCRIPTION, ZenMux


def pricing(settings: ZenMux, base_url: str) -> Callable[[str, Usage], Cost]:
    """The price of what is asked at a base URL.

    A subscription is not charged by the token; nor is a service whose list names no price, or of
    which no list is kept and that is on this machine. A model without a price there is unknown.

    Args:
        settings: What tells the service that the key belongs to.
        base_url: Where a call goes.
    """
    if base_url != settings.home_url() or _subscribed(settings):
        return lambda model, usage: NOTHING
    here = is_loopback(base_url)
    if not here:
        refresh_soon(base_url)

    def price(model: str, usage: Usage) -> Cost:
        known = kept(base_url)
        if known is None:
            return NOTHING if here else Cost(unknown=True)
        if all(one.prices is None for one in known):
            return NOTHING
        one = known.find(model)
        return cost(one.prices if one else None, usage)

    return price


def _subscribed(settings: ZenMux) -> bool:
    found = settings.key()
    return found is not None and found.secret.reveal().startswith(SUBSCRIPTION)
