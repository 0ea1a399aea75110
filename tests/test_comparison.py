"""Several answers as a value, and what they leave in a notebook."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sys
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.hostile import HOSTILE
from zenmux_magic.comparison import Comparison
from zenmux_magic.completion import Completion
from zenmux_magic.cost import Cost
from zenmux_magic.errors import ErrorInfo
from zenmux_magic.events import Usage
from zenmux_magic.markdown import render
from zenmux_magic.views.figures import dollars
from zenmux_magic.views.settled import bundle, combined

FIRST = Completion(
    text="**One**",
    requested_model="a/x",
    model="a/x-2026",
    settings="temperature=0",
    finish_reason="stop",
    usage=Usage(10, 24, None, None, 34),
    ttft_s=0.25,
    duration_s=1.25,
    cost_usd=Decimal("0.00012"),
)
SECOND = replace(FIRST, settings="", model="a/x", text="Two", price_unknown=True, cost_usd=None)
FAILED = Completion(
    text="Half",
    requested_model="b/y",
    model="b/y",
    error=ErrorInfo("StreamBroken", "The connection was lost."),
)
TRIO = Comparison([FIRST, SECOND, FAILED])


def test_a_sequence_by_place_and_by_name() -> None:
    assert list(TRIO) == [FIRST, SECOND, FAILED]
    assert (len(TRIO), TRIO[-1], list(TRIO[:2])) == (3, FAILED, [FIRST, SECOND])
    assert TRIO["a/x temperature=0"] is FIRST
    assert TRIO["a/x"] is SECOND
    assert TRIO["a/x-2026"] is FIRST
    assert TRIO.errors == {"b/y": FAILED.error}


@pytest.mark.parametrize(
    ("of", "name", "said"),
    [
        (TRIO, "c/z", "There is no column 'c/z'. There are 'a/x temperature=0', 'a/x', 'b/y'"),
        (Comparison([SECOND, SECOND]), "a/x", "'a/x' stands for 2 columns"),
    ],
)
def test_a_name_that_is_none(of: Comparison, name: str, said: str) -> None:
    with pytest.raises(KeyError) as caught:
        of[name]
    assert said in str(caught.value)


def test_it_can_be_awaited() -> None:
    async def wait() -> Comparison:
        return await TRIO

    assert asyncio.run(wait()) is TRIO


def test_a_row_for_every_column_also_a_failed_one() -> None:
    rows = TRIO.rows()
    assert [row["text"] for row in rows] == ["**One**", "Two", "Half"]
    assert [row["error"] for row in rows] == [None, None, "The connection was lost."]
    assert [row["cost_usd"] for row in rows] == [Decimal("0.00012"), None, None]
    assert rows[0]["tokens_per_s"] == 24.0


def test_rows_as_a_frame() -> None:
    pytest.importorskip("pandas")
    frame = TRIO.to_frame()
    assert list(frame.model) == ["a/x", "a/x", "b/y"]
    assert frame.cost_usd.dtype == float


def test_without_pandas_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"%pip install pandas, or use to_csv\(\)"):
        TRIO.to_frame()


def test_rows_as_csv_hold_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "trio.csv"
    text = Comparison([replace(FIRST, text="=1+1\nok"), SECOND]).to_csv(path)
    assert path.read_bytes() == text.encode()
    assert [row["text"] for row in csv.DictReader(io.StringIO(text))] == ["'=1+1\nok", "Two"]


def test_json_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "trio.json"
    assert Comparison.from_dict(json.loads(TRIO.to_json(path))) == TRIO
    assert path.read_text("utf-8") == TRIO.to_json()


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        ("0.0000000004", "≈ $0.000001"),
        ("0.00001234", "≈ $0.000012"),
        ("0.003149", "≈ $0.0031"),
        ("0.5", "≈ $0.50"),
        ("0.0999", "≈ $0.10"),
        ("1.005", "≈ $1.00"),
        ("1234.5", "≈ $1,234.50"),
        ("0", "≈ $0"),
    ],
)
def test_money_as_people_write_it(usd: str, shown: str) -> None:
    assert dollars(Cost(Decimal(usd))) == shown


def test_money_that_is_unknown_or_not_charged() -> None:
    assert (dollars(Cost(unknown=True)), dollars(Cost())) == ("price unknown", "")


# What it leaves in the notebook.


def test_one_answer_is_shown_as_ever() -> None:
    assert combined([FIRST]) == bundle(FIRST)
    assert (
        "a/x-2026 (asked: a/x) temperature=0 · 24 tokens · ≈ <span>$</span>0.00012"
        in bundle(FIRST)[0]["text/html"]
    )


def test_the_same_answers_leave_the_same_bytes_and_no_times() -> None:
    later = [replace(one, duration_s=9.75, ttft_s=3.5, request_id="r") for one in TRIO]
    (data, metadata), (again, _) = combined(TRIO), combined(later)
    assert data == again
    assert [one["model"] for one in metadata["zenmux"]["columns"]] == ["a/x-2026", "a/x", "b/y"]


def test_the_metadata_tell_where_an_answer_stands() -> None:
    smiles = [replace(FIRST, text="😀 one \n"), replace(FIRST, settings="", text="two 😀"), FAILED]
    data, metadata = combined(smiles)
    units = data["text/plain"].encode("utf-16-le")
    places = [one["answer"] for one in metadata["zenmux"]["columns"]]
    found = [units[2 * start : 2 * stop].decode("utf-16-le") for start, stop in places]
    assert found == ["😀 one", "two 😀", "Half"]


def test_plain_text_holds_each_answer_under_its_name() -> None:
    assert combined(TRIO)[0]["text/plain"] == (
        "a/x temperature=0\n=================\n**One**\n\n"
        "a/x\n===\nTwo\n\n"
        "b/y (incomplete)\n================\nHalf\nThe connection was lost."
    )


def test_markdown_has_a_section_for_each_and_a_table() -> None:
    shown = combined(TRIO)[0]["text/markdown"]
    assert "### a/x temperature=0\n\n**One**\n\n### a/x\n\nTwo" in shown
    assert "### b/y · incomplete\n\nHalf\n\n> The connection was lost." in shown
    assert "| tokens | 24 | 24 | — |" in shown
    assert "| cost | ≈ \\$0.00012 | price unknown | — |" in shown


@pytest.mark.parametrize(
    "text",
    [
        "```python\nx = 1",
        "~~~~\nx\n~~~",
        "> ```\n> x",
        "- ```\n  x",
        "<!-- x",
        "$$\nx",
        "$$\n~~~\n$$\n\n~~~\nx",
        "- " * 12 + "```\n```\nx",
        "| a |\n|---|",
    ],
)
def test_an_answer_that_ends_open_swallows_nothing(text: str) -> None:
    shown = combined([replace(FIRST, text=text), SECOND])[0]["text/markdown"]
    assert "<h3" in render(shown.partition("### a/x\n")[0].partition("\n\n")[0])
    assert render(shown).count("<h3") == 2
    assert render(shown).count("<table") >= 1


class Tags(HTMLParser):
    """What an HTML text holds that could act."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.acting: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "img", "form", "style", "svg", "object", "embed", "link"}:
            self.acting.append(tag)
        for name, value in attrs:
            address = (value or "").lower()
            safe = name == "href" and address.startswith(("http://", "https://", "mailto:"))
            if name not in {"class", "style", "dir", "title", "rel", "target", "start", "align",
                            "type", "checked", "disabled"} and not safe:  # fmt: skip
                self.acting.append(f"{tag} {name}={value}")
            if name == "style" and ("url(" in (value or "") or "var(" in (value or "")):
                self.acting.append(f"{tag} {name}={value}")


@pytest.mark.parametrize("field", ["text", "reasoning", "model", "settings"])
def test_nothing_hostile_in_any_column_acts(field: str) -> None:
    hostile = list(HOSTILE.values())
    for at in range(0, len(hostile), 8):
        columns = [replace(FIRST, **{field: text}) for text in hostile[at : at + 8]]
        if len(columns) > 1:
            assert Tags(combined(columns)[0]["text/html"]).acting == []


@pytest.mark.parametrize(
    ("count", "rows"), [(2, [2]), (3, [3]), (5, [3, 2]), (6, [3, 3]), (7, [4, 3]), (8, [4, 4])]
)
def test_many_columns_stand_in_rows_of_like_length(count: int, rows: list[int]) -> None:
    shown = combined([SECOND] * count)[0]["text/html"]
    assert [row.count("<th ") for row in shown.split("<tr ")[1::3]] == rows


def test_an_answer_without_figures_has_none() -> None:
    shown = combined([FIRST, FAILED])[0]["text/html"]
    figures = shown.rpartition("<tr ")[2]
    assert "24\u00a0tokens · ≈\u00a0<span>$</span>0.00012</td>" in figures
    assert "—" not in figures
