"""Every fault of the bench in a real kernel, through both transports; the table is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faultbench import rows_events, rows_http, rows_refusals
from tests.faultbench.cells import Bench, Verdict
from tests.faultbench.row import Row
from tests.faultbench.table import table
from tests.support.gateway import KEY, Gateway
from tests.support.kernel import Kernel

ROWS: list[Row] = [*rows_refusals.ROWS, *rows_http.ROWS, *rows_events.ROWS]
TRANSPORTS = ("openai", "direct")
TABLE = Path(__file__).parent / "tables" / "faults.md"


@pytest.fixture(scope="module", params=TRANSPORTS)
def bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    with Gateway() as gateway, Gateway(check_key=False) as elsewhere:
        environment = {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": gateway.base_url}
        with Kernel(tmp_path_factory.mktemp("kernel"), **environment) as kernel:
            yield Bench(kernel, gateway, elsewhere, request.param)
            kernel.run("shared().stop()")
            gateway.wait_closed(0)


@pytest.fixture(scope="module")
def green() -> Counter[str]:
    """The rows that were green, by name."""
    return Counter()


def test_names_are_names() -> None:
    assert [name for name, count in Counter(row.name for row in ROWS).items() if count > 1] == []


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_fault(bench: Bench, row: Row, green: Counter[str]) -> None:
    verdict: Verdict = bench.play(row)
    assert not verdict.wrong, "\n".join(verdict.wrong)
    green[row.name] += 1


def test_the_table_is_written(green: Counter[str]) -> None:
    if sum(green.values()) < len(ROWS) * len(TRANSPORTS):
        pytest.skip("only part of the rows ran, or some were red: the table stays as it was")
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(table(ROWS, TRANSPORTS), encoding="utf-8")
