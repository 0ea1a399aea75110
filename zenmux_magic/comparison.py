"""Several answers to one prompt as a value: a sequence of completions that can leave as rows.

In: completions, in the order asked. Out: the same by index or by name, and tables of them. A column
that failed has its row too, with what had come. Its rich display is asked of `views` when shown.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from zenmux_magic.completion import Completion
from zenmux_magic.errors import ErrorInfo
from zenmux_magic.inert import inert


class Comparison(Sequence[Completion]):
    """The answers of several models, or of one with several settings.

    Args:
        completions: One for each column, in the order asked.
    """

    def __init__(self, completions: Iterable[Completion]) -> None:
        self._completions = tuple(completions)

    def __len__(self) -> int:
        return len(self._completions)

    @overload
    def __getitem__(self, which: int | str) -> Completion: ...
    @overload
    def __getitem__(self, which: slice) -> Comparison: ...
    def __getitem__(self, which: int | str | slice) -> Completion | Comparison:
        """A column by its place, or by the model asked, the model that served, or `name settings`.

        Raises:
            KeyError: No column has that name, or several have.
        """
        if isinstance(which, slice):
            return Comparison(self._completions[which])
        return self._named(which) if isinstance(which, str) else self._completions[which]

    def _named(self, name: str) -> Completion:
        found = [one for one in self._completions if label(one) == name]
        found = found or [one for one in self._completions if one.requested_model == name]
        found = found or [one for one in self._completions if one.model == name]
        if len(found) == 1:
            return found[0]
        names = ", ".join(repr(label(one)) for one in self._completions)
        if found:
            raise KeyError(
                f"{name!r} stands for {len(found)} columns. Take one of {names}, or a place."
            )
        raise KeyError(f"There is no column {name!r}. There are {names}.")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Comparison) and other._completions == self._completions

    def __hash__(self) -> int:
        return hash(tuple(one.text for one in self._completions))

    def __repr__(self) -> str:
        return inert(f"<Comparison of {len(self)}: {', '.join(label(one) for one in self)}>")

    def __await__(self) -> Generator[Any, None, Comparison]:
        """What is there need not be waited for: `await trio` is right before and after the end."""
        yield from ()
        return self

    @property
    def errors(self) -> dict[str, ErrorInfo]:
        """What went wrong, by column."""
        return {label(one): one.error for one in self if one.error is not None}

    def rows(self) -> list[dict[str, Any]]:
        """A dict for each column: names, answer, figures; times in seconds, cost in US dollars."""
        return [_row(one) for one in self]

    def to_frame(self) -> Any:
        """The rows as a pandas DataFrame, costs as floats.

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError(
                "to_frame() needs pandas, which is not installed: %pip install pandas,"
                " or use to_csv() or rows()."
            ) from error
        return pandas.DataFrame(_plain(row) for row in self.rows())

    def to_csv(self, path: str | Path | None = None) -> str:
        """The rows as CSV, written to a file too if one is named.

        Text that a spreadsheet would take for a formula gets a `'` in front (OWASP, *CSV injection*).
        """
        out = io.StringIO()
        writer = csv.DictWriter(out, list(_row(Completion())), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(
            {key: _harmless(value) for key, value in row.items()} for row in self.rows()
        )
        return _written(out.getvalue(), path)

    def to_json(self, path: str | Path | None = None) -> str:
        """Everything that is known of the answers, as JSON; `from_dict` reads it back."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=1)
        return _written(text, path)

    def to_markdown(self) -> str:
        """A section for each answer and a table of figures, safe to show."""
        return self._repr_mimebundle_()[0]["text/markdown"]

    def to_html(self) -> str:
        """The answers side by side, as they stand in a saved notebook: safe and self-contained."""
        return self._repr_mimebundle_()[0]["text/html"]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"completions": [one.to_dict() for one in self]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Comparison:
        """The comparison that `to_dict` was made from."""
        return cls(Completion.from_dict(one) for one in data["completions"])

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        from zenmux_magic.frontend import reader_of, settings_here
        from zenmux_magic.views.settled import combined

        return combined(self, reader_of(settings_here()), errors=True)


def label(completion: Completion) -> str:
    """What a column is called: the model asked, and the settings that it alone has."""
    return f"{completion.requested_model} {completion.settings}".strip()


def _row(one: Completion) -> dict[str, Any]:
    return {
        "model": one.requested_model,
        "settings": one.settings,
        "served_by": one.model,
        "text": one.text,
        "reasoning": one.reasoning,
        "finish_reason": one.finish_reason,
        "error": str(one.error) if one.error else None,
        "ttft_s": one.ttft_s,
        "ttfa_s": one.ttfa_s,
        "duration_s": one.duration_s,
        "tokens_per_s": one.tokens_per_s,
        "prompt_tokens": one.usage.prompt_tokens,
        "output_tokens": one.usage.output_tokens,
        "reasoning_tokens": one.usage.reasoning_tokens,
        "cost_usd": one.cost_usd,
        "request_id": one.request_id,
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    cost = row["cost_usd"]
    return {**row, "cost_usd": None if cost is None else float(cost)}


def _harmless(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def _written(text: str, path: str | Path | None) -> str:
    if path is not None:
        # `newline=""`: the line ends are those of the format.
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            file.write(text)
    return text
