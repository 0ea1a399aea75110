"""What a finished comparison leaves in the notebook: the answers side by side, safe and static.

In: completions. Out: a MIME bundle and its metadata, as `settled` does for one answer: the same
completions give the same bytes, plain tags and inline styles only, colours of whoever shows it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from zenmux_magic.completion import Completion
from zenmux_magic.cost import Cost
from zenmux_magic.inert import inert
from zenmux_magic.markdown import Reader, literal, settled_markdown
from zenmux_magic.markdown.writer import isolate
from zenmux_magic.views import settled
from zenmux_magic.views.figures import dollars

_LINE = "1px solid rgba(128,128,128,0.35)"
_CELL = "text-align:left;vertical-align:top;white-space:normal;background:transparent"
# As in the front end's own prose; an inherited line height would be that of its tables.
_PROSE = "line-height:1.6"
_MOST = 4  # columns beside each other, as in the board while it is live
_NARROWEST_EM = 16  # of a column; below it prose cannot be read, and the table is scrolled


def bundle(
    completions: Sequence[Completion], reader: Reader, *, errors: bool = False
) -> settled.Bundle:
    """The data and metadata to display for several answers.

    Args:
        completions: The answers, in the order of their columns.
        reader: What reads their Markdown.
        errors: Unused: of several, one that failed always says why; the cell may well succeed.

    Returns:
        The bundle. Where in `text/plain` a column's answer stands is in its metadata, `answer`, from
        and to, in UTF-16 units, as a page counts them.
    """
    plain = [_plain(one) for one in completions]
    data = {
        "text/html": _html(completions, reader),
        "text/markdown": _markdown(completions),
        "text/plain": "\n\n".join(plain),
    }
    if any(len(one.text) > settled.LONGEST for one in completions):
        del data["text/markdown"]
    columns, at = [], 0
    for one, text in zip(completions, plain, strict=True):
        start = at + 2 * (_units(_title(one)) + 1)
        place = [start, start + _units(one.text.rstrip())]
        columns.append({**settled.metadata(one), "answer": place})
        at += _units(text) + 2
    return data, {"zenmux": {"columns": columns}}


def _units(text: str) -> int:
    """Length as a page counts it: what is to be copied is cut out there."""
    return len(text.encode("utf-16-le")) // 2


def live(completions: Sequence[Completion], states: Sequence[str], bodies: Sequence[str]) -> str:
    """Answers that still grow, side by side, each with what it does now below it.

    Args:
        completions: The answers so far.
        states: What each does now.
        bodies: Their texts, as safe HTML.
    """
    errors = [settled.error_of(one) for one in completions]
    shown = [f"{body}{error}" for body, error in zip(bodies, errors, strict=True)]
    return _table(completions, shown, [isolate(state) for state in states])


def _html(completions: Sequence[Completion], reader: Reader) -> str:
    bodies = [settled.body(one, reader, errors=True) for one in completions]
    table = _table(completions, bodies, [_figures(one) for one in completions])
    return f'<div class="zenmux-settled">{table}</div>'


def _table(completions: Sequence[Completion], bodies: Sequence[str], below: Sequence[str]) -> str:
    heads = [_head(one) for one in completions]
    # What is wider than its column is scrolled there: it would be printed over the next one.
    answers = [f'<div class="zenmux-answer" style="overflow-x:auto">{one}</div>' for one in bodies]
    abreast = _abreast(len(completions))
    rows = []
    for at in range(0, len(completions), abreast):
        these = slice(at, at + abreast)
        rows += [
            _row("th", heads[these], "font-weight:normal"),
            _row("td", answers[these], _PROSE),
            _row("td", below[these], settled.SMALL),
        ]
    # A reader's front end may drop `inherit` for the size, and then takes that of its own tables.
    style = (
        "width:100%;table-layout:fixed;border-collapse:collapse;margin:0;font-size:1em;"
        f"color:inherit;min-width:{abreast * _NARROWEST_EM}em;border:{_LINE}"
    )
    table = f'<table class="zenmux-columns" style="{style}">{"".join(rows)}</table>'
    return f'<div style="overflow-x:auto">{table}</div>'


def _abreast(count: int) -> int:
    """How many columns stand beside each other: as few rows as can be, and those of like length."""
    return math.ceil(count / math.ceil(count / _MOST))


def _row(tag: str, cells: Sequence[str], style: str) -> str:
    style = f"{_CELL};padding:6px 12px;border:{_LINE};{style}"
    inside = "".join(f'<{tag} style="{style}">{cell}</{tag}>' for cell in cells)
    return f'<tr style="background:transparent">{inside}</tr>'


def _head(one: Completion) -> str:
    vendor, slash, name = one.requested_model.rpartition("/")
    model = f"{isolate(vendor + slash)}<b>{isolate(name)}</b>"
    notes = [one.settings, settled.served_by(one), settled.ending_of(one)]
    said = isolate(" · ".join(note for note in notes if note))
    return f'{model} <span style="{settled.SMALL}">{said}</span>' if said else model


def _figures(one: Completion) -> str:
    # A line ends between two figures, not within one.
    return isolate(" · ".join(text.replace(" ", "\u00a0") for text in _known(one)))


def _known(one: Completion) -> list[str]:
    return [text for text in (settled.tokens(one), _cost(one)) if text]


def _cost(one: Completion) -> str:
    return dollars(Cost(one.cost_usd, one.price_unknown))


def _name(one: Completion) -> str:
    return f"{one.requested_model} {one.settings}".strip()


def _markdown(completions: Sequence[Completion]) -> str:
    sections = []
    for one in completions:
        ending = settled.ending_of(one)
        error = f"\n\n> {literal(str(one.error))}" if one.error else ""
        head = f"### {literal(_name(one))}{f' · {ending}' if ending else ''}"
        sections.append(f"{head}\n\n{settled_markdown(one.text)}{error}")
    rows = [
        ("", [literal(_name(one)) for one in completions]),
        ("---", ["---" for _ in completions]),
        ("tokens", [settled.tokens(one).split(" ")[0] or "—" for one in completions]),
        ("cost", [literal(_cost(one)) or "—" for one in completions]),
    ]
    table = "\n".join(f"| {' | '.join([name, *cells])} |" for name, cells in rows)
    return "\n\n".join([*sections, "---", table])


def _plain(one: Completion) -> str:
    title = _title(one)
    parts = [title, "=" * _units(title), one.text.rstrip(), str(one.error or "")]
    return inert("\n".join(part for part in parts if part))


def _title(one: Completion) -> str:
    ending = settled.ending_of(one)
    return f"{_name(one)} ({ending})" if ending else _name(one)
