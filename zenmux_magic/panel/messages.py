"""What the page of a panel says, as calls of the panel.

In: a message, `{"t": what, …}`. Out: the method of the panel that does it was called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zenmux_magic.arguments import chosen

if TYPE_CHECKING:
    from zenmux_magic.panel.panel import Panel


def act(panel: Panel, content: dict[str, Any]) -> None:
    """Do what the user did in the page.

    Raises:
        ZenMuxError: It cannot be done.
    """
    kind = content.get("t")
    if "prompt" in content:
        panel.prompt, panel.system = content["prompt"], content["system"]
    if kind == "run":
        panel.run()
    elif kind == "only":
        panel.ask_only(content["place"])
    elif kind == "stop":
        panel.stop()
    elif kind == "add":
        panel.add(content["model"])
    elif kind == "remove":
        panel.remove(content["place"])
    elif kind == "change":
        models = list(panel.models)
        models[content["place"]] = content["model"]
        panel.models = models
    elif kind == "all":
        named = (chosen(model).name for model in panel.models)
        panel.models = [f"{name} {content['settings']}".strip() for name in named]
    elif kind == "go":
        panel.go(content["run"])
    elif kind == "reset":
        panel.reset()
    elif kind == "catalogue":
        panel.picker.offer()
