"""The support itself: what the stand-ins promise is what goes over the wire and on the screen."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from tests.support.gateway import (
    EMPTY_FAULTS,
    FAULTS,
    KEY,
    Gateway,
    HalfClose,
    Head,
    Pause,
    Reply,
    Send,
    Silence,
    Stamp,
    Step,
    Tell,
    WaitFor,
    error,
    fault,
    sse,
    streaming,
)
from tests.support.kernel import Kernel
from tests.support.notebook import new_notebook

if TYPE_CHECKING:
    from tests.support.lab import Lab, NotebookPage

TEXT = "Naïve 😀 line\r\n\u2028 and \ufeff | a table |\n$x^2$ 日本語"


def connect(**headers: str) -> httpx.Client:
    """A plain client: no proxy, and no certificates, which take 50 ms to load."""
    return httpx.Client(headers=headers, trust_env=False, verify=False, timeout=60)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(
        headers={"authorization": f"Bearer {KEY}"}, trust_env=False, verify=False
    ) as made:
        yield made


def ask(client: httpx.Client, gateway: Gateway, prompt: str = "Hi", **fields: object) -> bytes:
    """The body of one streamed request."""
    message = {"role": "user", "content": prompt}
    body = {"model": "demo/echo", "messages": [message], "stream": True, **fields}
    return client.post(f"{gateway.base_url}/chat/completions", json=body).content


def contents(body: bytes, newline: bytes = b"\n") -> str:
    """The text of a well-formed stream."""
    events = [event.removeprefix(b"data: ") for event in body.split(newline * 2)]
    assert events[-2:] == [b"[DONE]", b""]
    chunks = [json.loads(event) for event in events[:-2] if event.startswith(b"{")]
    deltas = [choice["delta"] for one in chunks for choice in one["choices"]]
    return "".join(delta.get("content", "") for delta in deltas)


@pytest.mark.parametrize("split", ["event", "byte", 3, 7, [5, 6, 7, 200]])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_a_streamed_text_arrives_as_it_was(
    gateway: Gateway, client: httpx.Client, split: object, newline: bytes
) -> None:
    gateway.enqueue(streaming(TEXT, split=split, newline=newline))  # type: ignore[arg-type]
    assert contents(ask(client, gateway), newline) == TEXT


def test_writes_are_cut_where_asked(gateway: Gateway, client: httpx.Client) -> None:
    gateway.enqueue(streaming("é", split="byte"), streaming("é", split=[10, 300]))
    whole = [ask(client, gateway), ask(client, gateway)]
    head_and_end = 2
    by_request = [[s for s in gateway.sent if s.asked is asked] for asked in gateway.requests]
    assert [len(sent) - head_and_end for sent in by_request] == [len(whole[0]), 3]
    assert whole[0] == whole[1]


def test_requests_are_recorded(gateway: Gateway, client: httpx.Client) -> None:
    ask(client, gateway, "What?", temperature=0.5)
    seen = gateway.wait_for_request(1)
    assert (seen.method, seen.path) == ("POST", "/api/v1/chat/completions")
    assert (seen.model, seen.prompt, seen.json["temperature"]) == ("demo/echo", "What?", 0.5)
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(seen.body) == seen.json


def test_chunked_request_bodies_and_expect(gateway: Gateway, client: httpx.Client) -> None:
    body = [b'{"model": ', b'"a/b"}']
    client.post(
        f"{gateway.base_url}/chat/completions",
        content=iter(body),
        headers={"expect": "100-continue"},
    )
    assert gateway.requests[0].json == {"model": "a/b"}


def test_route_then_queue_then_default(gateway: Gateway, client: httpx.Client) -> None:
    gateway.route = lambda asked: streaming(asked.prompt) if asked.prompt != "no" else None
    gateway.enqueue(streaming("queued"))
    gateway.default = streaming("default")
    said = [contents(ask(client, gateway, prompt)) for prompt in ("yes", "no", "no")]
    assert said == ["yes", "queued", "default"]


def test_a_bad_key_is_refused_and_uses_nothing_up(gateway: Gateway) -> None:
    gateway.enqueue(streaming("for who has the key"))
    refused = httpx.post(
        f"{gateway.base_url}/chat/completions", json={}, trust_env=False, verify=False
    )
    assert (refused.status_code, refused.json()["error"]["type"]) == (403, "access_denied")
    with httpx.Client(
        headers={"authorization": f"Bearer {KEY}"}, trust_env=False, verify=False
    ) as client:
        assert contents(ask(client, gateway)) == "for who has the key"


def test_errors_have_the_shape_of_zenmux(gateway: Gateway, client: httpx.Client) -> None:
    gateway.enqueue(error(429, "rate_limit", "Slow down.", headers={"Retry-After": "2"}))
    refused = client.post(f"{gateway.base_url}/chat/completions", json={})
    assert refused.json() == {
        "error": {"code": "429", "type": "rate_limit", "message": "Slow down."}
    }
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "2"
    assert refused.headers["X-ZenMux-RequestId"].startswith("req-")


def test_models_and_generations(gateway: Gateway, client: httpx.Client) -> None:
    gateway.generations["g1"] = {"id": "g1", "usage": 0.02}
    with connect() as stranger:
        listed = stranger.get(f"{gateway.base_url}/models").json()
    assert "openai/gpt-5" in [model["id"] for model in listed["data"]]
    generation = f"{gateway.base_url}/management/generation"
    assert client.get(generation, params={"id": "g1"}).json() == {"id": "g1", "usage": 0.02}
    assert client.get(generation, params={"id": "g2"}).status_code == 404


def test_a_connection_is_kept_and_seen_to_close(gateway: Gateway, client: httpx.Client) -> None:
    ask(client, gateway)
    ask(client, gateway)
    assert gateway.connections_open == 1
    client.close()
    gateway.wait_closed()
    assert gateway.departures == []


@pytest.mark.parametrize(
    "waiting",
    [Pause(60), Silence(), WaitFor(threading.Event()), HalfClose()],
    ids=lambda step: type(step).__name__,
)
def test_a_client_that_leaves_is_seen_at_once(
    gateway: Gateway, client: httpx.Client, waiting: Pause | Silence | WaitFor | HalfClose
) -> None:
    gateway.enqueue(Reply(steps=[Send(b"data: 1\n\n"), waiting]))
    url = f"{gateway.base_url}/chat/completions"
    with client.stream("POST", url, json={}) as response:
        parts = response.iter_raw()  # held: dropped, it would close the response
        assert next(parts) == b"data: 1\n\n"
        assert gateway.departures == []
    assert gateway.wait_departure().asked is gateway.requests[0]
    gateway.wait_closed()


def test_the_test_holds_the_reins(gateway: Gateway, client: httpx.Client) -> None:
    first_left, go_on = threading.Event(), threading.Event()
    steps: list[Step] = [Head(), Send(b"a"), Tell(first_left), WaitFor(go_on), Send(b"b")]
    gateway.enqueue(Reply(steps=steps))
    with client.stream("POST", f"{gateway.base_url}/chat/completions", json={}) as response:
        assert first_left.wait(60)
        assert [sent.data for sent in gateway.sent[1:]] == [b"1\r\na\r\n"]
        go_on.set()
        assert response.read() == b"ab"
    assert [sent.at for sent in gateway.sent] == sorted(sent.at for sent in gateway.sent)


def test_stamps_carry_the_clock_of_their_write(gateway: Gateway, client: httpx.Client) -> None:
    gateway.enqueue(Reply(steps=[Stamp(lambda ms: b"t%d " % ms)] * 3))
    stamps = [int(stamp[1:]) for stamp in ask(client, gateway).split()]
    walls = [sent.wall for sent in gateway.sent if b"t" in sent.data[:5]]
    assert stamps == sorted(stamps)
    assert all(stamp / 1000 <= wall for stamp, wall in zip(stamps, walls, strict=True))


@pytest.mark.parametrize("claimed", [3, 300])
def test_a_wrong_content_length_ends_the_connection(gateway: Gateway, claimed: int) -> None:
    gateway.enqueue(Reply(framing="length", length=claimed, steps=[Send(b"twelve bytes")]))
    url = f"{gateway.base_url}/chat/completions"
    with connect(authorization=f"Bearer {KEY}") as client:
        if claimed == 3:
            assert client.post(url, json={}).content == b"twe"
        else:
            with pytest.raises(httpx.RemoteProtocolError):
                client.post(url, json={})
    gateway.wait_closed()


def test_a_body_without_framing(gateway: Gateway, client: httpx.Client) -> None:
    gateway.enqueue(Reply(framing="close", steps=[Send(sse("x"))]))
    assert ask(client, gateway) == b"data: x\n\ndata: [DONE]\n\n"


WIRE_ERRORS = {
    "reset": httpx.ReadError,
    "closed without the last chunk": httpx.RemoteProtocolError,
    "bad chunk size": httpx.RemoteProtocolError,
    "silence": httpx.ReadTimeout,
    "reset before the head": httpx.ReadError,
    "closed before the head": httpx.RemoteProtocolError,
    "silence before the head": httpx.ReadTimeout,
    "silence after the head": httpx.ReadTimeout,
    "no HTTP at all": httpx.RemoteProtocolError,
}


@pytest.mark.parametrize("name", [*FAULTS, *EMPTY_FAULTS])
def test_faults_reach_the_client(gateway: Gateway, client: httpx.Client, name: str) -> None:
    gateway.enqueue(fault(name, "so far"))
    client.timeout = httpx.Timeout(2 if "silence" in name else 60)
    received, ended = b"", None
    try:
        url = f"{gateway.base_url}/chat/completions"
        with client.stream("POST", url, json={"stream": True}) as response:
            for part in response.iter_raw():
                received += part
    except httpx.TransportError as failed:
        ended = type(failed)
    assert ended is WIRE_ERRORS.get(name)
    assert (b'"so"' in received and b'" far"' in received) == (name in FAULTS)


def test_waiting_in_vain_says_what_was_seen(gateway: Gateway, client: httpx.Client) -> None:
    ask(client, gateway)
    with pytest.raises(AssertionError, match=r"waited 0 s for request 2; saw requests .*POST"):
        gateway.wait_for_request(2, timeout=0)


def test_closing_ends_every_thread() -> None:
    before = set(threading.enumerate())  # another test's may be about to end
    with Gateway(check_key=False) as gateway:
        gateway.enqueue(fault("silence"))
        asking = connect()
        url = f"{gateway.base_url}/chat/completions"
        with asking.stream("POST", url, json={}) as response:
            parts = response.iter_raw()
            next(parts)
            gateway.close()
        asking.close()
    assert gateway.connections_open == 0
    new = set(threading.enumerate()) - before
    assert not [one for one in new if one.name.startswith("gateway")]


def test_a_kernel_answers_in_a_home_of_its_own(kernel: Kernel) -> None:
    reply = kernel.run("import os; print('out'); os.environ['HOME']")
    assert (reply.status, reply.stdout) == ("ok", "out\n")
    assert reply.result == repr(str(kernel.home))
    assert reply.messages[-1].content == {"execution_state": "idle"}


def test_a_kernel_has_the_key_and_the_gateway(kernel: Kernel, gateway: Gateway) -> None:
    reply = kernel.run("%env ZENMUX_API_KEY\n"), kernel.run("%env ZENMUX_BASE_URL")
    assert [one.result for one in reply] == [repr(KEY), repr(gateway.base_url)]


def test_an_error_is_told(kernel: Kernel) -> None:
    reply = kernel.run("1/0")
    assert (reply.status, reply.ename, reply.evalue) == (
        "error",
        "ZeroDivisionError",
        "division by zero",
    )
    assert [one["output_type"] for one in reply.outputs] == ["error"]


def test_a_running_cell_is_interrupted(kernel: Kernel) -> None:
    cell = kernel.start("print('begun')\nwhile True: pass")
    kernel.wait_for(lambda message: message.msg_type == "stream", cell)
    kernel.interrupt()
    assert kernel.finish(cell).ename == "KeyboardInterrupt"
    assert kernel.run("'alive'").result == "'alive'"


def test_outputs_are_folded_as_a_front_end_does(kernel: Kernel) -> None:
    first = kernel.run(
        "from IPython.display import clear_output, display\n"
        "shown = display({'text/plain': 'old'}, raw=True, display_id='d')\n"
        "print(1, flush=True); print(2, flush=True)"
    )
    assert [one.get("text", "display") for one in first.outputs] == ["display", "1\n2\n"]
    second = kernel.run(
        "display({'text/plain': 'new'}, raw=True, display_id='d', update=True)\n"
        "print('gone'); clear_output(wait=True); print('stays')"
    )
    assert second.stdout == "stays\n"
    shown = kernel.outputs(first.messages[0].parent_id)
    assert shown[0]["data"] == {"text/plain": "new"}


def test_a_dead_kernel_is_no_timeout(kernel: Kernel) -> None:
    with pytest.raises(AssertionError, match="the kernel died"):
        kernel.run("import os; os._exit(1)")


def ended(processes: list[psutil.Process]) -> bool:
    """Whether they end: being killed takes a moment. One that nobody collects is a zombie."""
    for _ in range(600):
        processes = psutil.wait_procs(processes, timeout=0.1)[1]
        if not any(map(alive, processes)):
            return True
    return False


def alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_a_closed_kernel_leaves_no_process(kernel: Kernel) -> None:
    child = kernel.run(
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid"
    )
    processes = [psutil.Process(pid) for pid in (kernel.pid, int(child.result))]
    kernel.close()
    assert ended(processes)


@pytest.mark.parametrize("app", ["lab", "notebook"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_cell_runs_in_a_browser(
    lab: Lab, tmp_path: Path, app: Literal["lab", "notebook"], dark: bool
) -> None:
    page = lab.open(["1 + 1", "import os; os.environ['OWN']"], app=app, dark=dark, env={"OWN": "é"})
    page.run(0)
    page.run(1)
    assert [page.output(n).inner_text() for n in (0, 1)] == ["2", "'é'"]
    assert page.page.evaluate("document.body.dataset.jpThemeLight") == str(not dark).lower()
    page.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 0
    assert (page.foreign_requests, page.console_errors) == ([], [])


def test_a_running_cell_is_watched_interrupted_saved_and_reloaded(lab: Lab) -> None:
    page = lab.open(["import time\nprint('begun')\nwhile True: time.sleep(0.01)", "40 + 2"])
    page.run_async(0)
    page.output(0).get_by_text("begun").wait_for()
    page.interrupt()
    page.wait_done(0)
    assert "KeyboardInterrupt" in page.output(0).last.inner_text()
    page.run(1)
    saved = page.save()
    assert saved.cells[1].outputs[0].data == {"text/plain": "42"}
    page.reload()
    assert page.output(1).inner_text() == "42"
    assert page.traffic.received_bytes > page.traffic.received_frames > 0
    assert page.metrics()["ScriptDuration"] > 0


def test_run_all_ends_at_a_failing_cell(lab: Lab) -> None:
    page = lab.open(["'first'", "1 / 0", "'never'"])
    page.run_all()
    assert [len(cell.outputs) for cell in page.save().cells] == [1, 1, 0]


def test_a_cell_far_down_is_found(lab: Lab) -> None:
    page = lab.open([f"'cell {n}'" for n in range(120)])
    page.run(119)
    assert page.output(119).inner_text() == "'cell 119'"
    page.run(0)
    assert page.output(0).inner_text() == "'cell 0'"


def test_foreign_requests_are_seen_and_go_nowhere(lab: Lab) -> None:
    page = lab.open(
        ["from IPython.display import HTML\nHTML('<img src=https://example.org/x.png>')"]
    )
    with page.page.expect_event("requestfailed") as failed:
        page.run(0)
    assert page.foreign_requests == ["https://example.org/x.png"]
    assert failed.value.failure == "net::ERR_NAME_NOT_RESOLVED"


def test_a_notebook_from_elsewhere_is_untrusted_until_trusted(lab: Lab) -> None:
    notebook = new_notebook([""])
    shown = {"text/html": "<b>bold</b><script>document.title = 'ran'</script>"}
    notebook.cells[0].outputs = [
        {"output_type": "display_data", "data": shown, "metadata": {}},
    ]
    page = lab.open(notebook)
    assert page.output(0).locator("b").inner_text() == "bold"
    assert page.page.title() != "ran"
    page.trust()
    page.page.wait_for_function("document.title === 'ran'")


def test_a_page_is_given_the_gateway(
    notebook_page: Callable[..., NotebookPage], gateway: Gateway
) -> None:
    page = notebook_page(["%env ZENMUX_BASE_URL"])
    page.run(0)
    assert page.output(0).inner_text() == repr(gateway.base_url)


def test_a_loop_can_run_after_a_browser_test() -> None:
    assert asyncio.run(asyncio.sleep(0, "ran")) == "ran"


@pytest.mark.usefixtures("lab_session")
def test_the_server_ends_when_the_tests_are_killed(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, sys\n"
        "from tests.support.server import JupyterServer\n"
        "server = JupyterServer(pathlib.Path(sys.argv[1]) / 'home')\n"
        "print(server._process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, check=False
    )
    pid = int(ran.stdout)
    with contextlib.suppress(psutil.NoSuchProcess):
        assert ended([psutil.Process(pid)])
