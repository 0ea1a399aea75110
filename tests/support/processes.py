"""Ending what was started, by its process group and nothing else."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess


def end_process(process: subprocess.Popen[bytes], patience_s: float = 5) -> None:
    """See a process to its end: a little patience, SIGTERM, a little more, SIGKILL.

    It must have been started with `start_new_session=True`: what it left running in its group is
    killed with it.
    """
    group = process.pid
    for wanted in (None, signal.SIGTERM, signal.SIGKILL):
        if wanted:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, wanted)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
