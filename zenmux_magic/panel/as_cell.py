"""A run as the text of a `%%zenmux` cell that asks the same.

In: prompt, system prompt and models as they were typed. Out: the cell's text.
"""

from __future__ import annotations

from collections.abc import Sequence


def as_cell(prompt: str, system: str, models: Sequence[str]) -> str:
    """The cell.

    Args:
        prompt: What is asked, with its `{{ … }}`.
        system: The system prompt; empty for none.
        models: `VENDOR/NAME`, each with its settings behind it.
    """
    words = ["%%zenmux", *(f"-m {_quoted(model)}" for model in models)]
    if system:
        # What begins with a hyphen would be taken for an option.
        words.append(f"--system={_quoted(system)}" if system[0] == "-" else f"-s {_quoted(system)}")
    return f"{' '.join(words)}\n{prompt}"


def _quoted(text: str) -> str:
    r"""One value of the line. What quotes cannot hold stands in it as Python: `{{ "a\nb" }}`."""
    if any(one in text for one in ("{{", "\n", "\r", '\\"')) or text.endswith("\\"):
        return "{{ " + repr(text).replace("{{", "{\\x7b").replace("}}", "}\\x7d") + " }}"
    if not text or any(one.isspace() or one in "\"'{}[]" for one in text):
        return '"' + text.replace('"', '\\"') + '"'
    return text
