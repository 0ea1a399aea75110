"""A request that arrives while a reply is sent is read, with the ipykernels that could leave it."""

from __future__ import annotations

import ipykernel
import pytest

from tests.support.kernel import Kernel


@pytest.mark.skipif(
    not (7, 0) <= ipykernel.version_info[:2] < (7, 4),
    reason="only ipykernel 7.0 to 7.3 leave requests unread: `python -m tests.matrix` has one of them",
)
def test_requests_that_cross_replies_are_read(kernel: Kernel) -> None:
    """Without the mend, ipykernel 7.3 reads no more after some 300 of these rounds."""
    kernel.run("%load_ext zenmux_magic")
    for _ in range(1000):
        for cell in [kernel.start(str(number)) for number in range(3)]:
            assert kernel.finish(cell).status == "ok"
    kernel.run("%unload_ext zenmux_magic")
    assert kernel.run("1 + 1").result == "2"
