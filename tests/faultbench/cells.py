"""Plays a row in a real kernel: `%%zenmux` cells in, what is wrong about them out.

One `Bench` is one kernel with one transport and one gateway; it looks after each row whether anything
was left behind: sockets on either side, threads, tasks of the engine's loop, memory.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import Any, Literal

from tests.faultbench.row import Row
from tests.support.gateway import KEY, REQUEST_ID, Gateway, Recorded, Reply, Send, chunk, sse
from tests.support.kernel import Kernel
from tests.support.kernel import Reply as Ran

Width = Literal["one", "several"]
FAULTY = "bench/fault"
BESIDE = ("bench/left", "bench/right")
FINE = "Fine."
# How much the kernel may grow at the worst moment of a row: an event may have 32 MB, and its pieces
# are joined and decoded.
MOST_MB = 160
PATIENCE_S = 60.0

SET_UP = """
%load_ext zenmux_magic
%config ZenMux.transport = "{transport}"
%config ZenMux.max_retries = 0
import asyncio, os, pathlib, threading
from zenmux_magic.engine import shared

def _sockets():
    found = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink(f"/proc/self/fd/{{name}}").startswith("socket:")
        except FileNotFoundError:
            pass  # the folder itself was open while it was listed
    return found

def _memory_mb(field):
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition(field + ":")[2].split()[0]) // 1024

def _forget_peak():
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    return _memory_mb("VmRSS")

_begun_mb = _forget_peak()

async def _tasks(_):
    # What a response leaves behind is put away by the loop itself, which takes some rounds.
    for _ in range(200):
        others = asyncio.all_tasks() - {{asyncio.current_task()}}
        if not others:
            return []
        await asyncio.sleep(0.005)
    return sorted(str(task) for task in others)

def _left():
    return {{
        "tasks": shared().submit(_tasks).result(),
        "sockets": _sockets(),
        # The loop's own pool, bounded, is there from its first use on; so is pyzmq's for large messages.
        "threads": sorted(
            one.name for one in threading.enumerate()
            if not one.name.startswith("zenmux-pool") and not type(one).__module__.startswith("zmq")
        ),
        "begun_mb": _begun_mb,
        "peak_mb": _memory_mb("VmHWM"),
    }}

def _told(one):
    error = one.error and (one.error.kind, one.error.message, one.error.status, one.error.type,
                           one.error.request_id)
    one.tokens_per_s
    usage = one.usage
    return {{"text": one.text, "finish": one.finish_reason, "error": error, "names": str(one.to_dict()),
            "tokens": (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)}}
