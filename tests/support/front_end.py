"""A page without a browser: what JupyterLab does for a board, done by a program, for many at once.

In: a kernel. Out: cells that the kernel takes for a browser's, what stands under them, and every
message of the kernel counted. It answers as `board.js` does: `hello` for a model, `ready` for a view,
an acknowledgement where a frame asks for one, `gone` when something else has taken a view's place.
It draws nothing. It has channels and a thread of its own.

    with FrontEnd(kernel) as page:
        page.run("%load_ext zenmux_magic")             # Reply(status, …) once the kernel is idle
        cell = page.start("%%zenmux --background\\nHi")
        page.wait(lambda: "text/plain" in page.shown(cell)[0])
        page.models                                    # open widget models: {id: state}
        page.views                                     # live views of boards: {name: model}
        page.came                                      # [(when, size)] of all messages on iopub
"""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from jupyter_client.blocking.client import BlockingKernelClient

from .kernel import Kernel

if TYPE_CHECKING:
    from typing_extensions import Self

VIEW = "application/vnd.jupyter.widget-view+json"


class FrontEnd:
    """The page; a context manager, see the module's docstring.

    Args:
        kernel: The kernel to talk to.
        answers: Whether it has a module for boards at all; else it stays silent, as a page does
            whose widget manager cannot load them.
    """

    def __init__(self, kernel: Kernel, *, answers: bool = True) -> None:
        self.models: dict[str, dict[str, Any]] = {}
        self.views: dict[str, str] = {}
        self.came: list[tuple[float, int]] = []
        self.frames = 0
        self.replies: dict[str, dict[str, Any]] = {}
        self._answers = answers
        self._displays: dict[str, dict[str, Any]] = {}
        self._view_of: dict[str, str] = {}  # by display
        self._cells: dict[str, list[str]] = {}  # displays, in order
        self._text: dict[str, list[str]] = {}  # streams and errors
        self.idle: set[str] = set()
        self._orders: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._client = BlockingKernelClient(connection_file=str(kernel.home / "connection.json"))
        self._client.load_connection_file()
        self._client.start_channels(hb=False, stdin=False, control=False)
        self._client.wait_for_ready(timeout=180)
        self._thread = threading.Thread(target=self._live, name="page", daemon=True)
        self._thread.start()

    def start(self, code: str) -> str:
        """Send a cell as a browser sends it; its request's id."""
        asked = str(uuid.uuid4())
        session = self._client.session
        header = {**session.msg_header("execute_request"), "msg_id": asked}
        content = {
            "code": code, "silent": False, "store_history": True, "user_expressions": {},
            "allow_stdin": True, "stop_on_error": False,
        }  # fmt: skip
        self._cells[asked] = []
        self._orders.put(session.msg("execute_request", content, header=header))
        return asked

    def run(self, code: str, timeout: float = 60) -> dict[str, Any]:
        """Run a cell to its end; the content of the reply."""
        asked = self.start(code)
        self.wait(lambda: asked in self.idle and asked in self.replies, timeout)
        return self.replies[asked]

    def result(self, code: str, timeout: float = 60) -> str:
        """What a cell prints, once it has run; it fails if the cell did."""
        asked = self.start(code)
        self.wait(lambda: asked in self.idle and asked in self.replies, timeout)
        text = "".join(self._text.get(asked, []))
        assert self.replies[asked]["status"] == "ok", self.replies[asked]
        return text

    def shown(self, cell: str) -> list[dict[str, Any]]:
        """The data of what stands under a cell now."""
        return [self._displays[one] for one in self._cells[cell]]

    def wait(self, true: Callable[[], bool], timeout: float = 60) -> None:
        """Wait until something holds."""
        with self._changed:
            if not self._changed.wait_for(true, timeout):
                raise AssertionError(f"waited {timeout:.0f} s in vain; views {self.views}")

    def most_messages(self, window_s: float = 3.0) -> float:
        """The most messages a second that came in any window of this length."""
        times = [when for when, _ in self.came]
        most, first = 0, 0
        for last, when in enumerate(times):
            while times[first] < when - window_s:
                first += 1
            most = max(most, last - first + 1)
        return most / window_s

    def forget(self) -> None:
        """Begin to count anew."""
        self.came.clear()
        self.frames = 0

    def close(self) -> None:
        """Leave; the kernel goes on."""
        self._closing.set()
        self._thread.join(5)
        self._client.stop_channels()
        self._client.context.destroy(linger=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _live(self) -> None:
        iopub, shell = self._client.iopub_channel.socket, self._client.shell_channel.socket
        session = self._client.session
        while not self._closing.is_set():
            while not self._orders.empty():
                session.send(shell, self._orders.get())
            if not iopub.poll(5) and not shell.poll(0):
                continue
            with self._changed:
                while iopub.poll(0):
                    _, parts = session.feed_identities(iopub.recv_multipart())
                    self.came.append((time.monotonic(), sum(map(len, parts))))
                    self._take(session.deserialize(parts))
                while shell.poll(0):
                    _, raw = session.recv(shell)
                    assert raw is not None, "polled, so there is one"
                    if raw["msg_type"] == "execute_reply":
                        self.replies[raw["parent_header"]["msg_id"]] = raw["content"]
                self._changed.notify_all()

    def _take(self, raw: dict[str, Any]) -> None:
        kind, content = raw["msg_type"], raw["content"]
        asked = raw["parent_header"].get("msg_id", "")
        if kind == "status" and content["execution_state"] == "idle":
            self.idle.add(asked)
        elif kind == "stream":
            self._text.setdefault(asked, []).append(content["text"])
        elif kind in ("display_data", "update_display_data"):
            self._display(asked, content, new=kind == "display_data")
        elif kind == "comm_open" and content["target_name"] == "jupyter.widget":
            self.models[content["comm_id"]] = content["data"]["state"]
            self._tell(content["comm_id"], {"t": "hello"})
        elif kind == "comm_close":
            self.models.pop(content["comm_id"], None)
        elif kind == "comm_msg" and content["data"].get("method") == "update":
            self.models[content["comm_id"]].update(content["data"]["state"])
        elif kind == "comm_msg" and content["data"].get("method") == "custom":
            self._message(content["comm_id"], content["data"]["content"])

    def _display(self, asked: str, content: dict[str, Any], *, new: bool) -> None:
        display = content["transient"].get("display_id") or str(uuid.uuid4())
        if new and asked in self._cells:
            self._cells[asked].append(display)
        self._displays[display] = content["data"]
        before = self._view_of.pop(display, None)
        if before is not None:
            self._tell(self.views.pop(before), {"t": "gone", "view": before})
        wanted = content["data"].get(VIEW)
        if wanted and self._answers:
            view = uuid.uuid4().hex[:11]
            self.views[view] = self._view_of[display] = wanted["model_id"]
            self._view_of[display] = view
            self._tell(wanted["model_id"], {"t": "ready", "view": view})

    def _message(self, model: str, content: dict[str, Any]) -> None:
        if content.get("t") == "frame":
            self.frames += 1
            if content.get("ask"):
                self._tell(model, {"t": "ack", "frame": content["n"]})

    def _tell(self, model: str, content: dict[str, Any]) -> None:
        if not self._answers:
            return
        data = {"method": "custom", "content": content}
        self._orders.put(self._client.session.msg("comm_msg", {"comm_id": model, "data": data}))
