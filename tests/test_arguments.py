"""The magic's line: what is typed, and what is understood."""

from __future__ import annotations

from typing import Any

import pytest

from zenmux_magic.arguments import Options, parse
from zenmux_magic.errors import ArgumentError, PromptError
from zenmux_magic.magic import ZenMuxMagics
from zenmux_magic.words import split

PARSER = ZenMuxMagics.cell.parser  # type: ignore[attr-defined]


def understood(line: str, **names: Any) -> Options:
    return parse(PARSER, line, names)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  -t   0.2 ", ["-t", "0.2"]),
        ('-s "You are terse."', ["-s", "You are terse."]),
        ("-s 'You are terse.'", ["-s", "You are terse."]),
        (r'-s "say \"hi\""', ["-s", 'say "hi"']),
        ("-s it's", ["-s", "it's"]),
        ("-s 'tis", ["-s", "'tis"]),
        ("-s 'it''s", ["-s", "'it''s"]),
        ('--system="Be brief."', ["--system=Be brief."]),
        ('-p x={"a": 1}', ["-p", 'x={"a": 1}']),
        ('-p stop=["a b"]', ["-p", 'stop=["a b"]']),
        ('-p x={"a": "}]"} -t 1', ["-p", 'x={"a": "}]"}', "-t", "1"]),
        ('--param=x={"a": [1, 2]}', ['--param=x={"a": [1, 2]}']),
        (r"-f C:\new\table.txt", ["-f", r"C:\new\table.txt"]),
        (r'-f "C:\my files\t.txt"', ["-f", r"C:\my files\t.txt"]),
        ("-m {{ model }}", ["-m", "{{ model }}"]),
        ("-m {{ d['a b'] }} -t 1", ["-m", "{{ d['a b'] }}", "-t", "1"]),
        ("-m openai/{{ name }}", ["-m", "openai/{{ name }}"]),
        ("-s a=b=c", ["-s", "a=b=c"]),
        ("-s 日本語 -o résumé", ["-s", "日本語", "-o", "résumé"]),
    ],
)
def test_split(line: str, words: list[str]) -> None:
    assert split(line) == words


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('-s "open', 'The quote in "open is not closed'),
        ('-p x={"a": 1', "The bracket in"),
    ],
)
def test_split_says_what_is_open(line: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        split(line)


def test_everything_at_once() -> None:
    line = (
        '-m openai/gpt-5 -o answer -s "Be brief." -f a.txt -f b.txt -t 0.2 --max-tokens 800'
        ' --reasoning low -p seed=7 -p stop=["a b"] -p tier=flex --base-url http://127.0.0.1:1/v1'
        " --no-template --quiet --timeout 30 --transport direct"
    )
    assert understood(line) == Options(
        model=("openai/gpt-5",),
        out="answer",
        system="Be brief.",
        file=("a.txt", "b.txt"),
        temperature=0.2,
        max_tokens=800,
        reasoning="low",
        param={"seed": 7, "stop": ["a b"], "tier": "flex"},
        base_url="http://127.0.0.1:1/v1",
        template=False,
        quiet=True,
        timeout=30,
        transport="direct",
    )


def test_nothing_asked_for_is_nothing_set() -> None:
    assert understood("") == Options()


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("a/x", "a/x"),
        ("with space and -t 3", "with space and -t 3"),
        ("{{ other }}", "{{ other }}"),
        ('"quoted"', '"quoted"'),
    ],
)
def test_a_value_of_a_template_is_one_value_and_is_expanded_once(value: str, seen: str) -> None:
    assert understood("-s {{ text }}", text=value, other="secret").system == seen


def test_models_are_repeated_or_separated_by_commas() -> None:
    assert understood("-m a/x -m b/y,c/z").model == ("a/x", "b/y", "c/z")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--max 5", "There is no option --max. Did you mean --max-tokens?"),
        ("--temprature 1", "There is no option --temprature. Did you mean --temperature?"),
        ("what is this", "'what is this' stands on the first line: the prompt goes below"),
        ("-t hot", "Argument -t/--temperature: invalid float value: 'hot'"),
        ("-t", "Argument -t/--temperature: expected one argument"),
        ("--max-tokens 0", "--max-tokens 0 cannot be"),
        ("--timeout -1", "--timeout -1.0 cannot be"),
        ("--timeout nan", "--timeout nan cannot be"),
        ("--reasoning max", "invalid choice: 'max'"),
        ("-o 1st", "-o '1st' is no variable name"),
        ("-o class", "-o 'class' is no variable name"),
        ("-p seed", "-p seed has no value"),
        ("-p =1", "-p =1 has no value"),
        ("-p stream=false", "-p stream=… cannot be given"),
        ("-p x={1:2}", "the value is not JSON"),
        ("-m ,", "-m names no model"),
        ("-m", "Argument -m/--model: expected one argument"),
    ],
)
def test_bad_lines_get_one_line_that_says_what_to_do(line: str, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        understood(line)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_in_the_line() -> None:
    with pytest.raises(PromptError, match="name 'model' is not defined"):
        understood("-m {{ model }}")


def test_the_help_lists_every_option_and_the_transport_last() -> None:
    text = ZenMuxMagics.cell.__doc__ or ""
    options = [
        "--model", "--out", "--system", "--file", "--temperature", "--max-tokens", "--reasoning",
        "--param", "--base-url", "--no-template", "--quiet", "--timeout", "--transport",
    ]  # fmt: skip
    places = [text.rindex(f"{option} ") if f"{option} " in text else -1 for option in options]
    assert -1 not in places
    assert max(places) == places[-1]
