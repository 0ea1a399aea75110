"""A service's list of models on disk, so that prices and names are there without asking.

In: a base URL and the list as it came. Out: the same list and when it came. A file that is missing,
damaged or cannot be written is no list: nobody's answer may suffer.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any


def write(base_url: str, entries: Any, at_s: float) -> None:
    """Keep a list, whole or not at all."""
    path = _path(base_url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".new")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"base_url": base_url, "at_s": at_s, "data": entries}, file)
        Path(name).replace(path)
    except OSError:
        return  # a read-only home: the list is asked for again


def read(base_url: str) -> tuple[Any, float] | None:
    """A kept list and when it came, in Unix seconds."""
    try:
        found = json.loads(_path(base_url).read_text(encoding="utf-8"))
        return found["data"], float(found["at_s"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path(base_url: str) -> Path:
    from platformdirs import user_cache_path

    name = hashlib.sha256(base_url.encode()).hexdigest()[:16]
    return user_cache_path("zenmux_magic") / f"models-{name}.json"
