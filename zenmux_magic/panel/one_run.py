"""One press on Run: what was asked, by whom, and where it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from zenmux_magic.comparison import Comparison
from zenmux_magic.panel.open_run import OpenRun
from zenmux_magic.views.widget import Board


@dataclass
class Run:
    """A run of a panel.

    Attributes:
        prompt: The prompt as it stood in the editor.
        system: The system prompt as it stood there.
        text: The prompt, expanded.
        models: The model of each column, those taken away too.
        board: Where it is shown.
        going: The columns, once they are asked.
    """

    prompt: str
    system: str
    text: str
    models: list[str]
    board: Board
    going: OpenRun = field(init=False)

    def column(self, models: Sequence[str], place: int) -> int | None:
        """The column that the model at this place of the editor stands for."""
        before = sum(one == models[place] for one in models[:place])
        present = [n for n, _ in self.going.latest if self.models[n] == models[place]]
        return present[before] if before < len(present) else None

    @property
    def present(self) -> list[str]:
        """The models of the columns that were not taken away."""
        columns = dict(self.going.latest)
        return [model for number, model in enumerate(self.models) if number in columns]

    def comparison(self) -> Comparison:
        """The answers so far."""
        return Comparison(one for _, one in self.going.latest)
