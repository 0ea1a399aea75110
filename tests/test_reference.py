"""What the README repeats is what is declared, and what was measured."""

from __future__ import annotations

from tests.reference import PARTS, README, replaced


def test_the_readme_has_every_option_command_and_setting() -> None:
    text = README.read_text(encoding="utf-8")
    for marks in PARTS:
        assert [text.count(mark) for mark in marks] == [1, 1]
    assert text == replaced(text), "run python -m tests.reference"
    assert "`--cache`" in replaced(text)
    assert "`%zenmux history [WORD …]" in replaced(text)
    assert "`ZenMux.ledger`" in replaced(text)
    assert "hostile answer: scripts run" in replaced(text)
