"""The models that a service offers.

In: a base URL. Out: `Model` values in the service's order, those that answer with text. It fetches
through the client and keeps nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zenmux_magic.client.listing import get_json
from zenmux_magic.engine import shared

if TYPE_CHECKING:
    from zenmux_magic.client.secret import Secret


@dataclass(frozen=True)
class Model:
    """One model of the catalogue.

    Attributes:
        id: What `-m` takes, `<vendor>/<name>`.
        context_length: Longest prompt and answer together, in tokens; `None` where not told.
    """

    id: str
    context_length: int | None


def catalogue(base_url: str, key: Secret | None) -> list[Model]:
    """Ask the service for its models. Blocks.

    Raises:
        RequestError: The service cannot be reached or gives no list.
    """
    data = shared().submit(lambda _: get_json(f"{base_url}/models", key)).result()
    entries = data.get("data") if isinstance(data, dict) else data
    listed = [entry for entry in entries or [] if isinstance(entry, dict) and entry.get("id")]
    return [_model(entry) for entry in listed if _writes_text(entry)]


def _writes_text(entry: dict[str, Any]) -> bool:
    modalities = entry.get("output_modalities")
    return not modalities or "text" in modalities


def _model(entry: dict[str, Any]) -> Model:
    context = entry.get("context_length")
    return Model(
        id=str(entry["id"]),
        context_length=context if isinstance(context, int) else None,
    )
