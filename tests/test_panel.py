"""The panel from Python: runs, results as they come, columns added and taken away, runs as cells."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.support.gateway import KEY, Gateway, Recorded, Reply, WaitFor, error, streaming
from zenmux_magic.arguments import parse
from zenmux_magic.engine import shared
from zenmux_magic.errors import ArgumentError, PromptError, SettingsError
from zenmux_magic.magic import ZenMuxMagics
from zenmux_magic.panel import Panel
from zenmux_magic.panel.as_cell import as_cell


@pytest.fixture(autouse=True)
def _key(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENMUX_API_KEY", KEY)
    monkeypatch.setenv("ZENMUX_BASE_URL", gateway.base_url)


class Held:
    """Answers with the model's name, but waits half-way for those that are to be held."""

    def __init__(self, gateway: Gateway, *models: str) -> None:
        self.go = {model: threading.Event() for model in models}
        gateway.route = self._answer

    def _answer(self, asked: Recorded) -> Reply:
        steps = list(streaming(f"I am {asked.model}.", model=asked.model).steps)
        if asked.model in self.go:
            steps.insert(len(steps) // 2, WaitFor(self.go[asked.model]))
        return Reply(steps=steps)


def texts(panel: Panel) -> list[list[str]]:
    return [[one.text for one in result] for result in panel.results]


async def until(panel: Panel, holds: Callable[[], bool]) -> None:
    """Wait for a change after which it holds."""
    changed = asyncio.Event()
    panel.observe(lambda _: changed.set(), "results")
    while not holds():
        changed.clear()
        await asyncio.wait_for(changed.wait(), 20)


def run(act: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(act(), 60))


def test_where_answers_are_kept_is_said_once(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENMUX_LEDGER", str(tmp_path / "kept.sqlite"))
    monkeypatch.setattr("zenmux_magic.ledger.writer._OPENED_S", 60)  # a busy machine opens late
    Held(gateway)

    async def act() -> None:
        panel = Panel(["a/x"], "Hi")
        panel.run()
        await panel.wait()
        assert str(tmp_path / "kept.sqlite") in panel._form.state["told"]
        panel.run()
        await panel.wait()
        assert panel._form.state["told"] == panel._form.state["notice"] == ""
        panel.close()

    run(act)


def test_each_run_is_a_result(gateway: Gateway) -> None:
    Held(gateway)

    async def act() -> None:
        panel = Panel(["a/x", "b/y temperature=0"], "Hi", system="Be brief.")
        panel.run()
        result = await panel.wait()
        assert result is not None
        assert result["b/y temperature=0"].text == "I am b/y."
        panel.models = ["c/z"]
        panel.run()
        await panel.wait()
        assert texts(panel) == [["I am a/x.", "I am b/y."], ["I am c/z."]]
        panel.close()

    run(act)
    first = gateway.chats[0].json
    assert first["messages"][0] == {"role": "system", "content": "Be brief."}
    assert {"temperature": 0} in [
        {"temperature": chat.json.get("temperature")} for chat in gateway.chats
    ]


def test_results_are_told_while_others_still_run(gateway: Gateway) -> None:
    held = Held(gateway, "b/y")

    async def act() -> None:
        panel = Panel(["a/x", "b/y"], "Hi")
        told: list[Any] = []
        threads = set()

        def tell(change: Any) -> None:
            told.append(change["new"])
            threads.add(threading.current_thread())

        panel.observe(tell, "results")
        panel.run()
        await until(panel, lambda: panel.results[0][0].finish_reason == "stop")
        assert panel.results[0][1].finish_reason is None
        held.go["b/y"].set()
        await panel.wait()
        assert told[-1][0][1].text == "I am b/y."
        assert threads == {threading.current_thread()}
        panel.close()

    run(act)


def test_columns_come_and_go_while_others_answer(gateway: Gateway) -> None:
    held = Held(gateway, "a/x", "b/y")

    async def act() -> None:
        panel = Panel(["a/x", "b/y"], "Hi")
        panel.run()
        panel.add("c/z")
        await until(panel, lambda: len(panel.results[0]) == 3 and bool(panel.results[0][2].text))
        panel.remove(1)
        await until(panel, lambda: len(panel.results[0]) == 2)
        assert panel.models == ["a/x", "c/z"]
        held.go["a/x"].set()
        await panel.wait()
        assert texts(panel) == [["I am a/x.", "I am c/z."]]
        panel.close()

    run(act)
    held.go["b/y"].set()


def test_one_column_is_asked_again_with_the_same_prompt(gateway: Gateway) -> None:
    replies = [error(403, "access_denied", "No."), streaming("At last.", model="b/y")]
    gateway.route = lambda asked: (
        streaming("A", model="a/x") if asked.model == "a/x" else replies.pop(0)
    )

    async def act() -> None:
        panel = Panel(["a/x", "b/y"], "First prompt")
        panel.run()
        failed = await panel.wait()
        assert failed is not None
        assert failed["b/y"].error is not None
        panel.prompt = "Another prompt"
        panel.ask_only(1)
        await until(panel, lambda: texts(panel) == [["A", "At last."]])
        panel.close()

    run(act)
    assert [chat.model for chat in gateway.chats].count("a/x") == 1
    assert {chat.json["messages"][-1]["content"] for chat in gateway.chats} == {"First prompt"}


def test_calls_are_seen_at_once(gateway: Gateway) -> None:
    held = Held(gateway, "a/x")

    async def act() -> None:
        panel = Panel("a/x", "Hi")
        panel.run()
        panel.add("b/y")
        panel.remove(1)
        held.go["a/x"].set()
        await panel.wait()
        assert [one.requested_model for one in panel.results[-1]] == ["a/x"]
        gateway.route = lambda asked: streaming("Another")
        panel.ask_only(0)
        await panel.wait()
        assert texts(panel) == [["Another"]]

    run(act)


def test_a_panel_made_without_a_loop_is_waited_for_in_one(gateway: Gateway) -> None:
    held = Held(gateway, "a/x")
    panel = Panel("a/x", "Hi")

    async def give_up() -> None:
        panel.run()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(panel.wait(), 0.01)

    async def act() -> None:
        waiting = asyncio.create_task(panel.wait())
        await asyncio.sleep(0)
        held.go["a/x"].set()
        result = await waiting
        assert result is not None
        assert result[0].text == "I am a/x."

    run(give_up)  # and its loop is closed when the run ends
    run(act)


def test_after_unloading_a_run_is_shown_and_asks_no_more(gateway: Gateway) -> None:
    Held(gateway)

    async def act() -> None:
        panel = Panel("a/x", "Hi")
        panel.run()
        await panel.wait()
        shared().stop()
        with pytest.raises(ArgumentError, match="was unloaded since this run"):
            panel.ask_only(0)
        sent: list[dict[str, Any]] = []
        board = panel._runs[0].board
        board.send = sent.append
        board._handle_custom_msg({"t": "ready", "view": "1"}, [])  # the page was reloaded
        assert [message["t"] for message in sent] == ["snapshot"]
        assert "I am a/x." in str(sent[0]["columns"])
        panel.run()
        await panel.wait()
        assert texts(panel) == [["I am a/x."]] * 2

    run(act)


def test_stopped_columns_keep_what_had_come(gateway: Gateway) -> None:
    held = Held(gateway, "a/x")

    async def act() -> None:
        panel = Panel("a/x", "Hi")
        panel.run()
        with pytest.raises(ArgumentError, match="still runs"):
            panel.run()
        panel.stop()
        result = await panel.wait()
        assert result is not None
        assert result[0].finish_reason == "stopped"
        panel.close()

    run(act)
    held.go["a/x"].set()


def test_earlier_runs_and_a_new_beginning(gateway: Gateway) -> None:
    Held(gateway)

    async def act() -> None:
        panel = Panel("a/x", "First", system="S")
        panel.run()
        await panel.wait()
        panel.models, panel.prompt, panel.system = ["b/y", "c/z"], "Second", ""
        panel.run()
        await panel.wait()
        panel.go(0)
        assert (panel.prompt, panel.system, panel.models) == ("First", "S", ["a/x"])
        panel.go(1)
        assert (panel.prompt, panel.system, panel.models) == ("Second", "", ["b/y", "c/z"])
        panel.reset()
        assert (panel.prompt, panel.system, panel.models) == ("First", "S", ["a/x"])
        assert len(panel.results) == 2
        panel.close()

    run(act)


def test_without_an_event_loop_it_runs_too(gateway: Gateway) -> None:
    Held(gateway)
    panel = Panel("a/x", "Hi")
    done = threading.Event()

    def tell(change: Any) -> None:
        if change["new"][0][0].finish_reason:
            done.set()

    panel.observe(tell, "results")
    panel.run()
    assert done.wait(20)
    assert texts(panel) == [["I am a/x."]]
    panel.close()


def test_what_cannot_be_asked_is_said_before_anything_is_sent(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = Panel("a/x")
    with pytest.raises(PromptError, match="prompt is empty"):
        panel.run()
    panel.prompt = "Hi"
    with pytest.raises(ArgumentError, match="Nothing has run"):
        panel.ask_only(0)
    with pytest.raises(ArgumentError, match="9 models"):
        panel.models = ["a/x"] * 9
    with pytest.raises(ArgumentError, match="is no setting"):
        panel.add("a/x fast")
    panel.models = []
    with pytest.raises(ArgumentError, match="No model"):
        panel.run()
    monkeypatch.delenv("ZENMUX_API_KEY")
    monkeypatch.setenv("ZENMUX_BASE_URL", "https://gateway.invalid/v1")
    panel.models = ["a/x"]
    with pytest.raises(SettingsError, match="no key"):
        panel.run()
    assert (gateway.chats, panel.results) == ([], [])
    panel.close()


def test_outside_ipython_a_run_as_a_cell_is_text() -> None:
    panel = Panel(["a/x", "b/y temperature=0"], "Hi {{ name }}")
    assert panel.to_cell() == '%%zenmux -m a/x -m "b/y temperature=0"\nHi {{ name }}'
    panel.close()


values = st.text(st.sampled_from("ab \"'\\{}[]\n\r\t@-=,é"), max_size=12)


@given(values)
@example("{{")
@example("}}{{{")
@example('\\"=')
def test_a_cell_asks_for_what_the_panel_asked_for(system: str) -> None:
    assume(system != "--")  # before Python 3.13, argparse drops it even from --system=--
    settings = 'temperature=0 stop=["a, b"] note="x y"'
    line = as_cell("Go", system, ["a/x", f"b/y {settings}"]).removeprefix("%%zenmux")
    line = line.removesuffix("\nGo")
    assert "\n" not in line
    found = parse(ZenMuxMagics.cell.parser, line, {})
    assert found.model == ("a/x", f"b/y {settings}")
    assert (found.system or "") == system
