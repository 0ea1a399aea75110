"""The figures as a table: one row for each measure, one column for each way, and who is ahead.

In: figures by way and name, one for each repetition. Out: Markdown with medians; a row in which
another way is ahead of ours carries a note that says why. Measures nothing.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

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
        why: Why another way may be ahead of ours.
    """

    name: str
    label: str
    show: Callable[[float], str]
    more: bool = False
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


ONCE = "What is sent and drawn once, when all is over, costs less than what is seen while it comes."
FILE = "Ours is saved as safe HTML, as Markdown and as plain text, so that every viewer has one."
STREAM = (
    Measure("first", "first word: sent → in the page", _ms),
    Measure("typical", "every word: sent → in the page, median", _ms),
    Measure("behind", "last word: sent → in the page", _ms),
    Measure("websocket", "over the websocket", _kb, why=ONCE),
    Measure("work", "script, layout and style in the page", _s, why=ONCE),
    Measure("saved", "saved output, times the answer", _times, why=FILE),
)
OTHERS = (
    Measure("load", "load, over a bare kernel", _ms),
    Measure("cold", "load and first cell, until its request is sent", _ms),
    Measure("wire", "second cell, until its request is sent", _ms),
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
        Measure(f"{one.name} {kb:g}", f"{kb:g} KB: {one.label}", one.show, one.more, one.why)
        for kb in sizes
        for one in STREAM
    ]
    return [*sized, *OTHERS]


def table(titles: Mapping[str, str], found: Found, sizes: Sequence[float]) -> str:
    """The table and its notes; the first way is ours."""
    ours, *others = titles
    lines = [
        f"| | {' | '.join(titles.values())} | ours to the best other |",
        f"|---|{'---|' * (len(titles) + 1)}",
    ]
    notes: list[str] = []
    for measure in measures(sizes):
        medians = {
            way: statistics.median(found[way][measure.name])
            for way in titles
            if found.get(way, {}).get(measure.name)
        }
        if not medians:
            continue
        cells = [measure.show(medians[way]) if way in medians else "–" for way in titles]
        rest = [medians[way] for way in others if way in medians]
        verdict = _verdict(measure, medians[ours], rest) if ours in medians and rest else ""
        if verdict.startswith("behind"):
            why = measure.why or "NOT EXPLAINED"
            notes += [] if why in notes else [why]
            verdict += f" [{notes.index(why) + 1}]"
        lines.append(f"| {measure.label} | {' | '.join(cells)} | {verdict} |")
    listed = [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    return "\n".join([*lines, "", *listed])


def _verdict(measure: Measure, ours: float, others: Sequence[float]) -> str:
    """Ours against the best of the others."""
    best = max(others) if measure.more else min(others)
    if measure.show(ours) == measure.show(best):
        return "same"
    low, high = sorted((ours, best))
    if low and high / low < NOISE:
        return "same"
    word = "ahead" if (ours == high) is measure.more else "behind"
    return f"{word}, {high / low:.1f} ×" if low else word
