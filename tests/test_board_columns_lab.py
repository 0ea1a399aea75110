"""Several models in a real JupyterLab: each column by itself, by mouse and keyboard, and what stays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import (
    Gateway,
    Recorded,
    Reply,
    Send,
    WaitFor,
    chunk,
    error,
    sse,
    streaming,
)
from tests.test_board_axe import LOAD, axe, violations
from zenmux_magic.views.widget import Board

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.support.lab import NotebookPage

    OpenPage = Callable[..., NotebookPage]

__all__ = ["axe"]
ASK = "%%zenmux -m a/one -m b/two -m 'c/three temperature=0' -o trio\nGo"
LONG = "\n\n".join(f"Paragraph {number}, with some words in it." for number in range(80))
TEXTS = {"a/one": LONG, "b/two": LONG.replace("words", "other words"), "c/three": "Short."}


class Service:
    """Answers `a/one` and `b/two` up to a half until the test lets them go on, `c/three` at once."""

    def __init__(self, gateway: Gateway) -> None:
        self.go = {name: threading.Event() for name in TEXTS}
        self.go["c/three"].set()
        self.instead: dict[str, list[Reply]] = {}
        gateway.route = self._answer

    def _answer(self, asked: Recorded) -> Reply:
        if self.instead.get(asked.model):
            return self.instead[asked.model].pop(0)
        steps = list(streaming(TEXTS[asked.model], model=asked.model).steps)
        half = len(steps) // 2
        return Reply(200, {}, [*steps[:half], WaitFor(self.go[asked.model]), *steps[half:]])


@pytest.fixture
def service(gateway: Gateway) -> Service:
    return Service(gateway)


def column(page: NotebookPage, place: int) -> Locator:
    return page.page.locator(".zenmux-column").nth(place)


def started(open_page: OpenPage, *more: str) -> NotebookPage:
    page = open_page([LOAD, ASK, *more])
    page.run(0)
    page.run_async(1)
    column(page, 0).get_by_text("Paragraph 39,").wait_for()
    column(page, 1).get_by_text("Paragraph 39,").wait_for()
    return page


def phase(page: NotebookPage, place: int, wanted: str) -> None:
    page.page.locator(f".zenmux-column[data-phase={wanted}] >> nth=0").wait_for()
    found = column(page, place).get_attribute("data-phase")
    assert found == wanted


def test_a_stopped_column_leaves_the_rest_running(
    notebook_page: OpenPage, service: Service
) -> None:
    page = started(notebook_page, "[(one.finish_reason, len(one.text)) for one in trio]")
    phase(page, 2, "done")
    column(page, 0).locator(".zenmux-stop").click()
    phase(page, 0, "stopped")
    phase(page, 1, "streaming")
    service.go["b/two"].set()
    page.wait_done(1)
    page.run(2)
    (first, second, third) = eval(page.output(2).inner_text())
    assert first[0] == "stopped"
    assert 0 < first[1] < len(LONG)
    assert (second, third) == (("stop", len(TEXTS["b/two"])), ("stop", 6))


@pytest.mark.parametrize(
    "first",
    [error(403, "access_denied", "No."), Reply(steps=[Send(sse(chunk("Half"), done=False))])],
    ids=["refused", "cut"],
)
def test_a_column_that_failed_is_asked_again(
    notebook_page: OpenPage, service: Service, first: Reply
) -> None:
    service.instead["c/three"] = [first]
    page = started(
        notebook_page, "[one.text for one in trio][2], trio['c/three temperature=0'].error"
    )
    phase(page, 2, "failed")
    again = column(page, 2).get_by_role("button", name="Ask again")
    again.focus()
    page.page.keyboard.press("Enter")
    phase(page, 2, "done")
    assert not again.is_visible()
    assert column(page, 2).locator(".zenmux-body").inner_text() == "Short."
    for event in service.go.values():
        event.set()
    page.wait_done(1)
    page.run(2)
    assert page.output(2).inner_text() == "('Short.', None)"


def test_where_it_cannot_help_asking_again_is_not_offered(
    notebook_page: OpenPage, service: Service
) -> None:
    service.instead["c/three"] = [error(404, "model_not_available", "Not in your plan.")]
    page = started(notebook_page)
    phase(page, 2, "failed")
    assert not column(page, 2).get_by_role("button", name="Ask again").is_visible()


def test_one_alone_and_one_put_away_from_the_keyboard(
    notebook_page: OpenPage, service: Service
) -> None:
    page = started(notebook_page)
    column(page, 1).get_by_role("button", name="Show this answer alone").focus()
    page.page.keyboard.press("Enter")
    assert [column(page, place).is_visible() for place in range(3)] == [False, True, False]
    page.page.keyboard.press("Escape")  # back, and nothing is stopped
    assert [column(page, place).is_visible() for place in range(3)] == [True, True, True]
    column(page, 0).get_by_role("button", name="Hide this answer").press("Enter")
    assert [column(page, place).is_visible() for place in range(3)] == [False, True, True]
    page.page.get_by_role("button", name="Show a/one").press("Enter")
    assert column(page, 0).is_visible()
    phase(page, 0, "streaming")
    page.page.keyboard.press("Escape")
    page.wait_done(1)


def test_bodies_scroll_in_step_when_asked_to(notebook_page: OpenPage, service: Service) -> None:
    page = started(notebook_page)
    scrollers = page.page.locator(".zenmux-scroll")
    tops = (
        "all => all.map(one =>"
        " Math.round(100 * one.scrollTop / (one.scrollHeight - one.clientHeight || 1)))"
    )
    down = "one => { one.scrollTop = one.scrollHeight }"
    scrollers.nth(0).evaluate(down)
    assert scrollers.evaluate_all(tops)[:2] == [100, 0]
    scrollers.nth(0).evaluate("one => { one.scrollTop = 0 }")
    step = page.page.get_by_role("button", name="Scroll in step")
    step.click()
    assert step.get_attribute("aria-pressed") == "true"
    scrollers.nth(0).evaluate(down)
    page.page.wait_for_function(
        "() => document.querySelectorAll('.zenmux-scroll')[1].scrollTop > 0"
    )
    assert scrollers.evaluate_all(tops)[:2] == [100, 100]


def test_what_stays_is_static_and_copies_each_answer(
    notebook_page: OpenPage, service: Service
) -> None:
    page = started(notebook_page)
    for event in service.go.values():
        event.set()
    page.wait_done(1)
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copies = page.output(1).get_by_role("button", name="Copy")
    copies.nth(2).wait_for()
    for place, text in enumerate(TEXTS.values()):
        copies.nth(place).click()
        page.page.wait_for_function(
            "wanted => navigator.clipboard.readText().then(text => text === wanted)", arg=text
        )
    saved = page.save()
    (output,) = saved.cells[1].outputs
    assert set(output.data) == {"text/html", "text/markdown", "text/plain"}
    assert "widget" not in str(saved)
    assert [one["model"] for one in output.metadata["zenmux"]["columns"]] == list(TEXTS)
    assert (page.console_errors, page.foreign_requests) == ([], [])


def test_a_reload_in_the_middle_shows_every_column(
    notebook_page: OpenPage, service: Service
) -> None:
    page = started(notebook_page)
    page.save()
    page.page.reload()
    column(page, 1).get_by_text("Paragraph 39,").wait_for(timeout=60_000)
    phase(page, 2, "done")
    service.go["a/one"].set()
    column(page, 0).get_by_text("Paragraph 79,").wait_for()
    phase(page, 1, "streaming")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(notebook_page: OpenPage, service: Service, axe: str, dark: bool) -> None:
    service.instead["c/three"] = [error(403, "access_denied", "No.")]
    page = notebook_page([LOAD, ASK], dark=dark)
    page.run(0)
    page.run_async(1)
    column(page, 1).get_by_text("Paragraph 39,").wait_for()
    phase(page, 2, "failed")
    assert violations(page, axe, 1) == []
    for event in service.go.values():
        event.set()
    page.wait_done(1)
    page.output(1).get_by_role("button", name="Copy").first.wait_for()
    assert violations(page, axe, 1) == []


def test_the_module_stays_small() -> None:
    """Every instance brings it to the page anew."""
    assert len(Board._esm.encode()) <= 16 * 1024
