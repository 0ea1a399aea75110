"""A board in a blank page, with a stub in place of Jupyter's model: milliseconds, no server.

In: messages of the kernel. Out: the page's DOM, and what the board sent. The module and the style
sheet are the ones that the widget carries.

    board = StubPage(context.new_page())
    board.open()                                   # render; the board says ready
    board.send({"t": "snapshot", …})               # a message of the kernel
    board.sent                                     # what the board has sent
    board.page.locator(".zenmux-body")
"""

from __future__ import annotations

import html
from typing import Any

from playwright.sync_api import Frame, Page

STUB = """
window.makeModel = state => {
  const listeners = {};
  return {
    sent: [],
    state,
    get(name) { return this.state[name]; },
    set(name, value) { this.state[name] = value; this.emit(`change:${name}`); },
    send(content) { this.sent.push(content); },
    on(name, call) { (listeners[name] ??= []).push(call); },
    off(name, call) { listeners[name] = (listeners[name] ?? []).filter(one => one !== call); },
    emit(name, ...args) { for (const call of listeners[name] ?? []) call(...args); },
  };
};
window.load = async source => {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  return (await import(url)).default;
};
"""


class StubPage:
    """One board; see the module's docstring.

    Args:
        page: A blank page.
        module: The widget's module.
        css: Its style sheet.
        body: What else stands in the page.
        head: What else stands in its head, as a policy for its contents.
        sandbox: The board is in a frame with these permissions, as outputs in Google Colab are.
    """

    def __init__(
        self,
        page: Page,
        module: str,
        css: str,
        body: str = "",
        *,
        head: str = "",
        sandbox: str | None = None,
    ) -> None:
        self.page: Page | Frame = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("request", lambda request: self.requests.append(request.url))
        text = f"<!doctype html><html lang=en><head>{head}<title>board</title><style>{css}</style>"
        text += f"</head><body>{body}"
        if sandbox is None:
            page.set_content(text)
        else:
            source = html.escape(text, quote=True)
            frame = f'<iframe sandbox="{sandbox}" srcdoc="{source}" style="width:100%;height:90vh">'
            page.set_content(frame)
            self.page = page.frames[1]
            self.page.wait_for_load_state()
        self.page.evaluate(STUB)
        self.page.evaluate("async source => { window.module = await load(source); }", module)

    def _note(self, kind: str, text: str) -> None:
        if kind == "error":  # what a policy refuses is told there
            self.errors.append(text)

    def open(self, state: dict[str, Any] | None = None) -> None:
        """Make a model and render a view of it."""
        self.page.evaluate(
            """state => {
              window.model = makeModel(state);
              window.host = document.createElement('main');
              document.body.append(host);
              window.close = module.render({ model, el: host });
            }""",
            state or {"final": {}},
        )

    def send(self, *messages: dict[str, Any]) -> None:
        """Messages of the kernel."""
        self.page.evaluate(
            "messages => { for (const one of messages) model.emit('msg:custom', one, []); }",
            list(messages),
        )

    def begin(self, columns: list[dict[str, Any]]) -> None:
        """Answer the last `ready` with a snapshot."""
        view = next(one["view"] for one in reversed(self.sent) if one["t"] == "ready")
        self.send({"t": "snapshot", "view": view, "columns": columns})

    @property
    def sent(self) -> list[dict[str, Any]]:
        """What the board has sent."""
        return list(self.page.evaluate("model.sent"))
