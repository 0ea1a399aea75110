"""A whole session with a key, everything at DEBUG: the key is in no byte that it leaves behind.

Each kernel gets the key in another way and meets the same things: answers, refusals and faults in
which the server repeats the key, in every form; every command; failures shown with all variables.
Then all messages, files, logs and child processes are searched.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.gateway import (
    GENERATION_ID,
    KEY,
    Close,
    Gateway,
    Raw,
    Recorded,
    Reply,
    Send,
    Silence,
    WaitFor,
    as_json,
    chunk,
    error,
    sse,
    streaming,
)  # fmt: skip
from tests.support.kernel import Kernel
from tests.support.traces import Search, children, files, forms, said
from zenmux_magic.parents import ipykernel_listens

SEARCH = Search(KEY)
FORMS = forms(KEY)
HALF = len(KEY) // 2
FEW = ("text whole", "text in base64", "error whole", "names", "cut", "failed")
TRANSPORTS = ("openai", "direct")

# Everything logs everything into a file, from the first moment on.
STARTUP = """
import logging
logging.basicConfig(level=logging.DEBUG, filename="debug.log")
for name in ("httpx", "httpcore", "openai", "zenmux_magic", "asyncio"):
    logging.getLogger(name).setLevel(logging.DEBUG)
"""
CONFIG = "c = get_config()\nc.IPKernelApp.log_level = 10\nc.IPCompleter.use_jedi = False\n"


def broken_off(*events: object) -> Reply:
    return Reply(steps=[Send(sse(*events, done=False)), Close()])  # type: ignore[arg-type]


def named(**fields: str) -> Reply:
    return Reply(steps=[Send(sse(chunk("Hi", **fields)))])


def tool_call(arguments: str) -> dict[str, object]:
    return {
        "tool_calls": [{"index": 0, "id": KEY, "function": {"name": KEY, "arguments": arguments}}]
    }


# What a server may do with the key that it was sent, by the prompt that asks for it.
ECHOES: dict[str, Reply] = {
    **{f"text {name}": streaming(f"It is {form}, isn't it?") for name, form in FORMS.items()},
    **{
        f"text {name}, in letters": streaming(f"So: {form} .", pieces=1)
        for name, form in FORMS.items()
    },
    **{f"error {name}": error(403, "access_denied", f"No {form}.") for name, form in FORMS.items()},
    "text in halves": streaming(KEY, pieces=[KEY[:HALF], KEY[HALF:]]),
    "text in bytes": streaming(f"`{KEY}` **{KEY}**", split="byte"),
    "a document": as_json({"choices": [{"message": {"content": KEY}, "finish_reason": "stop"}]}),
    "code": streaming(f"```sh\nexport ZENMUX_API_KEY={KEY}\n```\n$x = {KEY}$"),
    "reasoning": streaming("Yes.", reasoning=f"The header says {KEY}"),
    "arguments": Reply(steps=[Send(sse(*(chunk(tool_call(one)) for one in KEY)))]),
    "names": named(id=KEY, model=KEY, finish_reason=KEY),
    "an empty answer": Reply(steps=[Send(sse(chunk("", finish_reason=KEY)))]),
    "fields": error(403, KEY[:HALF], KEY[HALF:], code=KEY),
    "a nested message": as_json({"error": {"message": {"a": KEY[:HALF], "b": [KEY[HALF:]]}}}, 400),
    "a page": Reply(400, {"content-type": "text/html"}, [Send(f"<html>{KEY}".encode())], "length"),
    "an event": Reply(steps=[Send(sse({"error": {"message": f"Key {KEY}", "type": KEY}}))]),
    "malformed": Reply(steps=[Send(sse(f'{{"{KEY}'))]),
    "cut": broken_off(chunk("Half an answer to "), chunk(KEY)),
    "failed": broken_off(chunk("Half"), {"error": {"message": KEY, "code": 500}}),
    "silence": Reply(steps=[Send(sse(chunk(KEY), done=False)), Silence()]),
}
# The HTTP clients themselves log a response's head at DEBUG, and what was wrong with it.
IN_HEADS: dict[str, Reply] = {
    "a status line": Reply(framing="none", steps=[Raw(f"{KEY}\r\n\r\n".encode()), Close()]),
    "a size": Reply(steps=[Raw(f"{KEY}\r\n".encode()), Close()]),
    "an id": streaming("Hi", headers={"x-zenmux-requestid": KEY}),
    "an id of an error": error(400, "invalid_params", "No.", headers={"x-request-id": KEY}),
    "a redirect": Reply(302, {"location": f"http://elsewhere.invalid/?key={KEY}"}),
    "a wait": error(429, "rate_limit", "Slow.", headers={"retry-after": KEY}),
}
# What shows every variable of every frame: a debugger, a crash reporter, `%xmode Verbose`.
WITH_VARIABLES = """
import asyncio, sys, traceback, faulthandler
import zenmux_magic as zm
def shown(error):
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    print("".join(whole.format()))
for transport in ("openai", "direct"):
    for prompt in ("error whole", "cut", "failed", "malformed"):
        try:
            zm.ask_sync(prompt, transport=transport, param={"x": 1})
        except zm.ZenMuxError as error:
            shown(error); print(repr(error), vars(error), error.completion.to_dict())
