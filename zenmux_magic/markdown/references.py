"""Link definitions, which act at a distance.

In: the environments that parses leave behind, and the source of what was committed. Out: the
definitions to parse with, and whether one came too late for text that was committed before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .parser import Env

# What is escaped begins no label; passing over it, each character is looked at once or twice.
_LABEL = re.compile(r"\\.|\[((?:[^\[\]\\]|\\.)+)\]", re.DOTALL)


class References:
    """The definitions of one growing text.

    Attributes:
        stale: A definition came whose label stands in committed text.
    """

    def __init__(self, known: dict[str, Any] | None = None) -> None:
        self.known: dict[str, Any] = dict(known or {})
        self.stale = False
        self._labels: set[str] = set()

    def environment(self) -> Env:
        """A fresh environment: what a parse of unfinished text adds is not kept."""
        return {"references": dict(self.known)}

    def are_new(self, env: Env) -> bool:
        """Whether a parse found definitions that were not known."""
        return len(env["references"]) > len(self.known)

    def are_open(self, env: Env, lines: list[str]) -> bool:
        """Whether a new definition may still be read otherwise: no blank line came after it."""
        found: dict[str, Any] = env["references"]
        begins = [new["map"][0] for label, new in found.items() if label not in self.known]
        return bool(begins) and all(line.strip(" \t") for line in lines[max(begins) :])

    def note(self, env: Env) -> None:
        """Keep the definitions that a parse of complete lines found."""
        if not self.are_new(env):
            return
        found: dict[str, Any] = env["references"]
        self.stale = self.stale or any(
            label in self._labels for label in found if label not in self.known
        )
        self.known = dict(found)

    def committed(self, lines: Iterable[str]) -> None:
        """Remember the labels in source that has been committed."""
        from markdown_it.common.utils import normalizeReference

        text = "\n".join(lines)
        if "[" in text:
            labels = filter(None, _LABEL.findall(text))
            self._labels.update(map(normalizeReference, labels))
