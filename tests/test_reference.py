"""The README's reference is that of the declarations."""

from __future__ import annotations

from tests.reference import BEGIN, END, README, replaced


def test_the_readme_has_every_option_command_and_setting() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    assert text == replaced(text), "run python -m tests.reference"
    assert "`--cache`" in replaced(text)
    assert "`%zenmux history [WORD …]" in replaced(text)
    assert "`ZenMux.ledger`" in replaced(text)
