"""The options of `%%zenmux`: declared once, parsed by `argparse`.

In: the magic's line and, for `{{ … }}` in it, the user's names. Out: frozen `Options`. How the line
falls into words is `words`' business.
"""

from __future__ import annotations

import difflib
import json
import keyword
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser, argument, magic_arguments

from zenmux_magic import prompt
from zenmux_magic.errors import ArgumentError
from zenmux_magic.words import listed, split

LEVELS = ("none", "minimal", "low", "medium", "high", "xhigh")
_OURS = {"model": "-m", "messages": "the cell's text", "stream": "nothing: answers always stream"}


@dataclass(frozen=True)
class Options:
    """What was asked for on one line; `None` or empty where it said nothing."""

    model: tuple[str, ...] = ()
    out: str | None = None
    system: str | None = None
    file: tuple[str, ...] = ()
    temperature: float | None = None
    max_tokens: int | None = None
    reasoning: str | None = None
    param: Mapping[str, Any] = field(default_factory=dict)
    base_url: str | None = None
    template: bool = True
    quiet: bool = False
    background: bool = False
    timeout: float | None = None
    transport: str | None = None
    strict: bool = False
    cache: bool | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Chosen:
    """One `-m`: a model and what is set for it alone.

    Attributes:
        name: `VENDOR/NAME`; empty for the default model.
        settings: The settings as they were written.
        params: The same as fields of the request.
    """

    name: str
    settings: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


_DECLARED: tuple[Callable[[Any], Any], ...] = (
    argument(
        "-m",
        "--model",
        action="append",
        metavar="MODEL",
        help="the model to ask, VENDOR/NAME; several (-m again, or with commas) answer side by side;"
        ' settings of its own in quotes: "VENDOR/NAME temperature=0"',
    ),
    argument(
        "-o", "--out", metavar="NAME", help="bind the answer to this variable (and to _zenmux)"
    ),
    argument("-s", "--system", metavar="TEXT", help="system prompt; @FILE reads it from a file"),
    argument(
        "-f",
        "--file",
        action="append",
        metavar="FILE",
        help="prompt from a file, the cell after it",
    ),
    argument("-t", "--temperature", type=float, metavar="T", help="sampling temperature"),
    argument(
        "--max-tokens", type=int, metavar="N", help="longest answer in tokens, reasoning included"
    ),
    argument("--reasoning", choices=LEVELS, metavar="LEVEL", help=f"effort: {', '.join(LEVELS)}"),
    argument(
        "-p",
        "--param",
        action="append",
        metavar="FIELD",
        help='any other field of the request as KEY=JSON, like stop=["END"]',
    ),
    argument(
        "--base-url", metavar="URL", help="another OpenAI-compatible service, without the key"
    ),
    argument("--no-template", action="store_true", help="send {{ … }} as it stands"),
    argument(
        "--strict",
        action="store_true",
        help="of several models, let the cell fail if one fails (otherwise: if all do)",
    ),
    argument("--quiet", action="store_true", help="show nothing but errors"),
    argument(
        "--background",
        action="store_true",
        help="go on to the next cell; `await` the variable for the answer, %%zenmux stop ends it",
    ),
    argument(
        "--cache",
        action="store_true",
        help="if the same was asked before, show the answer that was kept, and pay nothing",
    ),
    argument(
        "--dry-run",
        action="store_true",
        help="show what would be sent, and about what it would cost; send nothing",
    ),
    argument("--fresh", action="store_true", help="ask again, whatever was kept"),
    argument(
        "--timeout",
        type=float,
        metavar="S",
        help="longest silence between two bytes in seconds (ten times that before the first)",
    ),
    argument(
        "--transport",
        choices=("openai", "direct"),
        metavar="HOW",
        help="openai (the package makes the request) or direct (plain HTTP)",
    ),
)


def declared(function: Callable[..., Any]) -> Callable[..., Any]:
    """Attach the options to a magic, so that `%%zenmux?` documents them and `parse` knows them."""
    for declare in reversed(_DECLARED):
        function = declare(function)
    function = magic_arguments("%zenmux")(function)
    function.parser.allow_abbrev = False  # type: ignore[attr-defined]
    return function


def option_names(parser: MagicArgumentParser) -> list[str]:
    """All options of a parser, short and long."""
    return [name for action in parser._actions for name in action.option_strings]


