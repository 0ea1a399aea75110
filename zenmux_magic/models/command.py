"""`%zenmux models`: the catalogue, filtered and in order.

In: the words behind it. Out: a table on the screen. Offline, the list that was kept is shown with
its age.
"""

from __future__ import annotations

from typing import Any

from zenmux_magic.commandline import parser
from zenmux_magic.errors import ArgumentError, RequestError
from zenmux_magic.models.catalogue import FRESH_S, SORTS, Catalogue, fetch, kept
from zenmux_magic.models.model import Model
from zenmux_magic.said import say
from zenmux_magic.settings import ZenMux

_PARSER = parser("models")
_PARSER.add_argument("words", nargs="*", metavar="WORD")
_PARSER.add_argument("--vision", action="store_true")
_PARSER.add_argument("--reasoning", action="store_true")
_PARSER.add_argument("--max-price", type=float, metavar="USD")
_PARSER.add_argument("--context", type=int, metavar="TOKENS")
_PARSER.add_argument("--sort", choices=SORTS)
_PARSER.add_argument("--refresh", action="store_true")


def run(words: list[str], settings: ZenMux) -> None:
    """Show the models whose name holds all words and which can what is asked.

    Raises:
        ArgumentError: An option that there is not, or no model that fits.
        RequestError: There is no list, neither from the service nor kept.
    """
    from IPython.display import display

    wanted = _PARSER.parse_intermixed_args(words)
    listed = _listed(settings.home_url(), fresh=wanted.refresh)
    found = listed.where(lambda model: _fits(model, wanted))
    if not found:
        raise ArgumentError(
            f"None of {len(listed)} models fits {' '.join(words)!r}. %zenmux models lists all."
        )
    display(found.by(wanted.sort) if wanted.sort else found)  # type: ignore[no-untyped-call]


def _listed(base_url: str, *, fresh: bool) -> Catalogue:
    known = kept(base_url)
    if known is not None and known.age_s < FRESH_S and not fresh:
        return known
    try:
        return fetch(base_url)
    except RequestError as error:
        if known is None:
            raise
        days = known.age_s / FRESH_S
        age = f"{days:.0f} days" if days >= 2 else f"{known.age_s / 3600:.0f} hours"
        say(f"This list is {age} old, because a new one cannot be had: {error}")
        return known


def _fits(model: Model, wanted: Any) -> bool:
    text = f"{model.id} {model.name}".lower()
    price = model.price("completion")
    return (
        all(word.lower() in text for word in wanted.words)
        and (model.vision or not wanted.vision)
        and (model.reasoning or not wanted.reasoning)
        and (wanted.max_price is None or (price is not None and price <= wanted.max_price))
        and (wanted.context is None or (model.context_length or 0) >= wanted.context)
    )
