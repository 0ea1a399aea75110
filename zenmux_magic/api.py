"""The Python interface: ask from code, with the same parameters as the magic.

In: a prompt and keyword arguments. Out: a `Completion`, or typed events as they come. It shows
nothing, raises what the magic shows, and uses the settings of the loaded extension, if there is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from os import PathLike
from typing import Any, get_args, overload

from zenmux_magic import plan, prompt
from zenmux_magic.arguments import LEVELS, Options, positive
from zenmux_magic.attentive import attentive
from zenmux_magic.comparison import Comparison
from zenmux_magic.completion import Completion
from zenmux_magic.engine import shared
from zenmux_magic.errors import ArgumentError, PromptError
from zenmux_magic.events import Event
from zenmux_magic.frontend import settings_here
from zenmux_magic.request import Request, TransportName
from zenmux_magic.run import Answer, failure_of, value_of
from zenmux_magic.views import Controls, NullView, View


@overload
async def ask(text: str, *, model: str | None = None, **options: Any) -> Completion: ...
@overload
async def ask(text: str, *, model: Sequence[str], **options: Any) -> Comparison: ...
async def ask(  # type: ignore[misc]  # the overloads leave the options to this signature
    text: str,
    *,
    model: str | Sequence[str] | None = None,
    system: str | None = None,
    file: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
    temperature: float | None = None,
    max_tokens: int | None = None,
    reasoning: str | None = None,
    param: Mapping[str, Any] | None = None,
    base_url: str | None = None,
    timeout: float | None = None,
    transport: str | None = None,
) -> Completion | Comparison:
    """Ask a model, or several side by side, and wait for the whole answer.

    Args:
        text: The prompt, sent as it is; no `{{ … }}` is replaced.
        model: `<vendor>/<name>`, the default model if `None`; settings of its own may follow, as in
            `"openai/gpt-5 temperature=0"`. A list of up to eight is asked all at once.
        system: System prompt; `@path` reads it from a file.
        file: A text file that comes before the prompt, or several.
        temperature: Sampling temperature.
        max_tokens: Longest answer in tokens, reasoning included.
        reasoning: Effort: `none`, `minimal`, `low`, `medium`, `high` or `xhigh`.
        param: Any other fields of the request.
        base_url: Another OpenAI-compatible service; the key does not go there.
        timeout: Longest silence between two bytes, in seconds.
        transport: `openai` or `direct`.

    Returns:
        The answer; of a list of models, a `Comparison`, in which some may have failed.

    Raises:
        RequestError: The request failed (of several, all did); its `completion` holds what had come.
        ZenMuxError: The prompt, a setting or an argument cannot be used; nothing was sent.
    """
    answer = _start(text, NullView(), **_given(locals()))
    try:
        completions = await answer.wait()
    except asyncio.CancelledError:
        answer.stop()
        raise
    return _checked(completions)


def ask_sync(text: str, **options: Any) -> Completion | Comparison:
    """`ask` for code without an event loop, and for code in one: blocks until the answer is whole.

    Args:
        text: The prompt.
        **options: As for `ask`.
    """
    answer = _start(text, NullView(), **options)
    try:
        completions = answer.result()
    except KeyboardInterrupt:
        answer.stop()
        raise
    return _checked(completions)


async def stream(text: str, **options: Any) -> AsyncIterator[Event]:
    """Ask a model and yield its events as they come.

    The last event is a `Finish` or a `Failure`. Leaving the loop ends the request.

    Args:
        text: The prompt.
        **options: As for `ask`, with one model.

    Yields:
        Typed events, see `zenmux_magic.events`.

    Raises:
        ArgumentError: Several models were named.
    """
    if not isinstance(options.get("model"), str | None):
        raise ArgumentError(
            f"stream follows one model, not {options['model']!r}. ask(…, model=[…]) asks several."
        )
    feed = _Feed()
    answer = _start(text, feed, **options)
    answer.when_done(feed.close)
    try:
        while (event := await feed.next()) is not None:
            yield event
        await answer.wait()  # raises what kept the run from its end
    finally:
        answer.stop()


class _Feed:
    """A view that hands the events to another event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()

    def open(self, requests: Sequence[Request], controls: Controls) -> None:
        """Nothing to hand over yet."""

    def event(self, column: int, event: Event) -> None:
        """Hand over an event."""
        self._put(event)

    def restart(self, column: int) -> None:
        """Nothing asks a column again yet."""

    async def settle(self, completions: Sequence[Completion]) -> None:
        """Nothing more to hand over; `close` comes after it, and where it does not come."""

    async def next(self) -> Event | None:
        """The next event; `None` where no more comes."""
        if not self._queue.empty():
            return self._queue.get_nowait()
        coming = asyncio.ensure_future(self._queue.get())
        try:
            return await attentive(coming)
        finally:
            coming.cancel()

    def close(self) -> None:
        """Say that no more comes."""
        self._put(None)

    def _put(self, event: Event | None) -> None:
        if not self._loop.is_closed():  # else nobody waits any more
            self._loop.call_soon_threadsafe(self._queue.put_nowait, event)


def _given(names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in names.items() if name != "text"}


def _start(text: str, view: View, **options: Any) -> Answer:
    asked = _options({name: value for name, value in options.items() if value is not None})
    if not text.strip() and not asked.file:
        raise PromptError("The prompt is empty. Give it as the first argument.")
    whole = prompt.assemble(text, asked.file, None)
    return Answer(shared(), plan.calls(asked, whole, settings_here()), view)


def _options(given: dict[str, Any]) -> Options:
    """The arguments as a line of options; what the line would refuse is refused."""
    if "model" in given and not given["model"]:
        raise ArgumentError("No model was named. Leave `model` out for the default model.")
    for name in ("model", "file"):
        if isinstance(given.get(name), str | PathLike):
            given[name] = [given[name]]
        given[name] = tuple(str(one) for one in given.get(name, ()))
    for name in ("max_tokens", "timeout"):
        positive(f"{name}=", given.get(name))
    for name, known in (("reasoning", LEVELS), ("transport", get_args(TransportName))):
        if given.get(name) not in (None, *known):
            raise ArgumentError(
                f"{name}={given[name]!r} cannot be: it takes one of {', '.join(known)}."
            )
    return Options(**given)


def _checked(completions: Sequence[Completion]) -> Completion | Comparison:
    failure = failure_of(completions)
    if failure is not None:
        raise failure
    return value_of(completions)
