"""How long readers rest: a few never, a crowd so long that its reads together stay few."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from zenmux_magic.client.rest import FEW, READS_PER_S, Rest


@pytest.mark.parametrize("readers", [1, FEW, FEW + 1, 20, 100, 1000])
def test_a_crowd_shares_its_reads(readers: int) -> None:
    rest = Rest()
    with ExitStack() as reading:
        for _ in range(readers):
            reading.enter_context(rest)
        beyond = readers - FEW
        assert rest.seconds == (beyond / READS_PER_S if beyond > 0 else 0)
    assert rest.seconds == 0
