"""A real ipykernel in a process of its own, driven as a front end drives it.

In: code and an environment. Out: replies, and every message with the time it came. No browser; what
a front end would show is folded by `outputs`.

    with Kernel(home=tmp_path, ZENMUX_API_KEY=KEY, ZENMUX_BASE_URL=gw.base_url) as kernel:
        kernel.run("1 + 1").result                     # "2"
        reply = kernel.run("1/0")                      # run(code, allow_stdin=True, timeout=60)
        reply.status, reply.ename, reply.evalue, reply.traceback
        reply.outputs                                  # [{"output_type": "error", …}], nbformat 4
        reply.messages                                 # [Message(msg_type, content, parent_id, at)]
        reply.stdout, reply.stderr, reply.result, reply.data("text/html")

        cell = kernel.start("%%zenmux\\nHi")            # the request's id, at once
        kernel.wait_for(lambda m: m.msg_type == "display_data", cell)
        kernel.interrupt()                             # SIGINT, as the front end's ■
        reply = kernel.finish(cell)                    # waits for the reply and for idle
        kernel.outputs(cell)                           # also later: updates may still come
        kernel.messages, kernel.log                    # all so far; what it wrote to its terminal
        kernel.send("comm_msg", {"comm_id": …, "data": …})

A silent front end (nbclient) is `allow_stdin=False`; a page in a browser, or Visual Studio Code, is
`page="the cell's id"`: it gives its requests random ids. `input()` waits for `answer_input`.
"""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session

from .environment import environment
from .outputs import Message, Output, Reply, fold_outputs
from .ports import CHANNELS, free_ports
from .processes import end_process

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Kernel", "Message", "Output", "Reply"]

VIEW = "application/vnd.jupyter.widget-view+json"


