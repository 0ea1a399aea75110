"""One GET that answers with JSON: the list of models, and whatever else is no stream.

In: a URL and a key. Out: plain data. Errors as for a stream: one line, no key.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from zenmux_magic.client import faults
from zenmux_magic.client.compression import CompressionError
from zenmux_magic.client.secret import Secret
from zenmux_magic.client.silence import Silence, Watch
from zenmux_magic.client.transports import (
    OwnHeaders,
    Response,
    is_loopback,
    keep_status,
    response_of,
)
from zenmux_magic.errors import ErrorInfo, exception_of

_TIMEOUT_S = 20.0
_LARGEST = 32_000_000  # bytes; the list of models has some 200,000


async def get_json(url: str, key: Secret | None) -> Any:
    """The JSON that a URL answers with.

    Raises:
        RequestError: No connection, an HTTP error status, or no JSON.
    """
    told = await _asked(url, key)
    if isinstance(told, ErrorInfo):
        raise exception_of(told)  # where no variable holds what the service said
    return told


async def _asked(url: str, key: Secret | None) -> Any:
    """The JSON, or what went wrong."""
    watch = Watch()
    try:
        async with httpx.AsyncClient(
            timeout=_TIMEOUT_S,
            trust_env=not is_loopback(url),
            event_hooks={
                "request": [OwnHeaders(key, "application/json")],
                "response": [keep_status],
            },
        ) as client:
            with watch.over(_TIMEOUT_S):
                async with client.stream("GET", url) as found:
                    response = response_of(found)
                    body = await _read(response)
        if 200 <= response.status < 300:
            return json.loads(body)
        return faults.from_response(
            response.status, response.headers, body, model="", url=url, key=key
        )
    except (ValueError, RecursionError):
        return ErrorInfo("ServiceError", f"{url} answered with no JSON. Check the base URL.")
    except CompressionError as problem:
        return ErrorInfo("ServiceError", f"{url} cannot be read: {problem}. Check the base URL.")
    except Silence:
        return faults.from_network(TimeoutError(), url=url, key=key)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
        return faults.from_network(problem, url=url, key=key)
    finally:
        watch.stop()


async def _read(response: Response) -> bytes:
    """The body as far as anybody means it."""
    body = bytearray()
    async for chunk in response.chunks:
        body += chunk
        if len(body) > _LARGEST:
            break
    return bytes(body)
