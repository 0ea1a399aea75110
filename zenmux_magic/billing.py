"""What an answer really cost: the gateway knows it some minutes later.

In: the id of a generation. Out: a `Bill`. The shape of what the gateway says is that of its own
documentation (*Get generation*).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from zenmux_magic.attentive import attentive
from zenmux_magic.client.listing import get_json
from zenmux_magic.client.secret import redact_data
from zenmux_magic.completion import Completion
from zenmux_magic.engine import shared
from zenmux_magic.errors import RequestError, SettingsError, exception_of
from zenmux_magic.frontend import settings_here


@dataclass(frozen=True)
class Bill:
    """What was charged.

    Attributes:
        usd: US dollars; `None` where nothing is charged by the token, as with a subscription.
        tokens: The provider's own counts, by their names there.
        said: All that the gateway said.
    """

    usd: Decimal | None
    tokens: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict, repr=False)


async def billed(completion: Completion) -> Bill:
    """Ask the gateway for the bill of an answer; it is ready some minutes after the answer.

    Raises:
        SettingsError: The answer has no id, or there is no key for where it came from.
        RequestError: The gateway does not say, or not yet.
    """
    settings = settings_here()
    if not completion.id:
        raise SettingsError(
            "This answer has no id, so nobody can say what it cost. cost_usd is what it was estimated at."
        )
    key = settings.key_for(completion.base_url)
    if key is None:
        raise SettingsError(f"There is no key for {completion.base_url}. Set ZENMUX_API_KEY.")
    url = f"{completion.base_url}/management/generation?id={quote(completion.id, safe='')}"
    problem: RequestError | None = None
    asked = asyncio.wrap_future(shared().submit(lambda _: get_json(url, key)))
    try:
        said = await attentive(asked)
    except RequestError as error:
        problem = error
    finally:
        asked.cancel()
    if problem is not None:
        if problem.error.status == 404:
            late = f"There is no bill of {completion.id} yet: it takes three to five minutes. Ask later."
            problem = exception_of(replace(problem.error, message=late))
        raise problem
    return read(redact_data(said, key))


def read(said: Any) -> Bill:
    """The bill in what the gateway says."""
    data: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    rating = data.get("ratingResponses")
    amount = rating.get("billAmount") if isinstance(rating, Mapping) else None
    tokens = data.get("nativeTokens")
    return Bill(
        _decimal(data.get("usage") if amount is None else amount),
        tokens if isinstance(tokens, Mapping) else {},
        data,
    )


def _decimal(value: Any) -> Decimal | None:
    try:
        return None if value is None or isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None
