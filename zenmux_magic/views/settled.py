"""What a finished answer leaves in the notebook: safe HTML, Markdown, and the answer as plain text.

In: a `Completion`. Out: a MIME bundle and its metadata. The same completion always gives the same
bytes: nothing random, no times, so that a notebook in version control changes only where an answer
did (times and ids are in the metadata). It shows without a kernel, and to a reader who does not
trust it: plain tags and inline styles only.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from zenmux_magic.completion import Completion
from zenmux_magic.cost import Cost
from zenmux_magic.inert import inert
from zenmux_magic.markdown import Reader, literal, settled_markdown
from zenmux_magic.markdown.writer import isolate
from zenmux_magic.views import Controls
from zenmux_magic.views.figures import dollars

KEPT = "kept, nothing paid"  # said while a page looks on; the file is the same as when it was paid
# Characters of one text that a page can bear as Markdown: formulas and tables make ten elements of a
# line. What is longer is shown as it was written, in one element.
LONGEST = 400_000
SMALL = "font-size:0.85em;opacity:0.75"
_ERROR = "border-left:3px solid #d32f2f;padding:2px 12px"
Bundle = tuple[dict[str, str], dict[str, Any]]
DEFAULT_READER = Reader()


def bundle(
    completion: Completion, reader: Reader = DEFAULT_READER, *, errors: bool = False
) -> Bundle:
    """The data and metadata to display for one answer.

    Args:
        completion: The answer.
        reader: What reads its Markdown.
        errors: Say what went wrong, where no failed cell says it.
    """
    note = footer(completion)
    parts = [
        body(completion, reader, errors=errors),
        f'<div class="zenmux-footer" style="{SMALL}">{isolate(note)}</div>',
    ]
    data = {
        "text/html": f'<div class="zenmux-settled">{"".join(parts)}</div>',
        "text/markdown": f"{settled_markdown(completion.text)}\n\n<sub>{literal(note)}</sub>",
        "text/plain": inert(completion.text),
    }
    if len(completion.text) > LONGEST:
        del data["text/markdown"]  # as large again, and no front end that shows it would bear it
    return data, {"zenmux": metadata(completion)}


def body(completion: Completion, reader: Reader, *, errors: bool) -> str:
    """The reasoning, the answer and, if wanted, what went wrong, as safe HTML."""
    parts = [_thought(completion, reader), _shown(completion.text, reader)]
    if errors:
        parts.append(error_of(completion))
    return "".join(parts)


def error_of(completion: Completion) -> str:
    """What went wrong, as safe HTML; empty if nothing did."""
    if completion.error is None:
        return ""
    return f'<div class="zenmux-error" style="{_ERROR}">{isolate(str(completion.error))}</div>'


def footer(completion: Completion) -> str:
    """One line: who answered, how it ended if not by itself, and how much."""
    asked = served_by(completion) and f"(asked: {completion.requested_model})"
    name = " ".join(part for part in (completion.model, asked, completion.settings) if part)
    cost = dollars(Cost(completion.cost_usd, completion.price_unknown))
    parts = (name, ending_of(completion), tokens(completion), cost)
    return " · ".join(part for part in parts if part)


def served_by(completion: Completion) -> str:
    """The model that answered in place of the one asked, in words; empty if it is the same."""
    other = completion.model != completion.requested_model
    return f"→ {completion.model}" if other else ""


def tokens(completion: Completion) -> str:
    """How many tokens were generated; empty if unknown."""
    count = completion.usage.output_tokens
    return "" if count is None else f"{count:,} token{'' if count == 1 else 's'}"


def ending_of(completion: Completion) -> str:
    """How an answer ended, in a word or two; empty if it came to its own end."""
    if completion.error is not None:
        interrupted = completion.error.kind == "Interrupted"
        return "interrupted" if interrupted else "incomplete" if completion.text else "failed"
    if completion.finish_reason == "stopped":
        return "stopped"
    if completion.finish_reason == "length":
        empty = not completion.text.strip()
        before = " before the answer began (raise --max-tokens)" if empty else ""
        return f"cut at the token limit{before}"
    if completion.finish_reason == "content_filter":
        return "cut by the provider's content filter"
    return ""


def metadata(completion: Completion) -> dict[str, Any]:
    """Times and ids, for programs that read the notebook."""
    fields: dict[str, Any] = {
        "model": completion.model,
        "finish_reason": completion.finish_reason,
        "id": completion.id,
        "request_id": completion.request_id,
        "usage": {k: v for k, v in completion.usage.to_dict().items() if v is not None},
    }
    for name in ("ttft_s", "ttfa_s", "duration_s"):
        value = getattr(completion, name)
        fields[name] = None if value is None else round(value, 3)
    return {name: value for name, value in fields.items() if value not in (None, {})}


def _thought(completion: Completion, reader: Reader) -> str:
    if not completion.reasoning.strip():
        return ""
    words = len(completion.reasoning.split())
    return (
        f'<details><summary style="{SMALL}">thought · {words:,} words</summary>'
        f'<blockquote style="{SMALL}">{_shown(completion.reasoning, reader)}</blockquote></details>'
    )


def _shown(text: str, reader: Reader) -> str:
    """A text as safe HTML: its Markdown, or itself where that cannot be shown."""
    if len(text) > LONGEST:
        note = f"{len(text):,} characters, too many to be shown as Markdown"
    else:
        try:
            return reader.settled(text)
        except Exception as error:  # noqa: BLE001 — the user's own extensions may raise anything
            note = f"Reading the Markdown failed ({type(error).__name__}: {error})"
    plain = f'<pre style="white-space:pre-wrap;overflow-wrap:anywhere">{html.escape(text)}</pre>'
    return f'<p style="{SMALL}">{isolate(note)}; this is the text as it came.</p>{plain}'


def combined(
    completions: Sequence[Completion], reader: Reader = DEFAULT_READER, *, errors: bool = False
) -> Bundle:
    """The bundle of a run: of one answer, that of the answer."""
    if len(completions) == 1:
        return bundle(completions[0], reader, errors=errors)
    from zenmux_magic.views import side_by_side  # it is built on this module

    return side_by_side.bundle(completions, reader, errors=errors)


async def apart(
    controls: Controls,
    completions: Sequence[Completion],
    reader: Reader = DEFAULT_READER,
    *,
    errors: bool = False,
) -> Bundle:
    """`combined`, beside the loop: for a long answer it takes a second.

    The answers are whole: a loop that is stopped meanwhile still gets their bundle.
    """
    work = controls.aside(partial(combined, completions, reader, errors=errors))
    while not work.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([work])
    return work.result()
