"""Answers that go on while other cells run.

In: a live `Answer` and the variables that stand for it. Out: the same variables, which hold the
`Completion` (of several models, the `Comparison`) once it is there. It starts nothing: it lets run,
binds, and stops.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zenmux_magic.run import Answer


class Background:
    """The answers of one shell that no cell waits for.

    Args:
        shell: The shell whose variables are bound.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._running: list[Answer] = []

    def add(self, answer: Answer, names: Iterable[str]) -> None:
        """Bind a live answer, and what comes of it when it is there."""
        bound = tuple(names)
        self._shell.push(dict.fromkeys(bound, answer), interactive=False)
        self._running.append(answer)
        answer.when_done(lambda: self._bind(answer, bound))

    def stop(self) -> int:
        """Stop them all; what has come is kept.

        Returns:
            How many there were.
        """
        running = [answer for answer in list(self._running) if not answer.done]
        for answer in running:
            answer.stop()
        return len(running)

    def _bind(self, answer: Answer, names: tuple[str, ...]) -> None:
        from zenmux_magic.run import value_of

        self._running.remove(answer)
        try:
            value = value_of(answer.result())
        except CancelledError:
            return  # the engine was stopped before it began
        variables = self._shell.user_ns
        for name in names:
            if variables.get(name) is answer:  # the user may have put something else there
                variables[name] = value
