"""Fixtures for all tests; each starts what it names at its first use and ends it after.

Tests that use `lab` or `notebook_page` carry the marker `browser`: `-m "not browser"` leaves them
out. Without a browser they are skipped, under `CI=true` they fail.

Hypothesis tries the same examples in every run; `ZENMUX_TEST_SEARCH=1` looks for new ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.gateway import KEY, Gateway

if TYPE_CHECKING:  # Playwright is not installed everywhere, and neither import is quick
    from tests.support.kernel import Kernel
    from tests.support.lab import Lab, NotebookPage

    StartKernel = Callable[..., Kernel]


# A red run can be had again, and a busy machine is no fault of the code's.
settings.register_profile(
    "suite",
    deadline=None,
    derandomize=os.environ.get("ZENMUX_TEST_SEARCH") != "1",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs JupyterLab and Chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "lab_session" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test writes into the ledger of whoever runs it; tests of the ledger name one."""
    monkeypatch.setenv("ZENMUX_LEDGER", "off")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A stand-in gateway of this test's own, with the key `tests.support.gateway.KEY`."""
    with Gateway() as running:
        yield running


@pytest.fixture
def start_kernel(tmp_path: Path) -> Iterator[StartKernel]:
    """Starts kernels with the given variables, `start_kernel(ZENMUX_API_KEY="…")`; ends them."""
    from tests.support.kernel import Kernel

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


@pytest.fixture(scope="session")
def lab_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The one JupyterLab and Chromium of the run; tests take `lab`."""
    running = _start_lab(tmp_path_factory.mktemp("lab"))
    if isinstance(running, str):
        # Skipped on a person's machine; failed where nobody would see that it was skipped.
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(running)
    yield running
    running.close()


def _start_lab(home: Path) -> Lab | str:
    """Server and browser, or why there can be none."""
    try:
        import jupyterlab  # type: ignore[import-untyped]  # noqa: F401 (started by its name)

        from tests.support.browser import BrowserMissingError
        from tests.support.lab import Lab
    except ModuleNotFoundError as missing:
        return f"no package {missing.name}: `pip install -e '.[test]'`"
    try:
        return Lab(home)
    except BrowserMissingError as missing:
        return str(missing)


@pytest.fixture
def lab(lab_session: Lab) -> Iterator[Lab]:
    """JupyterLab for this test: `lab.open(cells, env=…)`; its pages and kernels are put away."""
    with lab_session.browser.lent():
        yield lab_session
        lab_session.end_test()


@pytest.fixture
def notebook_page(lab: Lab, gateway: Gateway) -> Callable[..., NotebookPage]:
    """`lab.open`, with kernels that have the gateway's key and base URL (more by `env=`)."""

    def open_page(cells: Any, *, env: dict[str, str] | None = None, **options: Any) -> NotebookPage:
        own = {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": gateway.base_url}
        return lab.open(cells, env={**own, **(env or {})}, **options)

    return open_page
