"""Kernel messages as a front end takes them: `Message` values in, a cell's `Reply` and outputs out.

Pure. Outputs are dicts as in a saved notebook (nbformat 4), text joined.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Output = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """One message of the kernel.

    Attributes:
        msg_type: As in the protocol: `stream`, `display_data`, `comm_msg`, `status`…
        parent_id: The id of the request that it belongs to; `""` for none.
        at: When it was received, `time.monotonic()`.
    """

    msg_type: str
    content: dict[str, Any]
    parent_id: str
    at: float
    metadata: dict[str, Any] = field(default_factory=dict)
    buffers: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Reply:
    """What came of one cell.

    Attributes:
        status: `ok`, `error` or `aborted`.
        ename: The exception's name, `""` if none.
        evalue: Its text.
        traceback: Its lines, with terminal colours.
        outputs: What stands under the cell.
        messages: The cell's own messages on iopub, in order, up to `idle`.
        content: The whole `execute_reply`.
    """

    status: str
    ename: str
    evalue: str
    traceback: list[str]
    outputs: list[Output]
    messages: list[Message]
    content: dict[str, Any]

    @property
    def stdout(self) -> str:
        """What was printed."""
        return self._stream("stdout")

    @property
    def stderr(self) -> str:
        """What was printed to standard error."""
        return self._stream("stderr")

    @property
    def result(self) -> str:
        """The `text/plain` of the cell's last expression, `""` if it had none."""
        found = [one for one in self.outputs if one["output_type"] == "execute_result"]
        return str(found[0]["data"]["text/plain"]) if found else ""

    def data(self, mime: str) -> list[Any]:
        """What outputs show in this type, in order."""
        return [one["data"][mime] for one in self.outputs if mime in one.get("data", {})]

    def _stream(self, name: str) -> str:
        return "".join(one["text"] for one in self.outputs if one.get("name") == name)


def fold_outputs(messages: Iterable[Message], cell: str) -> list[Output]:
    """What stands under the cell whose request had the id `cell`.

    An update of a display reaches every output that has its id, whichever cell sent the update, as
    in JupyterLab. A `clear_output(wait=True)` clears when the next output comes.
    """
    area = _Area()
    for message in messages:
        if message.msg_type == "update_display_data":
            area.update(message.content)
        elif message.parent_id == cell:
            area.take(message)
    return [output for _, output in area.shown]


class _Area:
    """One output area: pairs of display id and output."""

    def __init__(self) -> None:
        self.shown: list[tuple[str | None, Output]] = []
        self._clear_next = False

    def update(self, content: dict[str, Any]) -> None:
        wanted = content["transient"]["display_id"]
        for name, output in self.shown:
            if name == wanted:
                output.update(data=content["data"], metadata=content["metadata"])

    def take(self, message: Message) -> None:
        kind, content = message.msg_type, message.content
        if kind == "clear_output":
            self._clear_next = content["wait"]
            if not self._clear_next:
                self.shown.clear()
        elif kind in ("stream", "display_data", "execute_result", "error"):
            if self._clear_next:
                self.shown.clear()
                self._clear_next = False
            self._add(kind, content)

    def _add(self, kind: str, content: dict[str, Any]) -> None:
        name = content.get("transient", {}).get("display_id")
        output = {"output_type": kind, **content}
        output.pop("transient", None)
        last = self.shown[-1][1] if self.shown else {}
        if kind == "stream" and last.get("name") == content["name"]:
            last["text"] += content["text"]
        else:
            self.shown.append((name, output))
