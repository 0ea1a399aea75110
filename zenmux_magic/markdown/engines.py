"""The seam: Markdown in, safe HTML out, by one engine or another.

In: a whole text, the engine's name and its extensions. Out: sanitised HTML, live or settled.
It does not stream; `incremental` does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .parser import Env, parser
from .policy import DEFAULT_POLICY, Policy, sanitise
from .spacing import space_items
from .writer import Writer

ENGINES = ("markdown-it", "markdown")
# NUL, and half characters, which no encoder takes.
_NO_CHARACTER = re.compile("[\0\ud800-\udfff]")


def normalise(text: str) -> str:
    """Line ends as LF, and U+FFFD for what is no character: what both engines read."""
    return _NO_CHARACTER.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def to_html(
    text: str,
    *,
    engine: str = "markdown-it",
    extensions: Sequence[object] = (),
    policy: Policy = DEFAULT_POLICY,
    settled: bool = False,
) -> str:
    """Render a whole text.

    Args:
        text: Markdown, complete.
        engine: "markdown-it" (GitHub's dialect) or "markdown" (the package of that name).
        extensions: Extensions of the `markdown` package; empty for a good set of its own.
        policy: What may reach the page.
        settled: Formulas as TeX for the page's MathJax, instead of MathML.

    Raises:
        ValueError: The engine is unknown.
    """
    source = normalise(text)
    if engine == "markdown-it":
        return sanitise(_markdown_it(source, policy, settled), policy)
    if engine == "markdown":
        from .python_markdown import convert

        return sanitise(convert(source, extensions, policy, settled), policy)
    raise ValueError(f"unknown Markdown engine {engine!r}: use one of {', '.join(ENGINES)}")


def _markdown_it(source: str, policy: Policy, settled: bool) -> str:
    # As a growing text has it: where a text has definitions, the library reads labels twice.
    env: Env = {"references": {}}
    # A last line of blanks counts only when it ends: here as in a growing text.
    ended = source if source.endswith("\n") else f"{source}\n"
    tokens = parser(policy.max_nesting).parse(ended, env)
    space_items(tokens, source.split("\n"))
    return Writer(policy, settled=settled).write(tokens)


def render(
    text: str,
    *,
    engine: str = "markdown-it",
    extensions: Sequence[object] = (),
    policy: Policy = DEFAULT_POLICY,
) -> str:
    """Safe HTML of a whole answer in its live form: formulas as MathML, code coloured.

    Args:
        text: Markdown as the model wrote it.
        engine: "markdown-it" or "markdown".
        extensions: Extensions of the `markdown` package.
        policy: What may reach the page.
    """
    return to_html(text, engine=engine, extensions=extensions, policy=policy)


def settled_html(
    text: str,
    *,
    engine: str = "markdown-it",
    extensions: Sequence[object] = (),
    policy: Policy = DEFAULT_POLICY,
) -> str:
    """Safe HTML for the saved notebook: formulas as TeX, prices out of MathJax's reach.

    Args:
        text: Markdown as the model wrote it.
        engine: "markdown-it" or "markdown".
        extensions: Extensions of the `markdown` package.
        policy: What may reach the page.
    """
    return to_html(text, engine=engine, extensions=extensions, policy=policy, settled=True)
