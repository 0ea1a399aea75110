"""Pictures of a board in each of its states, for eyes: in a real JupyterLab, light and dark.

    python -m tests.shots FOLDER [--dark] [--state STATE …]

Each state is one cell whose answer is scripted to stand still in it.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from pathlib import Path

from tests.support.demo import ANSWER, THOUGHTS
from tests.support.gateway import (
    KEY,
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
from tests.support.lab import Lab

PROMPT = "Explain the bias-variance trade-off with a small table."
ARABIC = (
    "## المفاضلة\n\n"
    "يتكوّن الخطأ من **الانحياز** و*التباين*:\n\n"
    "1. نموذج بسيط\n"
    "2. نموذج `complex_model` مرن\n\n"
    "> ثمن الأول 5$ والثاني 6$.\n"
)
CHINESE = (
    "## 偏差与方差\n\n"
    "误差由**偏差**和*方差*组成：\n\n"
    "| 模型 | 偏差 | 方差 |\n"
    "|---|---|---|\n"
    "| 直线 | 高 | 低 |\n\n"
    "- 简单模型：欠拟合\n"
    "- 灵活模型：过拟合，见 `model.fit`。\n"
)


def _held(reply: Reply, never: threading.Event, share: float) -> Reply:
    """A reply that stands still after a share of its steps."""
    steps = list(reply.steps)
    at = int(len(steps) * share)
    return Reply(200, {}, [*steps[:at], WaitFor(never), *steps[at:]])


def states(never: threading.Event) -> dict[str, list[Reply]]:
    """What the gateway answers, by state."""
    whole = streaming(ANSWER, model="openai/gpt-5")
    thinking = streaming(ANSWER, reasoning=THOUGHTS * 6, model="openai/gpt-5")
    broken = Reply(
        steps=[
            Send(sse(chunk(ANSWER[:420]), done=False)),
            Send(sse(chunk(choices=[], error={"code": "502", "type": "provider_error",
                                              "message": "The provider went away."}))),
        ]
    )  # fmt: skip
    return {
        "waiting": [Reply(steps=[WaitFor(never)])],
        "retrying": [error(429, "rate_limit", "Slow down.", headers={"retry-after": "60"})],
        "thinking": [_held(thinking, never, 0.15)],
        "streaming": [_held(whole, never, 0.75)],
        "table": [_held(whole, never, 0.35)],
        "done": [streaming(ANSWER, reasoning=THOUGHTS * 2, model="openai/gpt-5-2026-08-07")],
        "stopped": [_held(whole, never, 0.3)],
        "cut": [streaming(ANSWER[:300], finish="length", model="openai/gpt-5")],
        "failed": [broken],
        "refused": [error(402, "insufficient_credit", "Top up.")],
        "arabic": [_held(streaming(ARABIC), never, 0.9)],
        "arabic-done": [streaming(ARABIC)],
        "chinese": [_held(streaming(CHINESE), never, 0.9)],
        "chinese-done": [streaming(CHINESE)],
    }


COLUMNS = {
    "openai/gpt-5": (ANSWER[: ANSWER.index("```")], 0.95, 0.011),
    "anthropic/claude-sonnet-4.5": (ANSWER, 0.62, 0.008),
    "google/gemini-2.5-flash": (ANSWER[: ANSWER.index("1. ")], 1.0, 0.004),
}
HELD = {"waiting", "retrying", "thinking", "streaming", "table", "stopped", "arabic", "chinese"}


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--width", type=int, default=1200)
    parser.add_argument("--state", nargs="*", default=[])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    never = threading.Event()
    with tempfile.TemporaryDirectory() as home, Gateway() as gateway:
        lab = Lab(Path(home))
        try:
            with lab.browser.lent():
                for name, replies in states(never).items():
                    if not options.state or name in options.state:
                        _shoot(lab, gateway, name, replies, options)
                for name in ("columns", "columns-done", "panel"):
                    if not options.state or name in options.state:
                        _shoot_columns(lab, gateway, name, never, options)
        finally:
            never.set()
            lab.close()


def _shoot(
    lab: Lab, gateway: Gateway, name: str, replies: list[Reply], options: argparse.Namespace
) -> None:
    def route(asked: Recorded) -> Reply | None:
        return replies[0] if asked.json.get("stream") else None

    gateway.route = route
    page = lab.open(
        ["%load_ext zenmux_magic", f"%%zenmux -m openai/gpt-5\n{PROMPT}"],
        env={"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": gateway.base_url},
        dark=options.dark,
        width=options.width,
        height=1000,
        scale=1.5,
        name=name,
    )
    page.run(0)
    page.run_async(1)
    if name in HELD:
        page.page.locator(".zenmux-board .zenmux-status").wait_for()
        page.page.wait_for_timeout(2500)
        if name == "stopped":
            page.page.locator(".zenmux-stop").click()
            page.wait_done(1)
    else:
        page.wait_done(1)
    page.page.wait_for_timeout(700)
    shade = "dark" if options.dark else "light"
    page.screenshot(options.folder / f"{name}-{shade}.png", cell=1)
    print(name, page.console_errors)
    lab.end_test()


def _shoot_columns(
    lab: Lab, gateway: Gateway, name: str, never: threading.Event, options: argparse.Namespace
) -> None:
    """Three models side by side: on their way, done, or in a panel."""

    def route(asked: Recorded) -> Reply | None:
        if asked.model not in COLUMNS:
            return None
        text, share, pace_s = COLUMNS[asked.model]
        reply = streaming(text, model=asked.model, pace_s=pace_s)
        return reply if name == "columns-done" or share == 1 else _held(reply, never, share)

    gateway.route = route
    asking = f"%%zenmux {' '.join(f'-m {model}' for model in COLUMNS)} -o trio\n{PROMPT}"
    panel = f"import zenmux_magic as zm\nzm.Panel({list(COLUMNS)}, {PROMPT!r})"
    page = lab.open(
        ["%load_ext zenmux_magic\n%zenmux models", panel if name == "panel" else asking],
        env={"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": gateway.base_url},
        dark=options.dark,
        width=options.width,
        height=1700,
        scale=1.5,
        name=name,
    )
    page.run(0)
    page.run_async(1)
    if name == "panel":
        page.page.get_by_label("Prompt", exact=True).press("Control+Enter")
    if name == "columns-done":
        page.wait_done(1)
    page.page.wait_for_timeout(3500)
    if name == "panel":
        page.page.get_by_role("button", name="+ Add a model").click()
        page.page.wait_for_timeout(1000)
    shade = "dark" if options.dark else "light"
    page.screenshot(options.folder / f"{name}-{shade}.png", cell=1)
    print(name, page.console_errors)
    lab.end_test()


if __name__ == "__main__":
    main()
