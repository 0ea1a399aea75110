"""Whose turn it is: places under way, a window of requests, first come first served."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from zenmux_magic.limiter import Limiter, shared

WINDOW_S = 0.2


class Clock:
    """Seconds of the running loop, counted."""

    def __call__(self) -> float:
        return asyncio.get_running_loop().time()


async def ask(limiter: Limiter, name: str, log: list[str], go: asyncio.Event) -> None:
    async with limiter.turn(lambda wait_s: log.append(f"{name} queued")):
        log.append(f"{name} sent")
        await go.wait()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_no_more_under_way_than_there_are_places() -> None:
    async def main() -> list[str]:
        limiter, log, go = Limiter(2), [], asyncio.Event()
        tasks = [asyncio.create_task(ask(limiter, name, log, go)) for name in "abcd"]
        await settled()
        log.append("go")
        go.set()
        await asyncio.gather(*tasks)
        return log

    assert asyncio.run(main()) == [
        *("a sent", "b sent", "c queued", "d queued", "go", "c sent", "d sent"),
    ]


def test_no_more_leave_within_a_window() -> None:
    async def main() -> tuple[list[str], list[float], list[float | None]]:
        limiter = Limiter(9, 2, window_s=WINDOW_S, clock=Clock())
        log, left, told = [], [], []

        async def one(name: str) -> None:
            async with limiter.turn(told.append):
                left.append(asyncio.get_running_loop().time())
                log.append(name)

        await asyncio.gather(*(one(name) for name in "abcde"))
        return log, left, told

    log, left, told = asyncio.run(main())
    assert log == list("abcde")
    assert all(left[n + 2] - left[n] >= WINDOW_S for n in range(3))
    assert told == pytest.approx([WINDOW_S, WINDOW_S, 2 * WINDOW_S], abs=WINDOW_S / 2)


def test_an_attempt_of_one_under_way_counts() -> None:
    async def main() -> list[str]:
        limiter, log = Limiter(1, 2, window_s=WINDOW_S, clock=Clock()), []
        async with limiter.turn(lambda _: log.append("queued")):
            await limiter.again(lambda _: log.append("again queued"))
            log.append("second")
            await limiter.again(lambda _: log.append("again queued"))
            log.append("third")
        return log

    assert asyncio.run(main()) == ["second", "again queued", "third"]


def test_who_sends_again_waits_behind_nobody_who_needs_a_place() -> None:
    async def main() -> list[str]:
        limiter, log = Limiter(1), []
        async with limiter.turn(lambda _: log.append("queued")):
            queued = asyncio.create_task(ask(limiter, "b", log, asyncio.Event()))
            await settled()
            await asyncio.wait_for(limiter.again(lambda _: log.append("again queued")), 10)
            log.append("again sent")
        await settled()
        queued.cancel()
        return log

    assert asyncio.run(main()) == ["b queued", "again sent", "b sent"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python warns about any fork with threads")
def test_a_forked_child_waits_for_nobody_of_its_parent() -> None:
    ours = shared("somebody", 1, 0)
    assert shared("somebody", 1, 0) is ours
    child = os.fork()
    if child == 0:
        os._exit(int(shared("somebody", 1, 0) is ours))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_one_that_is_cancelled_with_the_one_it_waits_for() -> None:
    async def main() -> tuple[int, list[object]]:
        limiter, log, never = Limiter(1), [], asyncio.Event()
        tasks = [asyncio.create_task(ask(limiter, name, log, never)) for name in "abc"]
        await settled()
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        async with limiter.turn(lambda _: log.append("queued")):
            return len(log), [type(end) for end in ends]

    assert asyncio.run(main()) == (3, [asyncio.CancelledError] * 3)


@pytest.mark.parametrize("place", [1, 2])
def test_who_leaves_the_queue_holds_nobody_up(place: int) -> None:
    async def main() -> list[str]:
        limiter, log, go = Limiter(1), [], asyncio.Event()
        tasks = [asyncio.create_task(ask(limiter, name, log, go)) for name in "abc"]
        await settled()
        tasks[place].cancel()
        go.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with limiter.turn(lambda _: log.append("queued")):
            log.append("free")
        return log

    other = {1: "c", 2: "b"}[place]
    assert asyncio.run(main())[3:] == [f"{other} sent", "free"]


def test_who_is_cancelled_as_its_turn_comes_gives_it_back() -> None:
    async def main() -> list[str]:
        limiter, log, go = Limiter(1), [], asyncio.Event()
        first = asyncio.create_task(ask(limiter, "a", log, go))
        await settled()
        second = asyncio.create_task(ask(limiter, "b", log, go))
        await settled()
        go.set()
        await first  # its end has given the turn to the second, which has not run yet
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        async with limiter.turn(lambda _: log.append("queued")):
            log.append("free")
        return log

    assert asyncio.run(main())[-1] == "free"
