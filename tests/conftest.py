"""Fixtures for all tests; each starts what it names at its first use and ends it after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.gateway import KEY, Gateway
from tests.support.kernel import Kernel

StartKernel = Callable[..., Kernel]


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A stand-in gateway of this test's own, with the key `tests.support.gateway.KEY`."""
    with Gateway() as running:
        yield running


@pytest.fixture
def start_kernel(tmp_path: Path) -> Iterator[StartKernel]:
    """Starts kernels with the given variables, `start_kernel(ZENMUX_API_KEY="…")`; ends them."""
    with ExitStack() as stack:

        def start(**wanted: str) -> Kernel:
            home = tmp_path / f"kernel-{len(list(tmp_path.glob('kernel-*')))}"
            home.mkdir()
            return stack.enter_context(Kernel(home, **wanted))

        yield start


@pytest.fixture
def kernel(start_kernel: StartKernel, gateway: Gateway) -> Kernel:
    """A kernel of this test's own that has the gateway's key and base URL."""
    return start_kernel(ZENMUX_API_KEY=KEY, ZENMUX_BASE_URL=gateway.base_url)
