"""Accessibility: axe-core finds nothing in any state, and the keyboard alone is enough.

axe-core comes from npm into a folder of the run; nothing of it is kept. Its rules are put to what
we show, not to JupyterLab around it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.demo import ANSWER, THOUGHTS
from tests.support.gateway import Gateway, Reply, Send, WaitFor, chunk, error, sse, streaming

if TYPE_CHECKING:
    from tests.support.lab import NotebookPage

    OpenPage = Callable[..., NotebookPage]

# Exactly this one: a newer one may know more rules, and fail what nobody has changed.
AXE = "axe-core@4.14.1"
LOAD = "%load_ext zenmux_magic"
# In the background, so that boards in every state stand in one page.
ASK = "%%zenmux --background -m openai/gpt-5\nExplain"
FAILURE = sse(chunk(choices=[], error={"code": "502", "type": "provider_error", "message": "Off"}))


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core."""
    folder = tmp_path_factory.mktemp("axe")
    problem = _install(folder)
    if problem:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            f"no axe-core: {problem}; install Node.js with npm, and let it reach its registry"
        )
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


def _install(folder: Path) -> str:
    """Get axe-core into a folder; what went wrong, or nothing."""
    npm = shutil.which("npm")
    if npm is None:
        return "there is no npm"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save"]
    command = [npm, "install", "--prefix", str(folder), *options, AXE]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        return f"npm has not installed {AXE} within two minutes"
    return "" if ran.returncode == 0 else f"npm has not installed {AXE}: {ran.stderr[-300:]}"


RUN = """async root => {
  const found = await axe.run(root, { resultTypes: ['violations'] });
  return found.violations.flatMap(rule => rule.nodes.map(
    node => `${rule.id}: ${node.target} ${node.failureSummary} ${node.html}`));
}"""


def violations(page: NotebookPage, axe: str, cell: int) -> list[str]:
    """What axe-core says of the one answer that a cell shows, a line for each element."""
    page.page.evaluate(axe)
    # What shows that something goes on would be measured half faint.
    page.page.add_style_tag(content="* { animation: none !important; transition: none !important }")
    root = page.output(cell).locator(".zenmux-board, .zenmux-settled")
    found: list[str] = root.evaluate(RUN)
    return found


def held(reply: Reply, share: float, *more: Send) -> tuple[Reply, threading.Event]:
    """The same, standing still after a share of its steps; it may end with others."""
    go = threading.Event()
    steps = list(reply.steps)
    at = int(len(steps) * share)
    rest = list(more) or steps[at:]
    return Reply(200, {}, [*steps[:at], WaitFor(go), *rest]), go


WHOLE = streaming(ANSWER, reasoning=THOUGHTS, model="openai/gpt-5-2026-08-07")
THINKING = streaming(ANSWER, reasoning=THOUGHTS * 6, model="openai/gpt-5")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_while_answers_come(
    notebook_page: OpenPage, gateway: Gateway, axe: str, dark: bool
) -> None:
    waiting, go = held(WHOLE, 0)
    thinking, fail = held(THINKING, 0.15, Send(FAILURE))
    streams, end = held(WHOLE, 0.9)
    replies = {"waiting": waiting, "thinking": thinking, "streaming": streams}
    gateway.route = lambda asked: replies.get(asked.prompt)
    page = notebook_page([LOAD, *(ASK.replace("Explain", phase) for phase in replies)], dark=dark)
    page.run(0)
    for cell, phase in enumerate(replies, 1):
        page.run(cell)
        page.output(cell).locator(f".zenmux-column[data-phase={phase}]").wait_for()
    page.output(3).locator(".zenmux-code").get_by_text("Ridge").first.wait_for()
    assert {cell: violations(page, axe, cell) for cell in (1, 2, 3)} == {1: [], 2: [], 3: []}
    # Opened anew, the page shows the ends of the same boards.
    page.save()
    page.page.goto("about:blank")
    for event in (go, fail, end):
        event.set()
    page.page.go_back()
    page.wait_ready()
    for cell, phase in ((1, "done"), (2, "failed"), (3, "done")):
        page.output(cell).locator(f".zenmux-column[data-phase={phase}]").wait_for()
    assert {cell: violations(page, axe, cell) for cell in (1, 2, 3)} == {1: [], 2: [], 3: []}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_in_what_has_settled(
    notebook_page: OpenPage, gateway: Gateway, axe: str, dark: bool
) -> None:
    stopped, _ = held(WHOLE, 0.9)
    broken, fail = held(WHOLE, 0.6, Send(FAILURE))
    fail.set()
    gateway.enqueue(WHOLE, broken, error(402, "insufficient_credit", "Top up."), stopped)
    page = notebook_page([LOAD, ASK, ASK, ASK, ASK], dark=dark)
    page.run(0)
    for cell in (1, 2, 3, 4):
        page.run(cell)
        if cell == 4:
            page.output(cell).locator(".zenmux-code").get_by_text("Ridge").first.wait_for()
            page.output(cell).get_by_role("button", name="Stop").click()
        page.output(cell).locator(".zenmux-dressed").wait_for()
    phases = page.page.locator(".zenmux-dressed > .zenmux-status")
    shown = phases.evaluate_all("all => all.map(one => one.dataset.phase)")
    assert shown == ["done", "failed", "failed", "stopped"]
    found = {cell: violations(page, axe, cell) for cell in (1, 2, 3, 4)}
    assert found == {1: [], 2: [], 3: [], 4: []}


