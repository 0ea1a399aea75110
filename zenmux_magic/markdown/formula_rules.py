"""Formulas in Markdown, as rules of the parser.

In: the parser's state at a place. Out: whether a formula stands there, and its token. What a formula
is, `maths` knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .maths import OPENERS, formula_at

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

_LONGEST_FORMULA = 8_000


def line_of(state: StateBlock, line: int) -> str:
    """A line without its indentation."""
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def formula(state: StateInline, silent: bool) -> bool:
    """A formula in running text."""
    if state.src[state.pos] not in "\\$":
        return False
    closer = OPENERS.get(state.src[state.pos : state.pos + 2])
    if closer is not None and _last_index(state, closer) < state.pos + 2:
        return False
    found = formula_at(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = state.push("formula", "math", 0)
        token.content = found.tex
        token.markup = state.src[state.pos : found.end]
        token.meta = {"display": found.display}
    state.pos = found.end
    return True


def _last_index(state: StateInline, closer: str) -> int:
    """Where a delimiter stands last: looked for once a text, not once for each opener."""
    text, known = state.env.get("closers", ("", {}))
    if text is not state.src:
        known = {}
        state.env["closers"] = (state.src, known)
    if closer not in known:
        known[closer] = state.src.rfind(closer)
    last: int = known[closer]
    return last


def formula_block(state: StateBlock, start: int, stop: int, silent: bool) -> bool:
    """A formula that opens a line and closes one, before the next blank line."""
    opener = line_of(state, start)[:2]
    if opener not in ("$$", "\\[") or state.is_code_block(start):
        return False
    end = _formula_end(state, start, stop, OPENERS[opener])
    half = end is None and state.env.get("pending_from", stop) <= start and "live" in state.env
    if end is None and not half:
        return False
    if silent:
        return True
    end = stop - 1 if end is None else end
    lines = [line_of(state, line) for line in range(start, end + 1)]
    source = "\n".join(lines).strip()
    token = state.push("formula_block", "math", 0)
    token.content = "" if half else source[2:-2].strip()
    token.markup = source
    token.map = [start, end + 1]
    token.meta = {"display": True, "open": half}
    state.line = end + 1
    return True


def _formula_end(state: StateBlock, start: int, stop: int, closer: str) -> int | None:
    # What is known of each kind of formula: from where on it may go on, and how far none ends.
    known: dict[tuple[str, int, int], tuple[int, int]] = state.env.setdefault("formula_open", {})
    key = (closer, state.blkIndent, stop)
    ended, searched = known.get(key, (-1, -1))
    if ended > start:
        return None
    for line in range(max(start, searched), stop):
        text = line_of(state, line).rstrip()
        if not text or (line > start and state.sCount[line] < state.blkIndent):
            known[key] = (line, line)
            return None
        if state.eMarks[line] - state.bMarks[start] > _LONGEST_FORMULA:
            known[key] = (ended, line)
            return None
        close = text.find(closer, 2 if line == start else 0)
        if close >= 0:
            whole = close + 2 == len(text) and (line > start or text[2:-2].strip())
            return line if whole else None
    known[key] = (stop, stop)
    # Nothing closed it and nothing ended it: later lines may still make it a formula.
    state.env["pending_from"] = min(start, state.env.get("pending_from", start))
    return None
