"""A key in a real JupyterLab: typed hidden, repeated by the server, and in nothing that the page has.

Searched: every frame of the websocket from the kernel, what the page sends but for the reply that
holds what was typed, the page with its fields and its storage, and every file of the server's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.gateway import KEY, Close, Gateway, Reply, Send, chunk, error, sse, streaming
from tests.support.traces import Search, files

if TYPE_CHECKING:
    from playwright.sync_api import WebSocket

    from tests.support.lab import Lab

SEARCH = Search(KEY)
CELLS = [
    "%load_ext zenmux_magic",
    "%zenmux login",
    "%%zenmux -m a/b\nRepeat it",
    "%%zenmux -m a/b -m a/c\nRepeat it",
    "%%zenmux -m a/b\nRefuse",
    "%%zenmux -m a/b\nBreak",
    "%zenmux doctor",
    "panel = __import__('zenmux_magic').Panel(['a/b'], 'Repeat it')\npanel.run()\npanel",
    "await panel.wait()",
    "%zenmux snippet",
]
EVERYTHING = """() => {
  const parts = [document.documentElement.outerHTML, document.body.innerText, document.cookie];
  for (const field of document.querySelectorAll('input, textarea')) parts.push(field.value);
  for (const storage of [localStorage, sessionStorage]) parts.push(JSON.stringify({ ...storage }));
  return parts.join('\\n');
}"""


def as_bytes(payload: str | bytes) -> bytes:
    return payload.encode() if isinstance(payload, str) else payload


def test_a_key_leaves_no_trace_in_lab(lab: Lab, gateway: Gateway) -> None:
    replies = {
        "Repeat it": streaming(f"Your key is {KEY}.\n\n```\n{KEY}\n```", reasoning=KEY),
        "Refuse": error(403, "access_denied", f"The key {KEY} is unknown."),
        "Break": Reply(steps=[Send(sse(chunk(f"So {KEY}"), done=False)), Close()]),
    }
    gateway.route = lambda asked: replies[asked.prompt]
    page = lab.open(CELLS, env={"ZENMUX_BASE_URL": gateway.base_url})
    frames: dict[str, list[bytes]] = {"received": [], "sent": []}

    def watch(socket: WebSocket) -> None:
        for way, kept in frames.items():
            socket.on(f"frame{way}", lambda payload, kept=kept: kept.append(as_bytes(payload)))  # type: ignore[call-overload]

    page.page.on("websocket", watch)
    page.reload()
    page.run(0)
    page.run_async(1)
    field = page.page.locator(".jp-Stdin-input")
    assert field.get_attribute("type") == "password"
    field.fill(KEY)
    field.press("Enter")
    page.wait_done(1)
    for cell in range(2, len(CELLS)):
        page.run_async(cell)
        page.wait_done(cell)
    page.output(2).get_by_text("Your key is sk-ai-v1-…").first.wait_for()
    page.page.locator(".zenmux-board .zenmux-body").get_by_text("Your key is sk-ai").wait_for()
    page.save()
    shown = page.page.evaluate(EVERYTHING)
    typed = [frame for frame in frames["sent"] if b"input_reply" in frame]
    assert [KEY.encode() in frame for frame in typed] == [True]
    frames["sent"] = [frame for frame in frames["sent"] if frame not in typed]
    assert any(b"Your key is sk-ai-v1-" in frame for frame in frames["received"])
    for way, kept in frames.items():
        assert SEARCH.places((way, frame) for frame in kept) == []
    assert SEARCH.places([("page", shown.encode())]) == []
    written = list(files(lab.server.home))
    assert page.path.name in {name.rpartition("/")[2] for name, _ in written}
    assert SEARCH.places(written) == []
    assert gateway.chats[0].headers["authorization"] == f"Bearer {KEY}"