"""


@dataclass(frozen=True)
class Verdict:
    """What one row did in one kernel."""

    row: Row
    transport: str
    wrong: tuple[str, ...]


class Bench:
    """One kernel, one transport, one gateway, and another host that must get nothing."""

    def __init__(
        self, kernel: Kernel, gateway: Gateway, elsewhere: Gateway, transport: str
    ) -> None:
        self._kernel, self._gateway, self._elsewhere = kernel, gateway, elsewhere
        self._transport = transport
        self._wrong: list[str] = []
        self._ask(SET_UP.format(transport=transport))
        gateway.route = lambda asked: _fine()
        self._ask(_cell(("bench/a", *BESIDE), "warm"))
        self._before = self._value("_left()")

    def play(self, row: Row) -> Verdict:
        """Play a row alone and among healthy columns, and ask once more after it."""
        self._wrong = []
        forget = "got = trio = after = None"  # a row must not be judged by the one before it
        self._ask(
            f"%config ZenMux.max_retries = {row.retries}\n{forget}\n_begun_mb = _forget_peak()"
        )
        self._one(row)
        self._next()
        self._several(row)
        self._left_behind()
        return Verdict(row, self._transport, tuple(self._wrong))

    def _one(self, row: Row) -> None:
        self._script(row)
        ran = self._run(row, (FAULTY,), "got")
        told = self._value("_told(got)")
        self._check(row, told, "one")
        self._count(row, "one")
        line = "".join(ran.traceback)
        if told["error"] and row.ended_by == "itself":
            _, message, _, _, request_id = told["error"]
            known = f"{message} (request id {request_id})" if request_id else message
            self._expect("one: the cell's error", line, f"\x1b[31mZenMux: {known}\x1b[0m")
        elif row.ended_by == "interrupt":
            self._expect("one: the cell's end", ran.ename, "KeyboardInterrupt")
        else:
            self._expect("one: the cell's error", line, "")
        self._no_key(ran, "one")

    def _several(self, row: Row) -> None:
        self._script(row)
        models = (BESIDE[0], FAULTY, BESIDE[1])
        ran = self._run(row, models, "trio")
        left, told, right = self._value("[_told(one) for one in trio]")
        for model, beside in zip(BESIDE, (left, right), strict=True):
            self._expect(f"several: {model}", (beside["text"], beside["error"]), (FINE, None))
        self._check(row, told, "several")
        self._count(row, "several")
        status = "error" if row.ended_by == "interrupt" else "ok"
        self._expect("several: the cell", ran.status, status)
        shown = "".join(ran.data("text/plain"))
        if told["error"] and row.ended_by == "itself" and told["error"][1] not in shown:
            self._wrong.append(f"several: the error is not shown: {shown!r}")
        self._no_key(ran, "several")

    def _next(self) -> None:
        """What the user does then: ask again. One further attempt stands for a stale connection."""
        self._ask(_cell(("bench/next",), "after"))
        told = self._value("_told(after)")
        self._expect("the next cell", (told["text"], told["error"]), (FINE, None))

    def _run(self, row: Row, models: tuple[str, ...], out: str) -> Ran:
        options = f" --timeout {row.timeout_s}" if row.timeout_s else ""
        if row.ended_by == "stop":
            # Only where somebody is there to stop it may a cell leave its answer to itself.
            start = self._kernel.start_as_notebook
            self._kernel.finish(start(_cell(models, out, options + " --background", row.prompt)))
            self._wait_for_text(models)
            self._ask("%zenmux stop")
            return self._ask(f"{out} = await {out}\n{out}")
        cell = self._kernel.start(
            _cell(models, out, options, row.prompt), allow_stdin=False, stop_on_error=False
        )
        if row.ended_by == "interrupt":
            self._wait_for_text(models)
            self._kernel.interrupt()
        try:
            return self._kernel.finish(cell, timeout=PATIENCE_S)
        except AssertionError as hangs:
            self._wrong.append(f"the cell did not end: {hangs}")
            self._kernel.interrupt()  # for the rows that follow
            return self._kernel.finish(cell)

    def _wait_for_text(self, models: tuple[str, ...]) -> None:
        """Until the endless column streams: the gateway has sent a good deal of it."""
        gateway = self._gateway
        gateway.wait_until(
            lambda: sum(one.asked.model == FAULTY for one in gateway.sent) > 10, "ten writes"
        )
        gateway.wait_until(lambda: len(gateway.chats) >= len(models), "all columns")

    def _script(self, row: Row) -> None:
        for kept in (self._gateway.requests, self._gateway.sent, self._gateway.departures):
            kept.clear()
        replies = [self._placed(reply) for reply in row.replies]

        def route(asked: Recorded) -> Reply:
            if asked.model != FAULTY:
                return _fine()
            return replies.pop(0) if len(replies) > 1 else replies[0]

        self._gateway.route = route

    def _placed(self, reply: Reply) -> Reply:
        place = self._elsewhere.base_url
        headers = {name: text.replace("ELSEWHERE", place) for name, text in reply.headers.items()}
        return replace(reply, headers=headers)

    def _check(self, row: Row, told: dict[str, Any], width: Width) -> None:
        self._expect(f"{width}: text", told["text"], row.text)
        self._expect(f"{width}: finish reason", told["finish"], row.finish)
        if row.tokens is not None:
            self._expect(f"{width}: tokens", told["tokens"], row.tokens)
        kind, message, *rest = told["error"] or (None, "")
        self._expect(f"{width}: kind", kind, row.kind)
        if row.ended_by == "interrupt":
            return
        if not row.matches(message, self._gateway.base_url, self._elsewhere.base_url):
            self._wrong.append(f"{width}: error {message!r}, not {row.error!r}")
        if rest:
            request_id = REQUEST_ID if row.named else None
            if row.named or rest[2] != "req sk-…":
                self._expect(f"{width}: told", rest, [row.status, row.type, request_id])
        if "\n" in message:
            self._wrong.append(f"{width}: more than one line")
        if KEY in told["names"]:
            self._wrong.append(f"{width}: the key in the answer")

    def _count(self, row: Row, width: Width) -> None:
        sent = sum(one.model == FAULTY for one in self._gateway.chats)
        self._expect(f"{width}: requests", sent, row.requests)
        self._expect(f"{width}: requests to another host", len(self._elsewhere.requests), 0)

    def _left_behind(self) -> None:
        left, before = self._value("_left()"), self._before
        self._expect("tasks", left["tasks"], [])
        self._expect("threads", left["threads"], before["threads"])
        if left["sockets"] > before["sockets"]:
            self._wrong.append(f"sockets: {left['sockets']}, were {before['sockets']}")
        # Kept for the next request: as many as there were columns.
        self._gateway.wait_closed(1 + len(BESIDE))
        grown = left["peak_mb"] - left["begun_mb"]
        if grown > MOST_MB:
            self._wrong.append(f"memory: {grown} MB more at the worst moment")

    def _no_key(self, ran: Ran, width: Width) -> None:
        if any(KEY[:12] in str(one.content) for one in ran.messages):
            self._wrong.append(f"{width}: the key in what the kernel shows")

    def _expect(self, what: str, got: object, wanted: object) -> None:
        if got != wanted:
            self._wrong.append(f"{what}: {got!r}, not {wanted!r}")

    def _ask(self, code: str) -> Ran:
        ran = self._kernel.run(code, allow_stdin=False)
        if ran.status != "ok":
            self._wrong.append(f"{code.splitlines()[0]}: {ran.ename}: {ran.evalue}")
        return ran

    def _value(self, expression: str) -> Any:
        ran = self._ask(expression)
        return ast.literal_eval(ran.result) if ran.status == "ok" else {}


def _fine() -> Reply:
    """A good answer in one write: the short time-outs of some rows are not for these."""
    return Reply(steps=[Send(sse(chunk(FINE), chunk(finish_reason="stop")))])


def _cell(models: tuple[str, ...], out: str, options: str = "", prompt: str = "Hi") -> str:
    asked = " ".join(f"-m {model}" for model in models)
    return f"%%zenmux {asked} -o {out}{options}\n{prompt}"
