"""The models that a panel offers: this machine's own, and those of the service's list.

In: the settings. Out: rows of the editor's picker, at once or when the service has told; without a list a
model may be typed all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from zenmux_magic.engine import shared
from zenmux_magic.errors import ZenMuxError
from zenmux_magic.models import Catalogue, Model, ask, kept
from zenmux_magic.models.catalogue import row

if TYPE_CHECKING:
    from zenmux_magic.panel.form import Form
    from zenmux_magic.settings import ZenMux


class Picker:
    """Fills a panel's picker.

    Args:
        form: The editor.
        settings: Whose service it is.
        soon: Calls on the thread of the panel.
        tell: Says a line in the panel.
    """

    def __init__(
        self,
        form: Form,
        settings: ZenMux,
        soon: Callable[..., None],
        tell: Callable[[str], None],
    ) -> None:
        self._form, self._settings, self._soon, self._tell = form, settings, soon, tell

    def offer(self) -> None:
        """Fill it: from the list that is kept, else once the service has told."""
        base_url = self._settings.home_url()
        known = kept(base_url)
        if known is not None:
            self._offered(known)
            return
        asked = shared().submit(lambda _: ask(base_url))
        asked.add_done_callback(lambda done: self._soon(self._offered_late, done))

    def _offered_late(self, done: Future[Catalogue]) -> None:
        if done.cancelled():  # the engine stops
            return
        error = done.exception()
        self._offered(() if error is not None else done.result())
        if isinstance(error, ZenMuxError):
            self._tell(f"There is no list of models: {error} A model may be typed all the same.")

    def _offered(self, found: Iterable[Model]) -> None:
        local = self._settings.local
        here = [[local.model, "", "", "", "on this machine"]] if local is not None else []
        self._form.catalogue = [*here, *(list(row(model)) for model in found)]