"""
ALL_FRAMES = """
import asyncio, gc, sys, traceback, types
def lines(frames):
    return "".join(traceback.StackSummary.extract(frames, capture_locals=True).format())
with open("frames.txt", "w") as file:
    for frame in sys._current_frames().values():
        file.write(lines(traceback.walk_stack(frame)))
    for one in gc.get_objects():
        if isinstance(one, (types.CoroutineType, types.AsyncGeneratorType, types.GeneratorType)):
            frame = getattr(one, "cr_frame", None) or getattr(one, "ag_frame", None)
            if frame is not None:
                file.write(lines([(frame, frame.f_lineno)]))
with open("crash.txt", "w") as file:
    import faulthandler
    faulthandler.dump_traceback(file)
"""
PANEL = """
panel = zm.Panel(["a/b", "a/c"], "text whole, in letters")
display(panel); panel.run(); await panel.wait()
panel.prompt = "error whole"; panel.run(); await panel.wait()
panel.prompt = "cut"; panel.run(); await panel.wait()
import ipywidgets
open("state.json", "w").write(repr(ipywidgets.Widget.get_manager_state()))
print(panel.results, [one.to_json() for one in panel.results]); panel.to_cell()
"""
COMMANDS = (
    "%zenmux", "%zenmux help", "%zenmux doctor", "%zenmux models", "%zenmux use a/b",
    "%zenmux snippet", "%zenmux snippet --lang curl --file ask.sh", "%zenmux history",
    "%zenmux history show", "%zenmux history restore -o again", "%zenmux cost", "%zenmux stop",
    "%config ZenMux", "%%zenmux?", "%zenmux?", "%who", "%whos", "%who_ls", "vars()", "dir()",
    "globals()", "_zenmux", "repr(_zenmux), vars(_zenmux)", "%lsmagic",
    "get_ipython().magics_manager.registry", "get_ipython().configurables",
    "s = zm.frontend.settings_here(); s, s.key(), vars(s), s.trait_values(), s.config",
    "import pickle; open('pickle', 'wb').write(pickle.dumps([_zenmux, trio, again]))",
    ("import pickle\nfor one in (s.key(), s.key().secret, s):\n"
    "    try: pickle.dumps(one)\n    except Exception as error: print(repr(error))"),
    "for one in ('python', 'typescript', 'httpx', 'fetch', 'curl'): display(_zenmux.snippet(one))",
    "print(await _zenmux.billed(), (await _zenmux.billed()).said)",
    "%history -n", "In, Out", "%recall",
)  # fmt: skip


def prepare(home: Path) -> None:
    profile = home / "ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    (profile / "startup" / "00.py").write_text(STARTUP)
    (profile / "ipython_kernel_config.py").write_text(CONFIG)


def begin(home: Path, source: str, gateway: Gateway) -> Kernel:
    """A kernel that has the key from one of the places where it may come from."""
    prepare(home)
    given = {
        "variable": {"ZENMUX_API_KEY": KEY},
        "typed": {},
    }[source]
    kernel = Kernel(
        home,
        ZENMUX_BASE_URL=gateway.base_url,
        ZENMUX_LEDGER=str(home / "ledger.sqlite3"),
        OPENAI_LOG="debug",
        HTTPX_LOG_LEVEL="trace",
        **given,
    )
    assert kernel.run("%load_ext zenmux_magic\nimport zenmux_magic as zm").status == "ok"
    if source == "typed":
        cell = kernel.start("%zenmux login")
        kernel.answer_input(KEY)
        assert kernel.finish(cell).status == "ok"
    return kernel


class Session:
    """What is done with each kernel. `failed` and `fine` count how cells ended: both must be."""

    def __init__(self, kernel: Kernel, gateway: Gateway) -> None:
        self.kernel, self.gateway = kernel, gateway
        self.ended: Counter[str] = Counter()
        self.go_on = threading.Event()
        gateway.route = self._answer

    def _answer(self, asked: Recorded) -> Reply | None:
        prompt = asked.prompt.strip()
        if prompt.startswith("held"):
            text = f"Half {KEY}" if "echo" in prompt else "Half"
            half = [Send(sse(chunk(text), done=False)), WaitFor(self.go_on)]
            return Reply(steps=[*half, Send(sse(chunk(KEY), chunk({}, finish_reason="stop")))])
        return {**ECHOES, **IN_HEADS}.get(prompt)

    def run(self, code: str) -> None:
        self.ended[self.kernel.run(code).status] += 1

    def meet(self, prompts: Iterable[str]) -> None:
        """Ask for what the server does with the key, over both transports."""
        for transport in TRANSPORTS:
            for prompt in prompts:
                self.run(f"%%zenmux -m a/b --transport {transport} --timeout 0.2\n{prompt}")

    def ask_in_every_way(self) -> None:
        several = "--strict -m a/c -m a/d"
        for line in ("", "--quiet", "--cache", "--cache --dry-run", "--fresh", several):
            for prompt in ("text whole, in letters", "error whole"):
                self.run(f"%%zenmux -m a/b {line} -o trio\n{prompt}")
        self.run("%%zenmux -m openai/gpt-5\ntext whole")
        self.run("%config ZenMux.budget_usd = 1e-9")
        self.run("%%zenmux -m openai/gpt-5\ntext whole")
        self.run("%config ZenMux.budget_usd = 0")
        for prompt in ("text whole, in letters", "cut", "error whole"):
            self.show_live(f"%%zenmux -m a/b -m a/c -o trio\n{prompt}")
        self.show_live("%%zenmux -m a/b -o later --background\ntext whole, in letters")
        self.run("await later; later")
        self.run(PANEL)

    def show_live(self, code: str) -> None:
        cell = self.kernel.start(code, page="1")
        if ipykernel_listens():  # else it is shown in steps
            self.kernel.be_ready(cell)
        self.ended[self.kernel.finish(cell).status] += 1

    def interrupt(self) -> None:
        for transport in TRANSPORTS:
            cell = self.kernel.start(f"%%zenmux -m a/b --transport {transport}\nheld, and echoed")
            self.kernel.wait_for(lambda one: "Half" in str(one.content), cell)
            self.kernel.interrupt()
            self.ended[self.kernel.finish(cell).status] += 1

    def crash(self) -> None:
        """Look at everything while answers come, then show failures as a crash reporter does."""
        for transport in TRANSPORTS:
            self.run(f"running = zm.stream('held', model='a/b', transport='{transport}')")
            self.run("await anext(running); await anext(running)")
            self.run(ALL_FRAMES)
            self.run("await running.aclose()")
        self.run("%xmode Verbose")
        self.run(WITH_VARIABLES)
        self.run("%%zenmux\n{{ 1 / 0 }}")
        self.run("print(zm.frontend.settings_here().key().secret.nothing)")
        self.run("raise RuntimeError(zm.frontend.settings_here().key())")
        self.run("%tb Verbose")

    def say_everything(self) -> None:
        self.gateway.generations[GENERATION_ID] = {"usage": 0.1, "said": [KEY], KEY: KEY}
        self.run("%%zenmux -m a/b\nhello")
        for command in COMMANDS:
            self.run(command)
        for code in ("%zenmux ", "%%zenmux -m ", "zm.", "_zenmux.", "s.key().secret.", "s."):
            self.kernel.complete(code, len(code))


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes under /proc")
@pytest.mark.parametrize("source", ["variable", "typed"])
def test_a_session_leaves_no_trace_of_its_key(
    source: str, tmp_path: Path, gateway: Gateway
) -> None:
    with begin(tmp_path, source, gateway) as kernel:
        session = Session(kernel, gateway)
        session.run("%config ZenMux.max_retries = 0")
        session.meet(ECHOES if source == "variable" else FEW)
        session.ask_in_every_way()
        session.interrupt()
        session.crash()
        session.say_everything()
        session.run("logging.disable()")
        session.meet(IN_HEADS)
        started = list(children(kernel.pid))
        found = SEARCH.places([*said(kernel), *started])
    session.go_on.set()
    kept = list(files(tmp_path, leave_out={"connection.json"}))
    assert found == []
    assert SEARCH.places(kept) == []
    assert session.ended["ok"] > session.ended["error"] > 20


# What a user may do with his key where it has no business.
SLIPS = (
    f"%zenmux {KEY}", f"%zenmux use {KEY}", f"%zenmux login {KEY}", f"%zenmux history {KEY[9:]}",
    f"%zenmux models {KEY}", f"%zenmux snippet {KEY}", f"%zenmux panel {KEY}",
    f"%%zenmux -m {KEY}\nHi", f"%%zenmux -p key={KEY}\nHi", f"%%zenmux -o {KEY}\nHi",
    f"%%zenmux --base-url https://{KEY}@127.0.0.1/\nHi", f"%%zenmux -s {KEY[9:]}\nHi",
    f"%%zenmux -t {KEY}\nHi", f"%%zenmux {KEY}\nHi", f"%%zenmux --timeout {KEY[9:]}\nHi",
    f"%%zenmux\nIs {KEY} right?", f"%%zenmux --no-template\nIs {KEY[9:]} right?",
    "%%zenmux -f key\nIs this right?", "%%zenmux -s @key\nHi", "%%zenmux\n{{ open('key').read() }}",
    f"%%zenmux --dry-run\n{KEY}", f"%%zenmux --base-url {{url}}\n{KEY}",
    f"%%zenmux\n{{{{ 1 / 0 }}}} {KEY}", "%%zenmux\n{{ {}[open('key').read()] }}",
    f"%%zenmux -m a/b -m 'a/c user={KEY}'\nHi", f"await zm.ask('Hi', system='{KEY}')",
    f"await zm.ask('Hi', model='{KEY}')", f"zm.Panel(prompt='{KEY}').run()",
)  # fmt: skip


def test_a_key_that_the_user_writes_goes_nowhere_and_is_not_repeated(
    tmp_path: Path, gateway: Gateway
) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    given = {"ZENMUX_API_KEY_FILE": str(tmp_path / "key"), "ZENMUX_BASE_URL": gateway.base_url}
    with Kernel(tmp_path, ZENMUX_LEDGER=str(tmp_path / "ledger.sqlite3"), **given) as kernel:
        kernel.run("%load_ext zenmux_magic\nimport zenmux_magic as zm\n%xmode Verbose")
        for slip in SLIPS:
            assert kernel.run(slip.replace("{url}", gateway.base_url)).status == "error", slip
        assert kernel.run("%%zenmux\nHi").stdout.startswith("Hello")
        typed = {"execute_input", "comm_open", "comm_msg"}  # what the user writes into a panel, too
        assert SEARCH.places(said(kernel, typed)) == []
    (one,) = gateway.requests
    assert one.headers["authorization"] == f"Bearer {KEY}"
    typed_in = {"key", "history.sqlite"}
    assert SEARCH.places(files(tmp_path, leave_out={*typed_in, "connection.json"})) == []
