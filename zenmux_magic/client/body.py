"""Values → JSON: a `Request` in, the body to send out. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from zenmux_magic.errors import ArgumentError
from zenmux_magic.request import Request


def body(request: Request) -> dict[str, Any]:
    """The JSON body: nothing is in it that was not asked for, but for what streaming needs.

    Raises:
        ArgumentError: It cannot be written as JSON.
    """
    fields: dict[str, Any] = {
        "model": request.model,
        "messages": [dict(message) for message in request.messages],
        "stream": True,
        **request.params,
    }
    if fields["stream"] is True and "usage" not in fields:  # else the gateway refuses it
        fields.setdefault("stream_options", {"include_usage": True})
    encoded(fields)
    return fields


def encoded(fields: Mapping[str, Any]) -> bytes:
    """A body as bytes.

    Raises:
        ArgumentError: It cannot be written as JSON.
    """
    try:
        return json.dumps(
            fields, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode()
    except (TypeError, ValueError, RecursionError) as error:
        problem = str(error)
    raise ArgumentError(f"The request cannot be written as JSON: {problem}. Mend -p or the prompt.")
