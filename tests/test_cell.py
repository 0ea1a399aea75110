"""`%%zenmux` in a real kernel: what is sent, shown, bound and raised, however the cell is run."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from tests.support.gateway import (
    KEY,
    Gateway,
    Head,
    Reply,
    WaitFor,
    error,
    fault,
    streaming,
)
from tests.support.kernel import Kernel
from tests.support.kernel import Reply as Ran

if TYPE_CHECKING:
    from tests.conftest import StartKernel


@pytest.fixture(scope="module")
def shared_gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


@pytest.fixture(scope="module")
def shared_kernel(
    shared_gateway: Gateway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kernel]:
    environment = {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": shared_gateway.base_url}
    with Kernel(tmp_path_factory.mktemp("kernel"), **environment) as running:
        yield running


@pytest.fixture
def gateway(shared_gateway: Gateway) -> Gateway:
    """One gateway for the module, emptied; it answers with what it was asked, `slow` slowly."""
    for kept in (shared_gateway.requests, shared_gateway.sent, shared_gateway.departures):
        kept.clear()
    shared_gateway.route = lambda asked: streaming(
        f"echo: {asked.prompt}", pieces=5, pace_s=20.0 if asked.prompt.startswith("slow") else 0.0
    )
    return shared_gateway


@pytest.fixture
def loaded(shared_kernel: Kernel, gateway: Gateway) -> Kernel:
    """One kernel for the module, the extension loaded anew."""
    set_up = "%autoawait on\n%xmode Plain\n%unload_ext zenmux_magic\n%load_ext zenmux_magic"
    assert run(shared_kernel, set_up).status == "ok"
    return shared_kernel


def run(kernel: Kernel, code: str) -> Ran:
    """Run as a program that executes notebooks does: displays, and no widget."""
    return kernel.run(code, allow_stdin=False)


def plain(ran: Ran) -> list[Any]:
    return ran.data("text/plain")


def test_an_answer_is_shown_and_bound(loaded: Kernel) -> None:
    ran = run(loaded, "%%zenmux -o answer\nhi **there**")
    assert ran.status == "ok"
    assert plain(ran) == ["echo: hi **there**"]
    assert "<strong>there</strong>" in ran.data("text/html")[0]
    assert ran.data("text/markdown")[0].startswith("echo: hi **there**")
    assert run(loaded, "str(answer), answer is _zenmux").result == "('echo: hi **there**', True)"


def test_the_answer_is_shown_again_as_the_same_safe_bundle(loaded: Kernel) -> None:
    first = run(loaded, "%%zenmux\n<b>hi</b>").outputs[0]
    again = run(loaded, "_zenmux").outputs[0]
    assert again["data"] == first["data"]
    assert "&lt;b&gt;" in first["data"]["text/html"]


NESTED = [
    "%%time\n%%zenmux\n{}",
    "%%timeit -n1 -r1\n%%zenmux\n{}",
    "%%prun -q\n%%zenmux\n{}",
    "get_ipython().run_cell('%%zenmux\\n{}');",
    "get_ipython().run_cell_magic('zenmux', '', '{}')",
    "%autoawait off\n%run cell.ipynb",
    "%run cell.ipynb",
    "%run cell.ipy",
]


@pytest.mark.parametrize("code", NESTED)
def test_a_cell_inside_a_cell_answers_too(loaded: Kernel, code: str) -> None:
    cells = [nbformat.v4.new_code_cell("%%zenmux\nhi")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), loaded.home / "cell.ipynb")
    (loaded.home / "cell.ipy").write_text("%%zenmux\nhi\n")
    for _ in "before", "after an interrupt":
        ran = run(loaded, code.format("hi"))
        assert ran.status == "ok"
        assert [text.strip() for text in plain(ran) if "echo" in text][:1] == ["echo: hi"]
        assert interrupt(loaded, "%%zenmux\nslow").ename == "KeyboardInterrupt"


def interrupt(kernel: Kernel, code: str) -> Ran:
    """Interrupt a cell that cannot end before: where one has just ended, old kernels lose its reply."""
    cell = kernel.start(code, allow_stdin=False)
    kernel.wait_for(lambda m: m.msg_type in {"display_data", "update_display_data"}, cell)
    kernel.interrupt()
    return kernel.finish(cell)


def test_capture_keeps_one_display(loaded: Kernel) -> None:
    assert run(loaded, "%%capture kept\n%%zenmux -o a\nhi").outputs == []
    shown = run(loaded, "len(kept.outputs), kept.outputs[0].data['text/plain'], str(a)").result
    assert shown == "(1, 'echo: hi\\n', 'echo: hi\\n')"


def test_rerun(loaded: Kernel, gateway: Gateway) -> None:
    loaded.run("%%zenmux\nhi")
    run(loaded, "%rerun")
    assert [asked.prompt.strip() for asked in gateway.chats] == ["hi", "hi"]


def test_without_autoawait(loaded: Kernel) -> None:
    run(loaded, "%autoawait off")
    assert plain(run(loaded, "%%zenmux\nhi")) == ["echo: hi"]


def test_run_all_stops_at_a_failing_cell(loaded: Kernel, gateway: Gateway) -> None:
    go, refused = threading.Event(), error(403, "access_denied", "no")
    steps = [WaitFor(go), Head(), *refused.steps]
    gateway.route = lambda asked: replace(refused, steps=steps)
    first = loaded.start("%%zenmux\nhi", allow_stdin=False, stop_on_error=True)
    gateway.wait_for_request()
    second = loaded.start("1 + 1", allow_stdin=False)
    go.set()  # the second has been sent before the first can fail
    assert loaded.finish(first).status == "error"
    assert loaded.finish(second).status == "aborted"
    # An ipykernel 6 aborts for a moment more what is sent; the next test's cell must not be it.
    while run(loaded, "1 + 1").status == "aborted":
        pass


def test_an_interrupt_keeps_what_had_come(loaded: Kernel, gateway: Gateway) -> None:
    gateway.route = lambda asked: streaming("word " * 400, pace_s=0.05)
    for code in ["%%zenmux -o part\nhi", "get_ipython().run_cell_magic('zenmux', '-o part', 'hi')"]:
        cell = loaded.start(code, allow_stdin=False)
        loaded.wait_for(lambda m: "word" in str(m.content.get("data", {}).get("text/plain")), cell)
        loaded.interrupt()
        ran = loaded.finish(cell)
        assert (ran.status, ran.ename) == ("error", "KeyboardInterrupt")
        assert len(ran.traceback) == 1
        kept = run(loaded, "part.text[:4], part is _zenmux, part.error.kind, part.finish_reason")
        assert kept.result == "('word', True, 'Interrupted', None)"
    gateway.wait_departure(2)


def test_an_interrupt_before_the_first_token(loaded: Kernel, gateway: Gateway) -> None:
    gateway.route = lambda asked: fault("silence", text="")
    cell = loaded.start("%%zenmux -o part\nhi", allow_stdin=False)
    gateway.wait_for_request(1)
    loaded.interrupt()
    assert loaded.finish(cell).ename == "KeyboardInterrupt"
    assert run(loaded, "part.text, part.error.kind").result == "('', 'Interrupted')"
    gateway.wait_departure(1)


@pytest.mark.parametrize(
    "code",
    [
        "async for event in zm.stream('hi', transport='direct'): pass",
        "panel = zm.Panel('a/x', 'hi'); panel.run(); await panel.wait()",
        "await Completion(id='gen-1', base_url=BASE_URL).billed()",
    ],
)
def test_an_interrupt_reaches_whoever_waits_in_python(
    loaded: Kernel, gateway: Gateway, code: str
) -> None:
    gateway.route = lambda asked: fault("silence before the head")
    gateway.generations["gen-1"] = fault("silence before the head")
    loaded.run("import zenmux_magic as zm\nfrom zenmux_magic.completion import Completion")
    loaded.run(f"BASE_URL = {gateway.base_url!r}")
    cell = loaded.start(code, allow_stdin=False)
    gateway.wait_for_request(1)
    loaded.interrupt()
    assert loaded.finish(cell).ename in {"CancelledError", "KeyboardInterrupt"}
    loaded.run("if 'panel' in globals(): panel.close()")
    gateway.wait_departure(1)


WIRE = [
    '{"a": 1}',
    r"\frac{1}{2}",
    r"\newcommand{\x}[1]{#1}",
    r"\section{% c",
    "{%d}",
    "{}",
    "$x",
    "%d",
    "a\r\nb",
    "two newlines at the end\n\n",
    "\n\nat the beginning",
    ">>> x\n... y",
    "  indented\nnot",
    "?",
    "!ls",
    "%magic",
    "what is this?",
    "back\\slash \\n '''quotes\"\"\"",
    "a\u2028b\x0bc\x0cd\x85e",
]


@pytest.mark.parametrize("text", WIRE)
def test_the_prompt_on_the_wire_is_what_was_typed(
    loaded: Kernel, gateway: Gateway, text: str
) -> None:
    assert loaded.run(f"%%zenmux --quiet\n{text}").status == "ok"
    assert gateway.chats[-1].json["messages"] == [{"role": "user", "content": text}]


def test_a_value_is_expanded_once(loaded: Kernel, gateway: Gateway) -> None:
    run(loaded, "value, secret, model = '{{ secret }} {secret} $secret', 'no', 'my/model'")
    run(loaded, '%%zenmux -m {{ model }} -s "{{ value }}" --quiet\n{{ value }}')
    body = gateway.chats[-1].json
    assert body["model"] == "my/model"
    assert [message["content"] for message in body["messages"]] == [
        "{{ secret }} {secret} $secret"
    ] * 2


def test_the_line_on_the_wire(loaded: Kernel, gateway: Gateway) -> None:
    line = (
        r"""-s "say \"hi\"" -p x={"a": 1} -p stop=["a b"] -t 0.2 --max-tokens 5 --reasoning low"""
    )
    assert run(loaded, f"%%zenmux --quiet {line}\nhi").status == "ok"
    body = gateway.chats[-1].json
    assert body.pop("model")
    assert body == {
        "messages": [
            {"role": "system", "content": 'say "hi"'},
            {"role": "user", "content": "hi"},
        ],
        "x": {"a": 1},
        "stop": ["a b"],
        "temperature": 0.2,
        "max_completion_tokens": 5,
        "reasoning_effort": "low",
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize("transport", ["openai", "direct"])
def test_nothing_is_sent_that_was_not_asked_for(
    loaded: Kernel, gateway: Gateway, transport: str
) -> None:
    run(loaded, f"%%zenmux --quiet --transport {transport}\nhi")
    assert gateway.chats[-1].json.keys() == {"model", "messages", "stream", "stream_options"}


@pytest.mark.parametrize("transport", ["openai", "direct"])
@pytest.mark.parametrize("split", ["event", "byte", 3])
def test_the_text_is_what_was_sent(
    loaded: Kernel, gateway: Gateway, transport: str, split: Any
) -> None:
    text = "é👩‍🔬 \u2028\ufeff\r\nend " * 20
    gateway.route = lambda asked: streaming(text, pieces=7, split=split, newline=b"\r\n")
    run(loaded, f"%%zenmux --quiet --transport {transport} -o a\nhi")
    assert json.loads(run(loaded, "import json; print(json.dumps(a.text))").stdout) == text


def test_updates_are_far_fewer_than_chunks(loaded: Kernel, gateway: Gateway) -> None:
    gateway.route = lambda asked: streaming("word " * 500, pieces=["word "] * 500, pace_s=0.01)
    ran = run(loaded, "%%zenmux\nhi")
    shown = [m for m in ran.messages if m.msg_type in {"display_data", "update_display_data"}]
    assert len(shown) <= 125
    assert plain(ran) == ["word " * 500]


def test_the_first_text_is_shown_while_the_rest_is_to_come(
    loaded: Kernel, gateway: Gateway
) -> None:
    go = threading.Event()
    whole = streaming("first, then the rest", pieces=["first,", " then the rest"])
    gateway.route = lambda asked: replace(
        whole, steps=[*whole.steps[:2], WaitFor(go), *whole.steps[2:]]
    )
    cell = loaded.start("%%zenmux\nhi", allow_stdin=False)
    loaded.wait_for(lambda m: "first," in str(m.content.get("data", {}).get("text/plain")), cell)
    go.set()
    assert plain(loaded.finish(cell)) == ["first, then the rest"]


FAILURES = [
    (error(403, "access_denied", "no"), "The key was refused"),
    (error(402, "insufficient_credit", "no"), "No credit is left"),
    (error(404, "invalid_model", "no"), "There is no model"),
    (fault("reset", text="so far"), "The answer is incomplete"),
    (fault("error event", text="so far"), ""),
]


@pytest.mark.parametrize(("reply", "sentence"), FAILURES)
@pytest.mark.parametrize("mode", ["Plain", "Verbose"])
def test_a_failure_is_one_red_line_without_the_key(
    loaded: Kernel, gateway: Gateway, reply: Reply, sentence: str, mode: str
) -> None:
    run(loaded, f"%xmode {mode}")
    gateway.route = lambda asked: reply
    ran = run(loaded, "%%zenmux -o a\nhi")
    assert ran.status == "error"
    assert len(ran.traceback) == 1
    assert sentence in ran.evalue
    assert KEY not in str([m.content for m in loaded.messages]) + loaded.log
    kept = run(loaded, "a.text, a.error is not None, a is _zenmux").result
    assert kept == f"({'so far' if 'incomplete' in sentence or not sentence else ''!r}, True, True)"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("%%zenmux", "The prompt is empty. Write it below the line %%zenmux."),
        ("%%zenmux\n \n", "The prompt is empty. Write it below the line %%zenmux."),
        ("%%zenmux tell me\nhi", "'tell me' stands on the first line: the prompt goes below"),
        ("%%zenmux --max 5\nhi", "There is no option --max. Did you mean --max-tokens?"),
        ("%%zenmux\n{{ nope }}", "name 'nope' is not defined"),
        ("%zenmux what is this", "%zenmux knows no 'what'. It knows help,"),
        ("%zenmux use", "%zenmux use takes one model"),
    ],
)
def test_bad_input_gets_one_line_and_sends_nothing(
    loaded: Kernel, gateway: Gateway, code: str, message: str
) -> None:
    ran = run(loaded, code)
    assert ran.status == "error"
    assert len(ran.traceback) == 1
    assert message in ran.evalue
    assert gateway.chats == []


def test_no_key(start_kernel: StartKernel) -> None:
    kernel = start_kernel()
    loaded = kernel.run("%load_ext zenmux_magic")
    assert loaded.stdout.count("\n") == 1
    assert "%zenmux local" in loaded.stdout
    assert "https://zenmux.ai" in loaded.stdout
    failed = run(kernel, "%%zenmux\nhi")
    assert len(failed.traceback) == 1
    assert "There is no key" in failed.evalue


def test_quiet_shows_nothing_but_errors(loaded: Kernel, gateway: Gateway) -> None:
    assert run(loaded, "%%zenmux --quiet\nhi").outputs == []
    gateway.route = lambda asked: error(403, "access_denied", "no")
    outputs = run(loaded, "%%zenmux --quiet\nhi").outputs
    assert [output["output_type"] for output in outputs] == ["error"]


def test_use_changes_the_default_of_this_kernel(loaded: Kernel, gateway: Gateway) -> None:
    assert "my/model" in run(loaded, "%zenmux use my/model").stdout
    run(loaded, "%%zenmux --quiet\nhi")
    assert gateway.chats[-1].model == "my/model"


def test_the_second_markdown_engine_shows_answers_everywhere(
    loaded: Kernel, gateway: Gateway
) -> None:
    gateway.route = lambda asked: streaming("Term\n:   what it means\n")
    run(loaded, "%config ZenMux.markdown_engine = 'markdown'")
    shown = run(loaded, "%%zenmux\nhi").outputs[0]["data"]
    assert "<dt" in shown["text/html"]
    assert run(loaded, "_zenmux").outputs[0]["data"] == shown
    run(loaded, "%config ZenMux.markdown_extensions = ['nonsense']")
    failed = run(loaded, "%%zenmux\nhi")
    assert "nonsense" in failed.evalue
    assert len(failed.traceback) == 1


def test_the_commands_print_what_they_are_for(loaded: Kernel) -> None:
    assert "openai/gpt-5" in run(loaded, "%zenmux models gpt").data("text/plain")[0]
    doctor = run(loaded, "%zenmux doctor").stdout
    assert "reachable" in doctor
    assert KEY not in doctor
    assert "%%zenmux? lists its options" in run(loaded, "%zenmux").stdout


def test_the_help_page(loaded: Kernel) -> None:
    ran = loaded.run("%%zenmux?")
    assert "--max-tokens" in str(ran.content["payload"])


def test_python_in_a_cell(loaded: Kernel) -> None:
    code = """
import zenmux_magic as zm
from zenmux_magic.events import TextDelta
answer = await zm.ask("one")
texts = [event.text async for event in zm.stream("two") if isinstance(event, TextDelta)]
str(answer), "".join(texts), str(zm.ask_sync("three"))
"""
    assert run(loaded, code).result == "('echo: one', 'echo: two', 'echo: three')"


def test_a_loop_binds_each_answer(loaded: Kernel, gateway: Gateway) -> None:
    run(loaded, "found = []")
    body = "for n in range(3):\n    get_ipython().run_cell_magic('zenmux', '--quiet', f'{n}')\n"
    run(loaded, f"{body}    found.append(str(_zenmux))")
    assert run(loaded, "found").result == "['echo: 0', 'echo: 1', 'echo: 2']"
