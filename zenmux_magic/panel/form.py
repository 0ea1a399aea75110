"""The panel's editor as a widget of its own: prompt, system prompt, models, buttons.

In and out: synchronised traits, and messages `{"t": …}` for what the user does: `run`, `only` (one
`place`), `stop`, `add` (a `model`), `remove` (a `place`), `change` (a `place` and its `model`), `all`
(`settings` for every model), `go` (to a `run`), `reset`, `catalogue`. It runs nothing itself.
"""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from zenmux_magic.views.widget import static


class Form(anywidget.AnyWidget):
    """The editor.

    Attributes:
        prompt: The prompt as typed.
        system: The system prompt as typed.
        models: `VENDOR/NAME`, each with its settings behind it.
        catalogue: What the picker offers, one list of words a model: id, prices in and out, context
            length, what it can; empty until it is asked for.
        state: What goes on: `running` (any), `places` (which models run), `asked` (which stand in the
            run that is shown), `run` and `runs` (the one shown, counted from 1, and how many),
            `notice` (what could not be done), `told` (what is good to know), `most` models.
    """

    _esm = static("views/static/common.js", "panel/static/form.js")
    _css = static("views/static/board.css", "panel/static/form.css")
    prompt = traitlets.Unicode().tag(sync=True)
    system = traitlets.Unicode().tag(sync=True)
    models = traitlets.List(traitlets.Unicode()).tag(sync=True)
    catalogue: Any = traitlets.List().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
