"""When a request is sent again, and after how long: one policy above both transports.

In: the error of an attempt that ended before the first token. Out: seconds to wait, or `None` for
never. The error's type decides before its status. What the user already has is never paid for twice:
after the first token nothing is sent again, and a connection lost after the service had accepted the
request is not either.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from zenmux_magic.errors import ErrorInfo

_STATUSES = frozenset({429, 500, 502, 503, 504, 520, 524})
_TRANSIENT = frozenset(
    {
        "rate_limit",
        "internal_server_error",
        "provider_api_error",
        "provider_error",
        "provider_internal_server_error",
        "no_provider_available",
    }
)
_FINAL = frozenset(
    {
        "access_denied",
        "insufficient_credit",
        "invalid_model",
        "invalid_params",
        "model_not_available",
        "model_not_supported",
        "provider_unprocessable_entity_error",
        "quote_exceeded",
        "reject_no_credit",
        "safety_check_failed",
    }
)
_LONGEST_S = 60.0
_FIRST_S = {"rate_limit": 2.0}


def worth_it(error: ErrorInfo) -> bool:
    """Whether an error of the service can be over at the next attempt."""
    if error.type in _FINAL:
        return False
    if error.status is None:
        return error.type in _TRANSIENT
    return error.status in _STATUSES


def delay_s(
    error: ErrorInfo, attempt: int, *, max_retries: int, retry_after_s: float | None, jitter: float
) -> float | None:
    """Seconds to wait before the next attempt.

    Args:
        error: Why the last attempt failed; already known to be worth another one.
        attempt: How many attempts there were, from 1.
        max_retries: How many more than the first are allowed.
        retry_after_s: What the service asked for.
        jitter: A number from 0 to 1 that spreads clients apart.

    Returns:
        The delay, or `None` if there is to be no further attempt.
    """
    if attempt > max_retries:
        return None
    if retry_after_s is not None:
        return retry_after_s if retry_after_s <= _LONGEST_S else None
    base = _FIRST_S.get(error.type or "", 2.0 if error.status == 429 else 0.5)
    return float(min(base * 2 ** (attempt - 1), _LONGEST_S) * (0.75 + 0.5 * jitter))


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """A `Retry-After` header in seconds: it holds a number or a date (RFC 9110, 10.2.3)."""
    value = (value or "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value, re.ASCII):
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the year 99999999999
        return None
    if when.tzinfo is None:  # "-0000" or no zone at all
        when = when.replace(tzinfo=timezone.utc)
    return max(0.0, (when - now).total_seconds())
