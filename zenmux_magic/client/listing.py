"""One GET that answers with JSON: the list of models, and whatever else is no stream.

In: a URL and a key. Out: plain data. Errors as for a stream: one line, no key.
"""

from __future__ import annotations

from typing import Any

import httpx

from zenmux_magic.client import faults
from zenmux_magic.client.secret import Secret
from zenmux_magic.client.transports import OwnHeaders, is_loopback
from zenmux_magic.errors import ErrorInfo, exception_of

_TIMEOUT_S = 20.0


async def get_json(url: str, key: Secret | None) -> Any:
    """The JSON that a URL answers with.

    Raises:
        RequestError: No connection, an HTTP error status, or no JSON.
    """
    error: ErrorInfo
    try:
        async with httpx.AsyncClient(
            timeout=_TIMEOUT_S,
            trust_env=not is_loopback(url),
            event_hooks={"request": [OwnHeaders(key, "application/json")]},
        ) as client:
            response = await client.get(url)
        if response.is_success:
            return response.json()
        error = faults.from_response(
            response.status_code, response.headers, response.content, model="", url=url, key=key
        )
    except ValueError:
        error = ErrorInfo("ServiceError", f"{url} answered with no JSON. Check the base URL.")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
        error = faults.from_network(problem, url=url, key=key)
    raise exception_of(error)
