"""The figures as a table: one row for each measure, one column for each way, and who is ahead.

In: figures by way and name, one for each repetition. Out: Markdown with medians; a row in which
another way is ahead of ours carries a note that says why. Measures nothing.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

Found = Mapping[str, Mapping[str, Sequence[float]]]

# A difference below this is none: it is not the same from run to run.
NOISE = 1.1


@dataclass(frozen=True)
class Measure:
    """One row.

    Attributes:
        name: What the figures call it.
        label: What it is, for a reader.
        show: A median as text.
        more: Whether more is better.
        slack: A difference that is none: a page is drawn so often, and no oftener.
        why: Why another way may be ahead of ours.
    """

    name: str
    label: str
    show: Callable[[float], str]
    more: bool = False
    slack: float = 0
    why: str = ""


def _ms(value: float) -> str:
    return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"


def _kb(value: float) -> str:
    return f"{value:,.0f} KB"


def _s(value: float) -> str:
    return f"{value:.2f} s"


def _times(value: float) -> str:
    return f"{value:.1f} ×"


def _share(value: float) -> str:
    return f"{value:.0%}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _yes(value: float) -> str:
    return "yes" if value else "no"


ONCE = (
    "Jupyter AI sends and draws the answer once, when all is over: that is less than what is seen"
    " while it comes."
)
PACE = (
    "Ours paints at most some 30 times a second; what paints at every token shows a word sooner while"
    " the answer is short, sends all of it again each time, and falls behind as it grows."
)
FILE = (
    "Ours is saved as safe HTML, as Markdown and as plain text, so that every viewer shows it, none"
    " has to be trusted, and a diff can be read; most others save Markdown alone."
)
COLD = (
    "The first request imports what the load did not: the `openai` package, as in the loop, and"
    " then what reads Markdown, draws, counts and records."
)
WIRE = (
    "Ours expands the prompt, opens the view and hands the request to a thread of its own, so that"
    " the answer goes on whatever the kernel does."
)
FRAME_MS = 1000 / 60
STREAM = (
    Measure("first", "first word: sent → in the page", _ms, slack=FRAME_MS, why=PACE),
    Measure("typical", "every word: sent → in the page, median", _ms, why=PACE),
    Measure("behind", "last word: sent → in the page", _ms, slack=FRAME_MS, why=PACE),
    Measure("websocket", "over the websocket", _kb, why=ONCE),
    Measure("work", "script, layout and style in the page", _s, why=ONCE),
    Measure("saved", "saved output, times the answer", _times, why=FILE),
)
OTHERS = (
    Measure("load", "load, over a bare kernel", _ms),
    Measure("cold", "load and first cell, until its request is sent", _ms, why=COLD),
    Measure("wire", "later cells, until the request is sent", _ms, slack=5, why=WIRE),
    Measure("interrupt ends", "■ in the middle: the cell ends after", _ms),
    Measure("interrupt kept", "… of what was written is kept", _share, more=True),
    Measure("interrupt fails", "… the cell fails, Run All stops", _yes, more=True),
    Measure("interrupt closes", "… the connection is closed", _yes, more=True),
    Measure("lost requests", "connection lost: requests sent, each paid", _count),
    Measure("lost kept", "… of what had come is kept", _share, more=True),
    Measure("lost fails", "… the cell fails", _yes, more=True),
    Measure("hostile ran", "hostile answer: scripts run", _count),
    Measure("hostile fetched", "… fetched from another host", _count),
    Measure("refused characters", "refused key: characters of output", _count),
    Measure("refused fails", "… the cell fails", _yes, more=True),
    Measure("refused key", "… times the key stands in the notebook", _count),
)


def measures(sizes: Sequence[float]) -> list[Measure]:
    """All rows, in order."""
    sized = [
        replace(one, name=f"{one.name} {kb:g}", label=f"{kb:g} KB: {one.label}")
        for kb in sizes
        for one in STREAM
    ]
    return [*sized, *OTHERS]


def table(titles: Mapping[str, str], found: Found, sizes: Sequence[float]) -> str:
    """The table and its notes; the first way is ours."""
    lines = [
        f"| | {' | '.join(titles.values())} | ours to the best other |",
        f"|---|{'---|' * (len(titles) + 1)}",
    ]
    notes: list[str] = []
    for measure in measures(sizes):
        medians = {
            way: statistics.median(found[way][measure.name])
            for way in titles
            if measure.name in found.get(way, {})
        }
        if medians:
            lines.append(_row(measure, list(titles), medians, notes))
    listed = [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    return "\n".join([*lines, "", *listed])


def _row(
    measure: Measure, ways: Sequence[str], medians: Mapping[str, float], notes: list[str]
) -> str:
    """One row; its note, if it needs one, is among the notes after."""
    cells = [measure.show(medians[way]) if way in medians else "–" for way in ways]
    others = [medians[way] for way in ways[1:] if way in medians]
    verdict = _verdict(measure, medians[ways[0]], others) if ways[0] in medians and others else ""
    if verdict.startswith("behind"):
        why = measure.why or "NOT EXPLAINED"
        notes += [] if why in notes else [why]
        verdict += f" [{notes.index(why) + 1}]"
    return f"| {measure.label} | {' | '.join(cells)} | {verdict} |"


def _verdict(measure: Measure, ours: float, others: Sequence[float]) -> str:
    """Ours against the best of the others."""
    best = max(others) if measure.more else min(others)
    if measure.show(ours) == measure.show(best):
        return "same"
    low, high = sorted((ours, best))
    if high - low < measure.slack or (low and high / low < NOISE):
        return "same"
    word = "ahead" if (ours == high) is measure.more else "behind"
    return f"{word}, {high / low:.1f} ×" if low else word