FOCUSED = """() => {
  const one = document.activeElement;
  if (!one.closest('.zenmux-board, .zenmux-settled')) return '';
  return one.matches('button, summary, a') ? one.innerText.trim() : one.tagName.toLowerCase();
}"""


def tabbed(page: NotebookPage, cell: int) -> list[str]:
    """What of ours has the focus, one Tab after the other, from a cell's editor on."""
    page.cell(cell).locator(".cm-content").focus()
    page.page.keyboard.press("Escape")
    found: list[str] = []
    for _ in range(30):
        page.page.keyboard.press("Tab")
        found.append(page.page.evaluate(FOCUSED))
    return [one for one in found if one]


def test_tab_reaches_stop_and_the_thoughts(notebook_page: OpenPage, gateway: Gateway) -> None:
    gateway.enqueue(held(THINKING, 0.15)[0])
    page = notebook_page([LOAD, ASK])
    page.run(0)
    page.run(1)
    page.output(1).locator(".zenmux-column[data-phase=thinking]").wait_for()
    assert tabbed(page, 1)[:2] == ["Stop", "thinking"]


def test_tab_reaches_all_of_a_settled_answer(notebook_page: OpenPage, gateway: Gateway) -> None:
    gateway.enqueue(WHOLE)
    page = notebook_page([LOAD, ASK])
    page.run(0)
    page.run(1)
    page.output(1).locator(".zenmux-dressed").wait_for()
    reached = tabbed(page, 1)
    assert reached[0] == "Copy"
    assert reached[1].startswith("thought")
    among = [one for one in reached[2:] if one in ("Copy code", "pre", "the chapter")]
    assert among[:3] == ["Copy code", "pre", "the chapter"]


def test_only_the_state_is_read_out_and_the_body_is_busy_until_the_end(
    notebook_page: OpenPage, gateway: Gateway
) -> None:
    reply, go = held(WHOLE, 0.9)
    gateway.enqueue(reply)
    page = notebook_page([LOAD, ASK])
    page.run(0)
    page.run(1)
    body = page.output(1).locator(".zenmux-body")
    body.locator(".zenmux-code").wait_for()
    assert body.get_attribute("aria-busy") == "true"
    live = page.output(1).locator("[aria-live], [role=status], [role=alert], [role=log]")
    assert live.evaluate_all("all => all.map(one => one.className)") == ["zenmux-phase"]
    page.save()
    page.page.goto("about:blank")
    go.set()
    page.page.go_back()
    page.wait_ready()
    page.output(1).locator(".zenmux-column[data-phase=done]").wait_for()
    assert body.get_attribute("aria-busy") == "false"