class Kernel:
    """The kernel; a context manager, see the module's docstring.

    Args:
        home: A folder of the test's own; the kernel's home and working directory.
        python: The interpreter whose ipykernel to run.
        **wanted: Environment variables.
    """

    def __init__(self, home: Path, python: str = sys.executable, **wanted: str) -> None:
        self.home = home
        self.messages: list[Message] = []
        self._replies: dict[str, dict[str, Any]] = {}
        self._came = threading.Condition()
        ports = zip(CHANNELS, free_ports(len(CHANNELS)), strict=True)
        connection_file, _ = write_connection_file(
            str(home / "connection.json"),
            key=secrets.token_hex().encode(),
            **{f"{channel}_port": port for channel, port in ports},
        )
        self._log = home / "kernel.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [python, "-m", "ipykernel_launcher", "-f", connection_file],
                env=environment(home, **wanted),
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._client = BlockingKernelClient(connection_file=connection_file)
        self._client.load_connection_file()
        self._client.start_channels(hb=False)
        self._reader = threading.Thread(target=self._read, name="iopub", daemon=True)
        self._closing = threading.Event()
        self._become_ready()

    def _become_ready(self) -> None:
        try:
            self._client.wait_for_ready(timeout=180)
        except RuntimeError as failed:
            log = self.log
            self.close()
            raise RuntimeError(f"the kernel did not start; it wrote:\n{log}") from failed
        self._reader.start()

    @property
    def pid(self) -> int:
        """The kernel's process id."""
        return self.process.pid

    @property
    def log(self) -> str:
        """What the kernel has written to its terminal."""
        return self._log.read_text(errors="replace")

    @property
    def replies(self) -> list[dict[str, Any]]:
        """The content of every reply that was taken off the shell channel so far."""
        return list(self._replies.values())

    def start(self, code: str, allow_stdin: bool = True, page: str = "", **options: bool) -> str:
        """Send a cell; returns the request's id. Options: `silent`, `store_history`, …

        A failure stops no cell that is sent after it, except with `stop_on_error`: an ipykernel 6 then
        aborts also what comes a moment later.
        """
        options = {"stop_on_error": False, **options}
        if not page:
            return str(self._client.execute(code, allow_stdin=allow_stdin, **options))
        content = {"code": code, "allow_stdin": allow_stdin, "silent": False, "store_history": True}
        content |= {"user_expressions": {}, **options}
        message = self._client.session.msg("execute_request", content, metadata={"cellId": page})
        message["header"]["msg_id"] = message["msg_id"] = str(uuid.uuid4())
        self._client.shell_channel.send(message)
        return str(message["msg_id"])

    def be_ready(self, cell: str) -> None:
        """Show the widget that a cell has opened, as a page does."""
        shown = self.wait_for(lambda one: VIEW in one.content.get("data", {}), cell)
        widget = shown.content["data"][VIEW]["model_id"]
        ready = {"method": "custom", "content": {"t": "ready", "view": "1"}}
        self.send("comm_msg", {"comm_id": widget, "data": ready})

    def start_as_notebook(self, code: str) -> str:
        """Send a cell as a notebook in a browser does: the ids of its requests end in no number."""
        content = {"code": code, "silent": False, "allow_stdin": True, "stop_on_error": False}
        message = self._client.session.msg("execute_request", content)
        name = secrets.token_hex(16)
        message["header"]["msg_id"] = message["msg_id"] = name
        self._client.shell_channel.send(message)
        return name

    def finish(self, cell: str, timeout: float = 60) -> Reply:
        """Wait until the cell has been answered and the kernel is idle again."""
        deadline = time.monotonic() + timeout
        while cell not in self._replies:
            self._read_reply(deadline)
        content = self._replies[cell]
        self.wait_for(_is_idle, cell, deadline - time.monotonic())
        return Reply(
            status=content["status"],
            ename=content.get("ename", ""),
            evalue=content.get("evalue", ""),
            traceback=content.get("traceback", []),
            outputs=self.outputs(cell),
            messages=[one for one in list(self.messages) if one.parent_id == cell],
            content=content,
        )

    def run(
        self, code: str, allow_stdin: bool = True, timeout: float = 60, page: str = ""
    ) -> Reply:
        """Run a cell to its end. A cell that fails does not abort the next, whenever that comes."""
        return self.finish(self.start(code, allow_stdin, page), timeout)

    def outputs(self, cell: str) -> list[Output]:
        """What stands under a cell now."""
        return fold_outputs(list(self.messages), cell)

    def wait_for(
        self, wanted: Callable[[Message], bool], cell: str | None = None, timeout: float = 60
    ) -> Message:
        """The first message that is wanted (of this cell, if given), past or to come."""

        def find() -> Message | None:
            ours = (one for one in self.messages if cell in (None, one.parent_id))
            return next(filter(wanted, ours), None)

        with self._came:
            found = self._came.wait_for(find, timeout)
        if found is None:
            types = [one.msg_type for one in self.messages if cell in (None, one.parent_id)]
            raise AssertionError(f"waited {timeout:.0f} s for a message; had {types}")
        return found

    def interrupt(self) -> None:
        """What the front end's ■ does."""
        self.process.send_signal(signal.SIGINT)

    def send(self, msg_type: str, content: dict[str, Any]) -> str:
        """Send any message on the shell channel (a comm's, for one); returns its id."""
        message = self._client.session.msg(msg_type, content)
        self._client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def answer_input(self, text: str, timeout: float = 90) -> None:
        """Type a line where a running cell asks for one."""
        self._client.get_stdin_msg(timeout=timeout)
        self._client.input(text)

    def complete(self, code: str, cursor: int) -> dict[str, Any]:
        """What Tab at that place offers: the content of the kernel's reply."""
        asked = str(self._client.complete(code, cursor))
        deadline = time.monotonic() + 90
        while asked not in self._replies:
            self._read_reply(deadline)
        return self._replies[asked]

    def close(self) -> None:
        """Shut the kernel down, and whatever it has started in its process group."""
        if self._closing.is_set():
            return
        self._closing.set()
        if self.process.poll() is None:
            self._client.shutdown()
        end_process(self.process)
        if self._reader.is_alive():
            self._reader.join(5)
        self._client.stop_channels()
        self._client.context.destroy(linger=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _read(self) -> None:
        """Take messages off iopub the moment they come, whatever the test is doing."""
        session = Session(key=self._client.session.key)
        channel = self._client.iopub_channel.socket
        while not self._closing.is_set():
            if not channel.poll(100):
                continue
            _, raw = session.recv(channel)
            assert raw is not None, "polled, so there is one"
            message = Message(
                raw["msg_type"],
                raw["content"],
                raw["parent_header"].get("msg_id", ""),
                time.monotonic(),
                raw["metadata"],
                tuple(bytes(buffer) for buffer in raw["buffers"]),
            )
            with self._came:
                self.messages.append(message)
                self._came.notify_all()

    def _read_reply(self, deadline: float) -> None:
        """Take one message off the shell channel; tell a dead kernel from a slow one."""
        channel = self._client.shell_channel.socket
        while not channel.poll(100):
            if self.process.poll() is not None:
                raise AssertionError(f"the kernel died; it wrote:\n{self.log}")
            if time.monotonic() > deadline:
                seen = [one.msg_type for one in self.messages[-20:]]
                raise AssertionError(f"no reply in time; last messages {seen}, log:\n{self.log}")
        _, raw = self._client.session.recv(channel)
        assert raw is not None, "polled, so there is one"
        self._replies[raw["parent_header"]["msg_id"]] = raw["content"]


def _is_idle(message: Message) -> bool:
    return message.msg_type == "status" and message.content["execution_state"] == "idle"
