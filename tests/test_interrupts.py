"""An interrupt at every moment of a synchronous cell, and of a connection: nothing is lost or hangs."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.environment import environment
from tests.support.front_ends import with_key
from tests.support.gateway import KEY, Gateway, Reply, WaitFor, streaming
from zenmux_magic.asking import Call
from zenmux_magic.client import Secret
from zenmux_magic.engine import Engine
from zenmux_magic.interrupts import Interrupts
from zenmux_magic.request import Request
from zenmux_magic.run import Answer
from zenmux_magic.views import Controls, NullView

# From which call of `run.py` on, after how many steps of Python: some while the request begins, and
# each of those in which the cell waits (some of them took locks that the engine needs).
MOMENTS = [*(("__init__", n) for n in range(1, 200, 8)), *(("result", n) for n in range(1, 25))]
PROGRAM = f"""
import signal, sys
from IPython.core.interactiveshell import InteractiveShell
from zenmux_magic.errors import Interrupted

shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "zenmux_magic")
ask = shell.magics_manager.registry["ZenMuxMagics"].cell

def interrupting(call, step):
    begun = passed = 0
    def trace(frame, event, value):
        nonlocal begun, passed
        code = frame.f_code
        begun = begun or (code.co_name == call and code.co_filename.endswith("run.py"))
        passed += bool(begun)
        if passed == step:
            signal.raise_signal(signal.SIGINT)
        return trace
    return trace

ask("--quiet", "whole")
for call, step in {MOMENTS}:
    shell.user_ns["a"] = None
    sys.settrace(interrupting(call, step))
    try:
        ask("--quiet -o a", "held")
        ended = "not interrupted"
    except Interrupted:
        ended = shell.user_ns["a"].error.kind
    finally:
        sys.settrace(None)
    print((call, step), ended, flush=True)
ask("--quiet -o a", "whole")
print(shell.user_ns["a"].text)
"""


def test_at_every_step_of_a_synchronous_cell(gateway: Gateway, tmp_path: Path) -> None:
    never = threading.Event()
    whole = streaming("All of it.")
    held = Reply(200, {}, [*whole.steps[:2], WaitFor(never)])
    gateway.route = lambda asked: held if "held" in asked.prompt else whole
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env=environment(tmp_path, **with_key(gateway.base_url)),
        timeout=300,
        capture_output=True,
        text=True,
    )
    *ended, last = done.stdout.splitlines()[-len(MOMENTS) - 1 :]
    assert ended == [f"{moment} Interrupted" for moment in MOMENTS], done.stderr
    assert last == "All of it."


@pytest.fixture
def engine() -> Iterator[Engine]:
    running = Engine()
    yield running
    running.stop()


class Interrupting(NullView):
    """Interrupts after so many turns of the engine's loop."""

    def __init__(self, turns: int) -> None:
        self._turns = turns

    def open(self, requests: Sequence[Request], controls: Controls) -> None:
        self._answer = controls
        asyncio.get_running_loop().call_soon(self._turn, self._turns)

    def _turn(self, left: int) -> None:
        assert isinstance(self._answer, Answer)
        if left:
            asyncio.get_running_loop().call_soon(self._turn, left - 1)
        else:
            self._answer.interrupt()


# An old anyio leaves what it was opening to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_while_a_connection_opens(engine: Engine, gateway: Gateway) -> None:
    """In one of these turns anyio takes the cancellation for its own, and goes on."""
    never = threading.Event()
    gateway.default = Reply(200, {}, [WaitFor(never)])
    request = Request("a/x", (), base_url=gateway.base_url, transport="direct")
    try:
        for turns in range(20):
            ended = threading.Event()
            answer = Answer(engine, [Call(request, Secret(KEY))], Interrupting(turns))
            answer.when_done(ended.set)
            assert ended.wait(60), f"not ended when interrupted after {turns} turns of the loop"
            [completion] = answer.result()
            assert completion.error is not None
            assert completion.error.kind == "Interrupted"
    finally:
        never.set()


def test_the_first_is_told_and_the_second_does_what_it_did() -> None:
    before = signal.getsignal(signal.SIGINT)
    told: list[str] = []
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGINT)
        assert interrupts.came
        interrupts.tell(lambda: told.append("at once"))
        assert told == ["at once"]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert told == ["at once"]
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            signal.raise_signal(signal.SIGINT)
            assert not interrupts.came
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_has_none_to_hear() -> None:
    before = signal.getsignal(signal.SIGINT)
    heard: list[object] = []

    def work() -> None:
        with Interrupts():
            heard.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert heard == [before]