def parse(parser: MagicArgumentParser, line: str, names: Mapping[str, Any]) -> Options:
    """The options of a line.

    Args:
        parser: The parser that `declared` made.
        line: What stands behind `%%zenmux`.
        names: The user's variables, for `{{ … }}`.

    Raises:
        ArgumentError: An option that does not exist or a value that cannot be used.
        PromptError: A `{{ … }}` that cannot be evaluated.
    """
    words = [prompt.expand(word, names) if prompt.OPEN in word else word for word in split(line)]
    problem = ""
    try:
        found, extra = parser.parse_known_args(words)
    except UsageError as error:
        problem = str(error)
    if problem:
        raise ArgumentError(f"{problem[:1].upper()}{problem[1:]}. %%zenmux? lists the options.")
    if extra:
        raise ArgumentError(_unexpected(parser, extra))
    return _options(vars(found))


def _options(found: dict[str, Any]) -> Options:
    models = [one.strip() for given in found["model"] or [] for one in listed(given)]
    if "" in models:
        raise ArgumentError("-m names no model. It looks like -m openai/gpt-5.")
    return Options(
        model=tuple(models),
        out=_variable(found["out"]),
        system=found["system"],
        file=tuple(found["file"] or ()),
        temperature=found["temperature"],
        max_tokens=positive("--max-tokens ", found["max_tokens"]),
        reasoning=found["reasoning"],
        param=dict(_param(text) for text in found["param"] or []),
        base_url=found["base_url"],
        template=not found["no_template"],
        quiet=found["quiet"],
        background=found["background"],
        timeout=positive("--timeout ", found["timeout"]),
        transport=found["transport"],
        strict=found["strict"],
        dry_run=found["dry_run"],
        cache=_cache(found["cache"], found["fresh"]),
    )


# What has an option of its own is named in a model's settings as there.
_FIELDS = {"max_tokens": "max_completion_tokens"}


def chosen(text: str) -> Chosen:
    """A model with settings of its own: `VENDOR/NAME temperature=0 reasoning_effort="low"`.

    Raises:
        ArgumentError: A word that is neither, or a value that cannot be used.
    """
    first, *rest = split(text)
    name, words = ("", [first, *rest]) if "=" in first else (first, rest)
    params: dict[str, Any] = {}
    for word in words:
        if "=" not in word:
            raise ArgumentError(
                f'-m "{text}": {word!r} is no setting. It looks like -m "openai/gpt-5 temperature=0".'
            )
        key, value = _param(word)
        params[_FIELDS.get(key, key)] = value
    return Chosen(name, text.removeprefix(name).strip(), params)


def _unexpected(parser: MagicArgumentParser, extra: list[str]) -> str:
    if not extra[0].startswith("-"):
        return (
            f"{' '.join(extra)!r} stands on the first line: the prompt goes below the first line."
        )
    known = option_names(parser)
    begun = [name for name in known if len(extra[0]) > 2 and name.startswith(extra[0])]
    near = begun or difflib.get_close_matches(extra[0], known, 1)
    hint = f"Did you mean {near[0]}? " if near else ""
    return f"There is no option {extra[0]}. {hint}%%zenmux? lists the options."


def _variable(name: str | None) -> str | None:
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
        raise ArgumentError(f"-o {name!r} is no variable name. It looks like -o answer.")
    return name


def _cache(cache: bool, fresh: bool) -> bool | None:
    if cache and fresh:
        raise ArgumentError("--cache and --fresh contradict each other. Take one out.")
    return True if cache else False if fresh else None


def positive(option: str, value: Any) -> Any:
    """The value, if it is a number above 0 or `None`.

    Args:
        option: What it is given as, up to the value: `--timeout `, `timeout=`.
        value: What was given.

    Raises:
        ArgumentError: It is something else.
    """
    if value is not None and not (isinstance(value, int | float) and 0 < value < float("inf")):
        raise ArgumentError(f"{option}{value} cannot be: it takes a number above 0.")
    return value


def _param(text: str) -> tuple[str, Any]:
    """A `KEY=JSON` option; a value that is no JSON is taken as a string, if it is one word."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ArgumentError(f"-p {text} has no value. It looks like -p seed=7.")
    if name in _OURS:
        raise ArgumentError(f"-p {name}=… cannot be given: use {_OURS[name]}.")
    try:
        return name, json.loads(value)
    except ValueError:
        if re.fullmatch(r"[\w./:+-]+", value):
            return name, value
    raise ArgumentError(
        f"-p {text}: the value is not JSON. Strings take quotes: -p {name}='\"…\"'."
    )
