"""Tab behind `%%zenmux` and `%zenmux`, as front ends ask a kernel for it."""

from __future__ import annotations

import IPython
import pytest

from tests.support.kernel import Kernel


@pytest.fixture
def loaded(kernel: Kernel) -> Kernel:
    kernel.run("%load_ext zenmux_magic")
    kernel.run("%zenmux models")  # a list is kept
    return kernel


def offered(kernel: Kernel, code: str, rest: str = "") -> set[str]:
    """The texts that Tab at the end of `code` gives, cut as the front end would put them."""
    reply = kernel.complete(code + rest, len(code))
    start = reply["cursor_start"]
    return {code[:start] + match for match in reply["matches"]}


# From this version on a matcher can stand in place of the others.
CAN_STAND_ALONE = IPython.version_info >= (8, 6)
CLAUDE = "anthropic/claude-sonnet-4.5"
GPT = {"openai/gpt-5", "openai/gpt-5-mini"}


WANTED = {
    "%%zenmux -m anthr": {f"%%zenmux -m {CLAUDE}"},
    '%%zenmux -m "anthr': {f'%%zenmux -m "{CLAUDE}'},
    "%%zenmux --model anthr": {f"%%zenmux --model {CLAUDE}"},
    "%%zenmux --model=anthr": {f"%%zenmux --model={CLAUDE}"},
    "%%zenmux -t 0 -m a/x,openai": {f"%%zenmux -t 0 -m a/x,{name}" for name in GPT},
    "%%zenmux -m a/x -m openai/": {f"%%zenmux -m a/x -m {name}" for name in GPT},
    "%%zenmux --max-t": {"%%zenmux --max-tokens"},
    "%%zenmux -o a --back": {"%%zenmux -o a --background"},
    "%zenmux mod": {"%zenmux models"},
    "%zenmux use openai": {f"%zenmux use {name}" for name in GPT},
}


def test_tab_offers_models_options_and_words(loaded: Kernel) -> None:
    found = {
        code: offered(loaded, code, "\nWrite a haiku." if code.startswith("%%") else "")
        for code in WANTED
    }
    if not CAN_STAND_ALONE:
        found = {code: names & WANTED[code] for code, names in found.items()}
    assert found == WANTED


def test_after_unloading_tab_offers_nothing_of_ours(loaded: Kernel) -> None:
    loaded.run("%unload_ext zenmux_magic")
    assert offered(loaded, "%%zenmux -m anthr") == set()
