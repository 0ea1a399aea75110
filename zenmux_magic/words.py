"""A magic's line, cut into words as a person means them.

In: a line. Out: its words, each with its quotes gone. IPython's own splitting keeps quotes and breaks
JSON with spaces; here brackets of JSON hold together, apostrophes and Windows backslashes survive, and
`{{ … }}` is always one word, whatever it will expand to. What the words mean is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from zenmux_magic import prompt
from zenmux_magic.errors import ArgumentError

# One character, or a whole string of JSON, in which brackets and commas are text.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|.', re.DOTALL)
_DEPTH = {"{": 1, "[": 1, "}": -1, "]": -1}


def split(line: str) -> list[str]:
    r"""The words of a line, as a person means them.

    A quote opens only at the start of a value; `\"` is a quote inside double quotes, every other
    backslash stays. A value that begins with `{` or `[` reaches to its closing bracket. `{{ … }}`
    keeps its text and its spaces.

    Raises:
        ArgumentError: A double quote or a bracket is not closed.
        PromptError: A `{{ … }}` that does not parse.
    """
    spots = {start: end for start, end, _ in prompt.expressions(line)}
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        word, at = _word(line, at, spots)
        words.append(word)
    return words


def _word(line: str, at: int, spots: Mapping[int, int]) -> tuple[str, int]:
    parts: list[str] = []
    value_starts = True
    while at < len(line) and not line[at].isspace():
        if at in spots:
            parts.append(line[at : spots[at]])
            at, value_starts = spots[at], False
            continue
        taken = _grouped(line, at) if value_starts else None
        if taken is not None:
            text, at = taken
            parts.append(text)
            value_starts = False
            continue
        parts.append(line[at])
        # The value of an option or of KEY; both in --param=KEY=JSON. Any other `=` is text.
        value_starts = line[at] == "=" and "=" not in "".join(parts[:-1]).removeprefix("--param=")
        at += 1
    return "".join(parts), at


def _grouped(line: str, at: int) -> tuple[str, int] | None:
    """A quoted or bracketed value that begins at `at`, and where it ends; `None` if none does."""
    if line[at] == '"':
        match = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL).match(line, at)
        if match is None:
            raise ArgumentError(f'The quote in {line[at:]} is not closed. Add a " at its end.')
        return match[1].replace('\\"', '"'), match.end()
    if line[at] == "'":
        end = line.find("'", at + 1)
        closes = end > 0 and (end + 1 == len(line) or line[end + 1].isspace())
        return (line[at + 1 : end], end + 1) if closes else None
    if line[at] in "{[":
        end = _bracket_end(line, at)
        return line[at:end], end
    return None


def _bracket_end(line: str, at: int) -> int:
    depth, end = 0, at
    while end < len(line):
        match = _TOKEN.match(line, end)
        assert match is not None
        end = match.end()
        depth += _DEPTH.get(match[0], 0)
        if depth == 0:
            return end
    raise ArgumentError(f"The bracket in {line[at:]} is not closed. Check the JSON of -p.")


def listed(text: str) -> list[str]:
    """The parts between commas; those inside quotes and brackets are no ends."""
    parts, depth = [""], 0
    for piece in _TOKEN.findall(text):
        depth += _DEPTH.get(piece, 0)
        if piece == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += piece
    return parts
