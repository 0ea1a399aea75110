"""The panel in a real JupyterLab: by mouse and keyboard, beside busy cells, through a reload."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import Gateway, Recorded, Reply, WaitFor, streaming
from tests.test_board_axe import LOAD, axe, violations

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.support.lab import Lab, NotebookPage

    OpenPage = Callable[..., NotebookPage]

__all__ = ["axe"]
OPEN = "import zenmux_magic as zm\npanel = zm.Panel(['a/one', 'b/two'], 'Hi {{ name }}')\npanel"
LONG = "\n\n".join(f"Paragraph {number}, with some words in it." for number in range(40))


class Service:
    """Answers at once, but `b/two` only up to a half until the test lets it go on."""

    def __init__(self, gateway: Gateway) -> None:
        self.go = threading.Event()
        self.gateway = gateway
        gateway.route = self._answer

    def _answer(self, asked: Recorded) -> Reply:
        text = f"{asked.json['messages'][-1]['content']}! I am {asked.model}."
        if asked.model != "b/two":
            return streaming(text, model=asked.model)
        steps = list(streaming(LONG, model=asked.model).steps)
        half = len(steps) // 2
        return Reply(steps=[*steps[:half], WaitFor(self.go), *steps[half:]])


@pytest.fixture
def service(gateway: Gateway) -> Service:
    return Service(gateway)


def opened(open_page: OpenPage, *more: str, **options: bool) -> NotebookPage:
    page = open_page([LOAD, "name = 'there'", OPEN, *more], **options)
    for cell in range(3):
        page.run(cell)
    prompt(page).wait_for()
    return page


def prompt(page: NotebookPage) -> Locator:
    return page.page.get_by_label("Prompt", exact=True)


def button(page: NotebookPage, name: str) -> Locator:
    return page.page.locator(".zenmux-panel").get_by_role("button", name=name, exact=name == "Run")


def column(page: NotebookPage, place: int, phase: str) -> Locator:
    found = page.page.locator(".zenmux-column").nth(place)
    page.page.wait_for_function(
        "([place, phase]) => document.querySelectorAll('.zenmux-column')[place]?.dataset.phase === phase",
        arg=[place, phase],
    )
    return found


def started(page: NotebookPage) -> None:
    prompt(page).press("Control+Enter")
    assert "Hi there! I am a/one." in column(page, 0, "done").inner_text()
    column(page, 1, "streaming").get_by_text("Paragraph 19,").wait_for()


def test_from_the_prompt_to_results_by_keyboard(notebook_page: OpenPage, service: Service) -> None:
    page = opened(
        notebook_page, "[[one.finish_reason for one in result] for result in panel.results]"
    )
    prompt(page).fill("Hello {{ name }}")
    prompt(page).press("Control+Enter")
    assert "Hello there! I am a/one." in column(page, 0, "done").inner_text()
    button(page, "Stop all").press("Enter")
    column(page, 1, "stopped")
    page.run(3)
    assert page.output(3).inner_text() == "[['stop', 'stopped']]"
    assert (page.console_errors, page.foreign_requests) == ([], [])


def test_a_model_is_searched_and_joins_while_others_answer(
    notebook_page: OpenPage, service: Service
) -> None:
    page = opened(notebook_page, "panel.models", "[one.text for one in panel.results[0]][1:]")
    started(page)
    button(page, "+ Add a model").press("Enter")
    page.page.locator(".zenmux-options").get_by_role("option").nth(2).wait_for()
    page.page.keyboard.type("gpt mini")
    row = page.page.locator(".zenmux-options").get_by_role("option", selected=True)
    assert [text.strip() for text in row.locator("span").all_inner_texts()] == [
        "openai/gpt-5-mini",
        "$0.25",
        "$2.00",
        "400,000",
        "vision, reasoning",
    ]
    page.page.keyboard.press("Enter")
    assert "I am openai/gpt-5-mini." in column(page, 2, "done").inner_text()
    button(page, "Take b/two out").click()
    page.page.wait_for_function(
        "() => document.querySelectorAll('.zenmux-column:not([hidden])').length === 2"
    )
    button(page, "Run").wait_for()
    page.run(3)
    assert page.output(3).inner_text() == "['a/one', 'openai/gpt-5-mini']"
    page.run(4)
    assert page.output(4).inner_text() == "['Hi there! I am openai/gpt-5-mini.']"


def test_what_is_no_model_of_the_list_is_taken_as_typed(
    notebook_page: OpenPage, service: Service
) -> None:
    page = opened(notebook_page)
    button(page, "+ Add a model").click()
    page.page.keyboard.type("my/own")
    page.page.locator(".zenmux-options").get_by_role("option", name="my/own").wait_for()
    page.page.keyboard.press("Enter")
    button(page, "my/own").first.wait_for()


def test_settings_of_one_and_of_all(notebook_page: OpenPage, service: Service) -> None:
    page = opened(notebook_page, "panel.models")
    button(page, "a/one").first.click()
    page.page.get_by_label("Temperature").fill("0.5")
    page.page.get_by_label("Reasoning").select_option("low")
    page.page.get_by_label("Other fields").fill('stop=["a b"]')
    button(page, "Apply").first.click()
    button(page, 'temperature=0.5 reasoning_effort=low stop=["a b"]').click()
    assert page.page.get_by_label("Temperature").input_value() == "0.5"
    page.page.get_by_label("Reasoning").select_option("")
    button(page, "Apply to all").click()
    page.page.get_by_role("button", name="b/two temperature=0.5").wait_for()
    page.run(3)
    settings = 'temperature=0.5 stop=["a b"]'
    assert page.output(3).inner_text() == repr([f"a/one {settings}", f"b/two {settings}"])


def test_it_streams_on_beside_a_cell_that_blocks(
    lab: Lab, notebook_page: OpenPage, service: Service
) -> None:
    page = opened(
        notebook_page,
        "import pathlib, time\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.05)",
    )
    started(page)
    page.run_async(3)
    service.go.set()
    column(page, 1, "done").get_by_text("Paragraph 39,").wait_for()
    (lab.server.root / "go").touch()
    page.wait_done(3)


def test_a_reload_in_the_middle_loses_nothing(notebook_page: OpenPage, service: Service) -> None:
    page = opened(notebook_page)
    prompt(page).fill("Dear {{ name }}")
    started_with = "Dear there! I am a/one."
    prompt(page).press("Control+Enter")
    column(page, 1, "streaming").get_by_text("Paragraph 19,").wait_for()
    page.save()
    page.page.reload()
    prompt(page).wait_for(timeout=60_000)
    assert prompt(page).input_value() == "Dear {{ name }}"
    assert started_with in column(page, 0, "done").inner_text()
    service.go.set()
    column(page, 1, "done").get_by_text("Paragraph 39,").wait_for()
    button(page, "Ask only a/one again").click()
    service.gateway.wait_until(
        lambda: [chat.model for chat in service.gateway.chats].count("a/one") == 2, "a/one again"
    )
    column(page, 0, "done").get_by_text("a/one").first.wait_for()


def test_earlier_runs_come_back_and_reset_keeps_them(
    notebook_page: OpenPage, service: Service
) -> None:
    service.go.set()
    page = opened(notebook_page, "len(panel.results)")
    again = button(page, "Run")
    prompt(page).press("Control+Enter")
    column(page, 1, "done")
    again.wait_for()
    prompt(page).fill("Again {{ name }}")
    again.click()
    page.page.get_by_text("Run 2 of 2").wait_for()
    assert "Again there! I am a/one." in column(page, 0, "done").inner_text()
    column(page, 1, "done")
    button(page, "Earlier run").click()
    page.page.get_by_text("Run 1 of 2").wait_for()
    assert "Hi there! I am a/one." in column(page, 0, "done").inner_text()
    assert prompt(page).input_value() == "Hi {{ name }}"
    button(page, "Reset").click()
    page.page.get_by_text("2 runs").wait_for()
    page.run(3)
    assert page.output(3).inner_text() == "2"


def test_what_cannot_be_asked_is_one_line_in_the_panel(
    notebook_page: OpenPage, service: Service
) -> None:
    page = opened(notebook_page)
    prompt(page).fill("Hi {{ nobody }}")
    button(page, "Run").click()
    page.page.get_by_role("alert").get_by_text("name 'nobody' is not defined").wait_for()
    prompt(page).fill("Hi {{ name }}")
    started(page)
    assert not page.page.locator(".zenmux-panel [role=alert]").is_visible()


def test_a_run_becomes_a_cell(notebook_page: OpenPage, service: Service) -> None:
    service.go.set()
    page = opened(notebook_page, "panel.to_cell()")
    prompt(page).press("Control+Enter")
    column(page, 1, "done")
    page.run(3)
    saved = page.save()
    assert saved.cells[4].source == "%%zenmux -m a/one -m b/two\nHi {{ name }}"


def test_by_its_word_it_opens_and_the_file_holds_a_line(
    notebook_page: OpenPage, service: Service
) -> None:
    page = notebook_page([LOAD, "%zenmux panel a/one", "_zenmux_panel.models"])
    for cell in range(3):
        page.run(cell)
    assert page.output(2).inner_text() == "['a/one']"
    prompt(page).wait_for()
    (output,) = page.save().cells[1].outputs
    assert "run this cell to open it" in output.data["text/plain"]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(notebook_page: OpenPage, service: Service, axe: str, dark: bool) -> None:
    page = opened(notebook_page, dark=dark)
    started(page)
    assert violations(page, axe, 2) == []
    button(page, "+ Add a model").click()
    page.page.locator(".zenmux-options").get_by_role("option").first.wait_for()
    assert violations(page, axe, 2) == []
    button(page, "a/one").first.click()
    page.page.get_by_label("Temperature").wait_for()
    assert violations(page, axe, 2) == []
