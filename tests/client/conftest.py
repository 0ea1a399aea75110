"""Fixtures of the client's tests: each transport, and a request to the stand-in gateway."""

from __future__ import annotations

import pytest

from tests.client.asking import (
    PROXIES,
    TRANSPORTS,
)
from tests.support.gateway import (
    Gateway,
)
from zenmux_magic.request import Request, TransportName


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> TransportName:
    found: TransportName = request.param
    return found


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def asked(gateway: Gateway, transport: TransportName) -> Request:
    """A request to the stand-in, to be varied."""
    return Request(
        "demo/echo",
        ({"role": "user", "content": "Hi"},),
        base_url=gateway.base_url,
        transport=transport,
        timeout_s=60.0,
        first_byte_timeout_s=10.0,
    )
