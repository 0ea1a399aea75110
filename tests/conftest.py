"""Fixtures for all tests; each starts what it names at its first use and ends it after."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.gateway import Gateway


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A stand-in gateway of this test's own, with the key `tests.support.gateway.KEY`."""
    with Gateway() as running:
        yield running
