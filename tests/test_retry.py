"""When a request is sent again, and after how long."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from zenmux_magic.client.retry import delay_s, retry_after_s, worth_it
from zenmux_magic.errors import ErrorInfo

NOW = datetime(2026, 8, 1, 12, 0, 0, tzinfo=timezone.utc)


def refused(status: int | None = None, kind: str | None = None) -> ErrorInfo:
    return ErrorInfo("ServiceError", "said so", kind, status)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 520, 524])
def test_these_may_be_over_next_time(status: int) -> None:
    assert worth_it(refused(status))
    assert worth_it(refused(status, "a_type_never_heard_of"))


@pytest.mark.parametrize(
    "status", [301, 400, 401, 402, 403, 404, 405, 408, 409, 413, 418, 422, 501]
)
def test_these_stay(status: int) -> None:
    assert not worth_it(refused(status))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, "invalid_model"),
        (500, "model_not_available"),
        (500, "model_not_supported"),
        (500, "invalid_params"),
        (502, "provider_unprocessable_entity_error"),
        (503, "safety_check_failed"),
        (429, "insufficient_credit"),
        (429, "reject_no_credit"),
        (429, "quote_exceeded"),
        (500, "access_denied"),
    ],
)
def test_the_type_says_that_it_is_final(status: int, kind: str) -> None:
    assert not worth_it(refused(status, kind))


@pytest.mark.parametrize("kind", ["rate_limit", "provider_error", "no_provider_available"])
def test_an_error_event_without_a_status_is_judged_by_its_type(kind: str) -> None:
    assert worth_it(refused(None, kind))


def test_an_error_event_that_says_nothing_is_final() -> None:
    assert not worth_it(refused())


def test_a_transient_type_does_not_make_a_refusal_transient() -> None:
    assert not worth_it(refused(400, "provider_error"))


def waits(error: ErrorInfo, jitter: float, asked: float | None = None) -> list[float | None]:
    return [
        delay_s(error, attempt, max_retries=3, retry_after_s=asked, jitter=jitter)
        for attempt in (1, 2, 3, 4)
    ]


@pytest.mark.parametrize(
    ("error", "jitter", "expected"),
    [
        (refused(502), 0.5, [0.5, 1.0, 2.0, None]),
        (refused(502), 0.0, [0.375, 0.75, 1.5, None]),
        (refused(502), 1.0, [0.625, 1.25, 2.5, None]),
        (refused(429), 0.5, [2.0, 4.0, 8.0, None]),
        (refused(None, "rate_limit"), 0.5, [2.0, 4.0, 8.0, None]),
    ],
)
def test_waits_double_and_spread(
    error: ErrorInfo, jitter: float, expected: list[float | None]
) -> None:
    assert waits(error, jitter) == expected


def test_the_service_says_how_long() -> None:
    assert waits(refused(429), 0.9, asked=7.0) == [7.0, 7.0, 7.0, None]
    assert waits(refused(429), 0.9, asked=0.0) == [0.0, 0.0, 0.0, None]


def test_longer_than_a_person_waits_is_never() -> None:
    assert waits(refused(429), 0.5, asked=60.1) == [None] * 4


def test_a_wait_has_a_longest() -> None:
    assert delay_s(refused(429), 9, max_retries=99, retry_after_s=None, jitter=0.5) == 60.0


def test_no_retries_wanted() -> None:
    assert delay_s(refused(429), 1, max_retries=0, retry_after_s=1.0, jitter=0.5) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("0.25", 0.25),
        ("Sat, 01 Aug 2026 12:00:20 GMT", 20.0),
        ("Sat, 01 Aug 2026 14:00:20 +0200", 20.0),
        ("Sat, 01 Aug 2026 12:00:20 -0000", 20.0),
        ("Sat, 01 Aug 2026 12:00:20", 20.0),
        ("Sat, 01 Aug 2026 11:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("nan", None),
        ("inf", None),
        ("1e3", None),
        ("٧", None),
        ("9" * 400, None),
        ("Sat, 99 Aug 2026 12:00:20 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value, NOW) == seconds
