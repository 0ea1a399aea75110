"""The prompt: what stands in the cell, and what is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from zenmux_magic.errors import PromptError
from zenmux_magic.prompt import assemble, expand


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        r"\frac{1}{2}",
        r"\newcommand{\x}[1]{#1}",
        r"\section{% c",
        "{%d}",
        "{}",
        "}}",
        "$x",
        "%d",
        "{# no comment #}",
        "# for x in y",
        "a\r\nb\rc\n\n",
        "\n\n lead and trail \n",
        "U+2028 \u2028 stays",
        "emoji 👩‍🔬",
        ">>> x",
    ],
)
def test_what_is_no_expression_passes_untouched(text: str) -> None:
    assert expand(text, {}) == text


@pytest.mark.parametrize(
    ("text", "names", "sent"),
    [
        ("{{ x }}", {"x": 3}, "3"),
        ("{{x}}{{ x }}", {"x": 3}, "33"),
        ("a {{ len(xs) }} b", {"xs": [1, 2]}, "a 2 b"),
        ("{{ [i * k for i in xs] }}", {"xs": [1, 2], "k": 3}, "[3, 6]"),
        ("{{ f'{x:.2f}' }}", {"x": 1.234}, "1.23"),
        ('{{ {"a": {"b": 1}}["a"] }}', {}, "{'b': 1}"),
        ('{{ {"a": 1}}}', {}, "{'a': 1}"),
        ("{{ '}}' }}", {}, "}}"),
        ("{{ (1 +\n 2) }}", {}, "3"),
        ("{{ 1 +\n 2 }}", {}, "3"),
        ("{{ x }}", {"x": "{{ secret }}", "secret": "no"}, "{{ secret }}"),
        ("{{ x }}", {"x": None}, "None"),
        ("\\{{ x }}", {"x": 1}, "\\1"),
    ],
)
def test_expressions(text: str, names: dict[str, Any], sent: str) -> None:
    assert expand(text, names) == sent


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\nb {{ 1 + }} c", "Line 2 (b {{ 1 + }} c) holds no Python expression"),
        ("{{ }}", "Line 1 ({{ }}) holds no Python expression"),
        ("{{ open", "Line 1 ({{ open) holds no Python expression"),
        ("{{ nope }}", "Line 1 ({{ nope }}): name 'nope' is not defined"),
        ("{{ 1 / 0 }}", "{{ 1 / 0 }} raised ZeroDivisionError: division by zero"),
    ],
)
def test_a_bad_expression_shows_its_line(text: str, message: str) -> None:
    with pytest.raises(PromptError) as caught:
        expand(text, {})
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["{{ 1 + }}", "{{ nope }}"])
def test_a_bad_expression_names_the_way_out(text: str) -> None:
    with pytest.raises(PromptError, match="--no-template"):
        expand(text, {})


def test_an_expression_cannot_change_the_users_names() -> None:
    names: dict[str, Any] = {"x": 1}
    assert expand("{{ (y := 5) }}", names) == "5"
    assert names == {"x": 1}


def test_a_data_frame_comes_as_a_markdown_table() -> None:
    frame = pd.DataFrame({"a|b": [1, 2], "c": [0.123456789, float("nan")]})
    assert expand("{{ df }}", {"df": frame}) == (
        "|  | a\\|b | c |\n| --- | --- | --- |\n| 0 | 1 | 0.123457 |\n| 1 | 2 | nan |"
    )


def test_the_summary_of_a_data_frame_names_its_rows() -> None:
    table = expand("{{ df.describe() }}", {"df": pd.DataFrame({"a": [1, 2, 3]})})
    assert table.splitlines()[2] == "| count | 3 |"


def test_a_series_with_a_named_index() -> None:
    series = pd.Series([1, 2], index=pd.Index(["x", "y"], name="key"), name="n")
    expected = "| key | n |\n| --- | --- |\n| x | 1 |\n| y | 2 |"
    assert expand("{{ s }}", {"s": series}) == expected


def test_a_large_data_frame_is_cut_and_says_so() -> None:
    frame = pd.DataFrame([[0] * 25] * 1000)
    lines = expand("{{ df }}", {"df": frame}).splitlines()
    assert len(lines) == 2 + 60 + 2
    assert lines[0].count("|") == 22
    assert lines[-1] == "(940 more rows and 5 more columns not shown)"


def test_files_come_first_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"{{ x }}\r\n")
    (tmp_path / "b.txt").write_text("second")
    files = [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    assert assemble("{{ x }}", files, {"x": 1}) == "{{ x }}\r\n\n\nsecond\n\n1"
    assert assemble("", files[1:], {}) == "second"


@pytest.mark.parametrize("cell", ["", " \n\t\n", "{{ '' }}"])
def test_an_empty_prompt(cell: str) -> None:
    with pytest.raises(PromptError, match="The prompt is empty"):
        assemble(cell, [], {})


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff")
    for path, problem in [
        (tmp_path / "missing", "No such file"),
        (tmp_path, "directory"),
        (tmp_path / "picture.png", "not UTF-8 text"),
    ]:
        with pytest.raises(PromptError) as caught:
            assemble("x", [str(path)], {})
        assert problem in str(caught.value)
        assert str(path) in str(caught.value)
