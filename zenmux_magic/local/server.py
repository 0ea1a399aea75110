"""A model file served on the loopback interface by a child process of this kernel.

In: the path of a GGUF file. Out: a handle with the address, the key and the model's id. The child
lives as long as the handle and never longer than the kernel. Makes no requests, fetches nothing.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from platformdirs import user_cache_path

from zenmux_magic.errors import LocalModelError
from zenmux_magic.local import child, weights
from zenmux_magic.local.requirements import require, without_keys

_LAST_WORDS = 8  # lines of log kept for an error message
_LOG_PREFIX = re.compile(r"^[\d.]+ [A-Z] ")  # llama.cpp's clock and level
_ILLEGAL_INSTRUCTION = {-4, 0xC000001D}  # as POSIX and Windows tell it
_CLOSE_TIMEOUT_S = 5.0


@dataclass(frozen=True, eq=False)
class LocalServer:
    """A running OpenAI-compatible server on this machine, for this kernel alone.

    Attributes:
        base_url: `http://127.0.0.1:PORT/v1`.
        api_key: What it wants as bearer token; random, new with every start.
        model: The id it gives in its answers, `local/…`.
        pid: Its process.
        key_file: Where programs of the same user find the key while it runs.
    """

    base_url: str
    api_key: str = field(repr=False)
    model: str
    pid: int
    key_file: Path
    _process: subprocess.Popen[str] = field(repr=False)

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it, with the answers under way. Closing twice does nothing more."""
        _end(self._process)


def start(
    model_path: Path,
    report: weights.Report,
    *,
    slots: int = 4,
    context: int = 4096,
    threads: int = 1,
    timeout_s: float = 300.0,
) -> LocalServer:
    """Serve a model file, and come back when it answers.

    Args:
        model_path: A GGUF file; only read.
        report: Takes a line of progress.
        slots: Requests answered at once; more of them wait.
        context: Tokens of prompt and answer together, for each slot.
        threads: For the arithmetic. More than one is faster on an idle machine, erratic on others.
        timeout_s: The longest wait for the model to load, in seconds.

    Raises:
        LocalModelError: No such file, the server's package is missing, or it did not come up.
    """
    require("xllamacpp")
    if not model_path.is_file():
        raise LocalModelError(
            f"There is no model file {model_path} (c.ZenMux.local_model)."
            " Mend the path, or make it empty for the small model that is fetched."
        )
    small = model_path.name == weights.FILE_NAME
    model = weights.MODEL if small else f"local/{model_path.stem}"
    report(f"starting {model} …")
    key = secrets.token_urlsafe(32)
    folder = user_cache_path("zenmux_magic")
    with suppress(OSError):  # the child will say nothing of it either
        folder.mkdir(parents=True, exist_ok=True)
    wanted = {
        "api_key": key,
        "model_path": str(model_path.resolve()),
        "model": model,
        "slots": slots,
        "context": context,
        "threads": threads,
        "small": small,
        "key_folder": str(folder),
        "path": [place for place in sys.path if place],
    }
    process = _spawn()
    try:
        address = _await_ready(process, json.dumps(wanted), timeout_s)
    except BaseException:
        process.kill()
        _end(process)
        raise
    file = child.key_file(str(folder), address)
    return LocalServer(f"{address}/v1", key, model, process.pid, file, process)


_children: weakref.WeakSet[subprocess.Popen[str]] = weakref.WeakSet()


def _spawn() -> subprocess.Popen[str]:
    options: dict[str, Any] = {"start_new_session": True}  # an interrupt reaches the whole group
    if sys.platform == "win32":
        options = {
            "creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        }
    process = subprocess.Popen(  # noqa: S603 — our own arguments
        [sys.executable, "-I", child.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=without_keys(os.environ),
        **options,
    )
    _children.add(process)
    return process


def _let_go_after_fork() -> None:
    """A forked worker that outlives the kernel must not keep its servers alive."""
    for process in _children:
        _close_stdin(process)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_after_fork)


def _await_ready(process: subprocess.Popen[str], wanted: str, timeout_s: float) -> str:
    """Tell the child what to serve; its address, as soon as it answers requests."""
    addresses: list[str] = []
    last_words: deque[str] = deque(maxlen=_LAST_WORDS)
    ready = threading.Event()

    def listen(output: IO[str]) -> None:
        with output:  # read to its end, or a full pipe would stop the server
            for line in output:
                if line.startswith(child.READY):
                    addresses.append(line.split()[1])
                    ready.set()
                elif line.strip():
                    last_words.append(_LOG_PREFIX.sub("", line.strip()))
        ready.set()

    threading.Thread(
        target=listen, args=(process.stdout,), name="zenmux-local-log", daemon=True
    ).start()
    _write_line(process, wanted)
    if not ready.wait(timeout_s):
        raise LocalModelError(
            f"The local model was not ready within {timeout_s:g} s: run the cell again, or name a smaller"
            f" file with c.ZenMux.local_model. {_said(last_words)}".strip()
        )
    if not addresses:
        raise LocalModelError(_why_it_ended(process.wait(), last_words))
    return addresses[0]


def _write_line(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    with suppress(OSError):  # it has ended already: what it printed tells why
        process.stdin.write(f"{line}\n")
        process.stdin.flush()


def _close_stdin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    with suppress(OSError):  # what an ended child did not read is lost, rightly
        process.stdin.close()


def _end(process: subprocess.Popen[str]) -> None:
    """Close the child's stdin, at which it ends by itself; kill it if it does not."""
    _close_stdin(process)
    try:
        process.wait(_CLOSE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _why_it_ended(code: int, last_words: Iterable[str]) -> str:
    if code in _ILLEGAL_INSTRUCTION:
        return (
            "The local model cannot run here: xllamacpp was built for a newer processor (on x86-64 "
            "at least one with AVX2). Name a server that runs elsewhere with c.ZenMux.local_url."
        )
    return (
        f"The local model's server ended at once (exit code {code}): name another GGUF file with"
        f" c.ZenMux.local_model, or a running server with c.ZenMux.local_url. {_said(last_words)}"
    ).strip()


def _said(last_words: Iterable[str]) -> str:
    return f"It said: {' | '.join(last_words)}" if last_words else ""
