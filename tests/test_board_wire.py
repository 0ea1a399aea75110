"""What a board sends, without a page: operations, figures, and the kernel's one budget."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenmux_magic.completion import Completion, Fold
from zenmux_magic.errors import ErrorInfo
from zenmux_magic.events import (
    Event,
    Failure,
    Finish,
    Identified,
    Opened,
    ReasoningDelta,
    Retrying,
    TextDelta,
    Usage,
    UsageReport,
)
from zenmux_magic.markdown import render
from zenmux_magic.markdown.incremental import IncrementalMarkdown
from zenmux_magic.request import Request
from zenmux_magic.views.budget import FEW, FRAME_S, MESSAGES_PER_S, SHARE, SLOWEST_S, Budget
from zenmux_magic.views.column import STATUS_S, Column
from zenmux_magic.views.figures import seconds
from zenmux_magic.views.progress import Progress
from zenmux_magic.views.settled import LONGEST, bundle, combined

REQUEST = Request("openai/gpt-5", ({"role": "user", "content": "Hi"},))


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def column(clock: Clock | None = None) -> Column:
    return Column(0, REQUEST, IncrementalMarkdown, clock or Clock())


def names(operations: list[list[object]]) -> list[object]:
    return [operation[0] for operation in operations]


def completed(*events: Event) -> Completion:
    fold = Fold(REQUEST)
    for event in events:
        fold.add(event)
    return fold.completion()


def test_a_first_token_gives_its_block_and_a_status() -> None:
    one = column()
    one.add(TextDelta(0.3, "Hel"))
    assert names(one.operations()) == ["live", "status"]
    assert one.operations() == []


def test_more_text_in_a_paragraph_is_sent_as_text() -> None:
    one = column()
    one.add(TextDelta(0.3, "Hel"))
    one.operations()
    one.add(TextDelta(0.4, "lo"))
    assert one.operations() == [["append", 0, 0, "lo"]]


def test_a_block_that_changes_keeps_its_beginning_on_the_page() -> None:
    one = column()
    one.add(TextDelta(0.3, "Hello 𝕏 and *the"))
    (first, _) = one.operations()
    one.add(TextDelta(0.4, " rest* of `it"))
    (name, place, part, join, keep, html) = one.operations()[0]
    shown = str(first[5])
    # The page counts UTF-16 units, of which 𝕏 has two.
    kept = shown.encode("utf-16-le")[: 2 * int(str(keep))].decode("utf-16-le")
    assert (name, place, part, join) == ("live", 0, 0, 0)
    assert int(str(keep)) > len('<p dir="auto">Hello ')
    assert kept + html == '<p dir="auto">Hello 𝕏 and <em>the rest</em> of <code>it</code></p>'


def test_reasoning_is_the_second_part() -> None:
    one = column()
    one.add(ReasoningDelta(0.3, "Hm"))
    assert one.operations()[0][:3] == ["live", 0, 1]


def test_figures_are_sent_a_few_times_a_second() -> None:
    clock = Clock()
    one = column(clock)
    sent = 0
    for step in range(100):
        clock.now_s = step / 100
        one.add(TextDelta(clock.now_s, "word "))
        sent += names(one.operations()).count("status")
    assert sent <= 1 / STATUS_S + 1


def test_figures_that_were_held_back_are_known_to_be_stale() -> None:
    clock = Clock()
    one = column(clock)
    one.add(TextDelta(0.0, "a"))
    one.operations()
    one.add(TextDelta(0.1, "b"))
    one.operations()
    assert one.stale
    clock.now_s = STATUS_S
    assert names(one.operations()) == ["status"]
    assert not one.stale


def test_a_change_of_phase_is_sent_at_once() -> None:
    one = column()
    one.add(ReasoningDelta(0.1, "Hm"))
    one.operations()
    one.add(TextDelta(0.2, "So"))
    assert one.operations()[-1][2]["phase"] == "streaming"


@given(st.text(max_size=300), st.lists(st.integers(1, 40), max_size=20))
def test_a_snapshot_and_what_follows_give_what_all_operations_give(
    text: str, sizes: list[int]
) -> None:
    one = column()
    for size in sizes:
        one.add(TextDelta(0.1, text[:size]))
        text = text[size:]
        one.operations()
    told = one.snapshot()["parts"][0]
    whole = one._parts[0].document
    assert told["commit"].startswith(whole.committed) or told["join"]
    assert told["live"] == whole.live


def test_the_end_commits_everything() -> None:
    one = column()
    one.add(TextDelta(0.1, "# A\n\n- b\n- **c"))
    one.operations()
    one.end(completed(TextDelta(0.1, "# A\n\n- b\n- **c"), Finish(1.0, "stop")))
    one.operations()
    assert one.snapshot()["parts"][0] == {
        "commit": render("# A\n\n- b\n- **c"),
        "live": "",
        "join": 0,
    }


RATE_LIMIT = ErrorInfo("ServiceError", "Slow down.", type="rate_limit", status=429)


@pytest.mark.parametrize(
    ("events", "phase", "label"),
    [
        ([], "waiting", "waiting"),
        ([Opened(0.1)], "waiting", "waiting"),
        ([Retrying(0.1, 1, 3.0, RATE_LIMIT)], "retrying", "rate limited, again in"),
        ([Retrying(0.1, 1, 3.0, RATE_LIMIT), Opened(3.2)], "waiting", "waiting"),
        ([ReasoningDelta(0.1, "Hm")], "thinking", "thinking"),
        ([ReasoningDelta(0.1, "Hm"), TextDelta(0.2, "So")], "streaming", "streaming"),
        ([TextDelta(0.2, "So"), ReasoningDelta(0.3, "Hm")], "streaming", "streaming"),
    ],
)
def test_the_line_says_what_happens(events: list[Event], phase: str, label: str) -> None:
    progress = Progress(REQUEST)
    for event in events:
        progress.add(event)
    status = progress.status(1.0)
    assert (status.phase, status.label) == (phase, label)


@pytest.mark.parametrize(
    ("end", "phase", "label"),
    [
        (Finish(2.0, "stop"), "done", "done"),
        (Finish(2.0, None), "done", "done"),
        (Finish(2.0, "stopped"), "stopped", "stopped"),
        (Finish(2.0, "length"), "cut", "cut at the token limit"),
        (Finish(2.0, "content_filter"), "cut", "cut by the provider's content filter"),
        (Failure(2.0, RATE_LIMIT), "failed", "incomplete"),
        (Failure(2.0, ErrorInfo("Interrupted", "Interrupted.")), "stopped", "interrupted"),
    ],
)
def test_the_line_says_how_it_ended(end: Event, phase: str, label: str) -> None:
    status = Progress(REQUEST).ended(completed(TextDelta(0.5, "So"), end))
    assert (status.phase, status.label, status.text) == (phase, label, "So")


def test_the_clock_is_told_from_its_very_start() -> None:
    assert Progress(REQUEST).status(0.0).to_dict()["clock_s"] == 0.0


def test_counts_are_estimates_until_the_service_has_counted() -> None:
    progress = Progress(REQUEST)
    for piece in ["One ", "two ", "three "]:
        progress.add(TextDelta(0.5, piece))
    assert progress.status(2.5).figures == ("first token 0.50 s", "≈ 4 tokens", "≈ 2 tokens/s")
    progress.add(UsageReport(2.5, Usage(completion_tokens=6)))
    assert progress.status(2.5).figures == ("first token 0.50 s", "6 tokens", "3 tokens/s")


def test_the_first_token_of_the_answer_is_not_that_of_the_reasoning() -> None:
    progress = Progress(REQUEST)
    progress.add(ReasoningDelta(0.5, "let me see"))
    progress.add(TextDelta(3.5, "So"))
    status = progress.status(4.0)
    assert status.figures[0] == "first token 3.5 s"
    assert status.thought == "thought for 3.0 s · 3 words"


def test_a_model_that_serves_for_another_is_named() -> None:
    progress = Progress(REQUEST)
    assert progress.status(0.0).served == ""
    assert progress.add(Identified(0.1, "id", "openai/gpt-5-2026"))
    assert progress.status(0.2).served == "openai/gpt-5-2026"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.314, "0.31 s"), (6.28, "6.3 s"), (59.96, "60.0 s"), (125.9, "2 min 5 s")],
)
def test_times(value: float, shown: str) -> None:
    assert seconds(value) == shown


@pytest.mark.parametrize(
    ("boards", "interval_s"), [(1, FRAME_S), (4, FRAME_S), (15, 15 / MESSAGES_PER_S)]
)
def test_all_boards_share_one_budget(boards: int, interval_s: float) -> None:
    budget = Budget()
    for board in range(boards):
        budget.join(board)
    assert budget.interval_s(0) == pytest.approx(interval_s)
    assert boards / budget.interval_s(0) < 200


def test_more_columns_take_more_time_for_a_frame() -> None:
    budget = Budget()
    budget.join("one")
    budget.join("eight", 8)
    assert FRAME_S == budget.interval_s("one") < budget.interval_s("eight") < 2 * FRAME_S


@pytest.mark.parametrize(("late_s", "interval_s"), [(0.05, FRAME_S), (1.0, 0.2), (60, SLOWEST_S)])
def test_a_page_that_is_late_gets_fewer_frames(late_s: float, interval_s: float) -> None:
    budget = Budget()
    budget.join("board")
    budget.report(late_s)
    assert budget.interval_s("board") == pytest.approx(interval_s)


def test_a_board_that_has_ended_takes_nothing_from_the_others() -> None:
    budget = Budget()
    for board in range(30):
        budget.join(board)
    for board in range(1, 30):
        budget.leave(board)
    assert budget.interval_s(0) == FRAME_S


def test_a_crowd_is_painted_within_its_share_of_the_processor() -> None:
    budget = Budget()
    for board in range(100):
        budget.join(board)
    for _ in range(100):
        budget.spend(0.001)
    assert 100 / budget.interval_s(0) * 0.001 <= 1.1 * SHARE
    for board in range(FEW, 100):
        budget.leave(board)
    assert budget.interval_s(0) < 2 * FRAME_S  # those who are looked at are not slowed down


def test_one_question_at_a_time_to_a_page_however_many_boards_there_are() -> None:
    budget = Budget()
    asked = [at for at in range(1000) if budget.asks(at / 1000)]
    assert asked == [0]  # not answered, so no other
    asked.clear()
    for at in range(1000, 2000):
        budget.report(0.0)
        asked += [at] if budget.asks(at / 1000) else []
    assert asked == [1000, 1250, 1500, 1750]


def test_a_text_that_no_page_could_bear_is_not_sent_whole_while_it_comes() -> None:
    one = column()
    piece = "word " * 2000 + "\n\n"
    sent = 0
    for _ in range(200):
        one.add(TextDelta(0.5, piece))
        sent += sum(len(str(operation)) for operation in one.operations())
    assert LONGEST < sent < 2 * LONGEST < 200 * len(piece)
    one.end(completed(TextDelta(0.5, piece * 200), Finish(1.0, "stop")))
    assert "There is more than can be shown" in one.snapshot()["parts"][0]["commit"] + str(
        one.operations()
    )


def test_a_text_that_no_page_could_bear_settles_to_itself() -> None:
    text = "*word* <b>\n" * (LONGEST // 10)
    one = completed(TextDelta(0.5, text), Finish(1.0, "stop"))
    data, _ = bundle(one)
    assert set(data) == {"text/html", "text/plain"}
    assert data["text/plain"] == text
    assert html.escape(text) in data["text/html"]
    assert data["text/html"].count("<") < 20  # one element for all of it
    several, _ = combined([one, one])
    assert set(several) == {"text/html", "text/plain"}
