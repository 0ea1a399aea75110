"""Loading and unloading: what the shell holds before, between and after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import KEY, Gateway, fault, streaming
from tests.support.kernel import VIEW, Kernel
from tests.support.outputs import Message
from zenmux_magic.ledger import Store

if TYPE_CHECKING:
    from tests.conftest import StartKernel

# Everything of the shell that an extension could leave something in.
SNAPSHOT = """
import sys, threading
def snapshot():
    ip = get_ipython()
    formatters = ip.display_formatter.formatters.values()
    return {
        "magics": {kind: sorted(found) for kind, found in ip.magics_manager.magics.items()},
        "registry": sorted(ip.magics_manager.registry),
        "configurables": [type(one).__name__ for one in ip.configurables],
        "transformers": [list(ip.input_transformers_cleanup), list(ip.input_transformers_post),
                         list(ip.ast_transformers)],
        "events": {name: list(found) for name, found in ip.events.callbacks.items()},
        "kernel": sorted(vars(ip.kernel)),
        "hooks": [sys.excepthook, sys.displayhook, ip.custom_exceptions],
        "printers": [(len(one.type_printers), len(one.deferred_printers)) for one in formatters],
        "names": sorted(name for name in ip.user_ns if not name.startswith("_")),
        "threads": sorted(one.name for one in threading.enumerate()
                          if not one.name.startswith("Thread-")),
    }
"""

# An extension of the `markdown` package that a user wrote, and that fails on some answers.
FAILS = """
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor
class Reader(Preprocessor):
    def run(self, lines):
        if any("Not" in line for line in lines):
            raise KeyError("unread")
        return lines
def makeExtension(**_):
    extension = Extension()
    extension.extendMarkdown = lambda md: md.preprocessors.register(Reader(md), "reader", 1)
    return extension
"""


@pytest.fixture
def shell(start_kernel: StartKernel, gateway: Gateway, tmp_path: Path) -> Kernel:
    ledger = tmp_path / "ledger.sqlite3"
    Store(ledger).close()
    kernel = start_kernel(
        ZENMUX_API_KEY=KEY, ZENMUX_BASE_URL=gateway.base_url, ZENMUX_LEDGER=str(ledger)
    )
    gateway.route = lambda asked: streaming(f"echo: {asked.prompt}")
    assert kernel.run(SNAPSHOT).status == "ok"
    return kernel


def test_unloading_leaves_nothing_behind(shell: Kernel) -> None:
    shell.run("%load_ext autoreload")  # IPython registers the magic %load_ext at its first use
    shell.run("before = snapshot(); before['names'] = after = None")
    shell.run("%load_ext zenmux_magic")
    assert shell.run("%%zenmux\nhi", allow_stdin=False).status == "ok"
    assert shell.run("snapshot()['registry'] == before['registry']").result == "False"
    shell.run("%unload_ext zenmux_magic")
    shell.run("after = snapshot(); after['names'] = None")
    changed = "[(k, before[k], after[k]) for k in before if before[k] != after[k]]"
    assert shell.run(changed).result == "[]"


def settled(message: Message) -> str:
    """The static output that a message shows; empty if it shows none."""
    html = str(message.content.get("data", {}).get("text/html", ""))
    return html if "zenmux-settled" in html else ""


def show(shell: Kernel, cell: str) -> None:
    """Do what a page does with what a cell shows first."""
    shown = shell.wait_for(lambda one: one.msg_type == "display_data", cell)
    if VIEW in shown.content["data"]:
        shell.be_ready(cell)


def test_unloading_keeps_what_a_background_answer_has(shell: Kernel, gateway: Gateway) -> None:
    gateway.route = lambda asked: fault("silence", "Begun")
    shell.run("%load_ext zenmux_magic")
    cell = shell.start("%%zenmux --background -o answer\nhi", page="1")
    show(shell, cell)
    shell.finish(cell)
    shell.wait_for(lambda one: "Begun" in str(one.content.get("data")))
    assert shell.run("%unload_ext zenmux_magic").status == "ok"
    gateway.wait_departure(1)
    shell.wait_for(lambda one: "Begun" in settled(one) and "stopped" in settled(one))
    assert shell.run("answer.text, answer.finish_reason").result == "('Begun', 'stopped')"


def test_what_an_extension_cannot_read_is_kept_as_it_came(
    shell: Kernel, gateway: Gateway, tmp_path: Path
) -> None:
    (tmp_path / "fails.py").write_text(FAILS)
    gateway.route = lambda asked: streaming("Not <b>read</b>")
    shell.run(f"import sys; sys.path.append({str(tmp_path)!r})\n%load_ext zenmux_magic")
    shell.run("%config ZenMux.markdown_engine = 'markdown'")
    shell.run("%config ZenMux.markdown_extensions = ['fails']")
    cell = shell.start("%%zenmux --background -o answer\nhi", page="1")
    show(shell, cell)
    shell.finish(cell)
    html = settled(shell.wait_for(lambda one: settled(one) != ""))
    assert "(KeyError: 'unread')" in html
    assert "Not &lt;b&gt;read&lt;/b&gt;</pre>" in html


def test_loading_twice_adds_nothing_twice(shell: Kernel) -> None:
    shell.run("%load_ext zenmux_magic")
    shell.run("first = snapshot(); second = None; first['names'] = None")
    code = "import zenmux_magic; zenmux_magic.load_ipython_extension(get_ipython())"
    assert shell.run(code).stdout == ""
    shell.run("second = snapshot(); second['names'] = None")
    assert shell.run("first == second").result == "True"


def test_loaded_again_it_answers_again(shell: Kernel) -> None:
    for command in ("%load_ext", "%reload_ext", "%unload_ext", "%load_ext"):
        assert shell.run(f"{command} zenmux_magic").status == "ok"
        ran = shell.run("%%zenmux\nhi", allow_stdin=False)
        assert (ran.status == "ok") is (command != "%unload_ext")
    assert ran.data("text/plain") == ["echo: hi"]


def test_it_survives_autoreload(shell: Kernel, tmp_path: Path) -> None:
    shell.run("%load_ext autoreload\n%autoreload 2\n%load_ext zenmux_magic")
    touch = """
import os, zenmux_magic, time
for name, module in list(sys.modules.items()):
    if name.startswith("zenmux_magic"):
        os.utime(module.__file__, (time.time() + 5,) * 2)
"""
    for _ in range(2):
        assert shell.run("%%zenmux -o a\nhi", allow_stdin=False).data("text/plain") == ["echo: hi"]
        assert shell.run(touch).status == "ok"
        shell.run("1")  # reloads; IPython 8.0 grumbles at any frozen dataclass


def test_config_shows_the_settings_and_changes_them(shell: Kernel, gateway: Gateway) -> None:
    shell.run("%load_ext zenmux_magic")
    shown = shell.run("%config ZenMux").stdout
    assert "ZenMux.model" in shown
    assert gateway.key not in shown
    shell.run("%config ZenMux.model = 'my/model'")
    shell.run("%%zenmux --quiet\nhi")
    assert gateway.chats[-1].model == "my/model"
