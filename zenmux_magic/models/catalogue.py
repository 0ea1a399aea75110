"""A service's models as a table: asked for, kept for a day, shown.

In: a base URL. Out: a `Catalogue`, from the service or from disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from zenmux_magic.client.listing import get_json
from zenmux_magic.engine import shared
from zenmux_magic.models import store
from zenmux_magic.models.model import Model, read
from zenmux_magic.tables import Table

FRESH_S = 24 * 3600.0
_HEADS = ("model", "in / M tokens", "out / M tokens", "context", "")
_SORTS: dict[str, Callable[[Model], Any]] = {
    "name": lambda model: model.id,
    "price": lambda model: (model.price("completion") is None, model.price("completion") or 0),
    "context": lambda model: -(model.context_length or 0),
    "new": lambda model: -model.created,
}
SORTS = tuple(_SORTS)


@dataclass(frozen=True)
class Catalogue(Sequence[Model]):
    """The models of a service, or some of them.

    Attributes:
        models: In the order to show.
        at_s: When the service said so, in Unix seconds.
    """

    models: tuple[Model, ...]
    at_s: float

    def __len__(self) -> int:
        return len(self.models)

    def __getitem__(self, which: Any) -> Any:
        return self.models[which]

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models)

    @property
    def age_s(self) -> float:
        """Seconds since the service said so."""
        return max(0.0, time.time() - self.at_s)

    def find(self, name: str) -> Model | None:
        """The model of that id, whichever provider serves it (`<vendor>/<name>:<provider>`)."""
        wanted = (name, name.partition(":")[0])
        return next((one for want in wanted for one in self.models if one.id == want), None)

    def where(self, keep: Callable[[Model], bool]) -> Catalogue:
        """Those that are to be kept."""
        return replace(self, models=tuple(model for model in self.models if keep(model)))

    def by(self, order: str) -> Catalogue:
        """In another order: `name`, `price` (cheapest first), `context` (longest), `new` (newest)."""
        return replace(self, models=tuple(sorted(self.models, key=_SORTS[order])))

    def table(self) -> Table:
        """The models in words."""
        return Table(_HEADS, tuple(row(model) for model in self.models), frozenset({1, 2, 3}))

    def __repr__(self) -> str:
        return repr(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def row(model: Model) -> tuple[str, ...]:
    """A model in words: id, prices in and out in dollars per million tokens, context, abilities."""
    able = [word for word, has in (("vision", model.vision), ("reasoning", model.reasoning)) if has]
    context = f"{model.context_length:,}" if model.context_length else "—"
    prices = (_dollars(model.price(what)) for what in ("prompt", "completion"))
    return (model.id, *prices, context, ", ".join(able))


def _dollars(usd: Decimal | None) -> str:
    return "price unknown" if usd is None else f"${usd:,.2f}"


_known: dict[str, Catalogue | None] = {}
_asked: set[str] = set()


def fetch(base_url: str) -> Catalogue:
    """Ask the service, without a key, and keep what it says. Blocks.

    Raises:
        RequestError: The service cannot be reached or gives no list.
    """
    return shared().submit(lambda _: ask(base_url)).result()


async def ask(base_url: str) -> Catalogue:
    """The same on the engine's loop."""
    said = await get_json(f"{base_url}/models", None)
    entries = said.get("data") if isinstance(said, dict) else said
    found = Catalogue(read(entries), time.time())
    if found:
        store.write(base_url, entries, found.at_s)
        _known[base_url] = found
    return found


def kept(base_url: str) -> Catalogue | None:
    """What is known without asking; the disk is read once."""
    if base_url not in _known:
        found = store.read(base_url)
        _known[base_url] = None if found is None else Catalogue(read(found[0]), found[1])
    return _known[base_url]


def refresh_soon(base_url: str) -> None:
    """Ask beside everything else, if what is kept is not of today; a failure changes nothing."""
    known = kept(base_url)
    if base_url in _asked or (known is not None and known.age_s < FRESH_S):
        return
    _asked.add(base_url)  # once a kernel: a service without a list is not asked again and again
    shared().submit(lambda _: ask(base_url)).add_done_callback(lambda done: done.exception())
