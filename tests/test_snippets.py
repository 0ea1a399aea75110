"""Requests as programs: each runs on its own runtime and prints exactly what is streamed to it."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import environment
from tests.support.gateway import KEY, Close, Gateway, Reply, Send, chunk, error, sse, streaming
from tests.support.kernel import Kernel
from tests.support.kernel import Reply as Ran
from zenmux_magic import Completion, ask_sync
from zenmux_magic.errors import ArgumentError, PromptError
from zenmux_magic.snippets import LANGUAGES
from zenmux_magic.snippets.program import KNOWN

NODE = Path(__file__).parent / "node" / "node_modules"
ENDS = {"python": "py", "httpx": "py", "typescript": "ts", "fetch": "ts", "curl": "sh"}
AWKWARD = (
    "Quotes \" ' ` ''' \"\"\" and $HOME ${x} $(id) `id` %s %d !! \\ \\n \\\\ \\u0041\n"
    "__URL__ __END__\n__END__\n{{ x }} {% y %} </script> <!-- \t tab \u2028 line \u2029 \x85 \x0b \x7f\n"
    "naïve 日本語 العربية 🎉👩‍💻 \u202e abc \ufeff\r\nlast line, open"
)
ANSWER = AWKWARD + '\n\n| a | b |\n\\u00e9 \x00 \x1b[0m / "x": [{},]' * 3
REQUESTS: dict[str, dict[str, Any]] = {
    "plain": {"text": "Hi"},
    "awkward": {"text": AWKWARD, "system": f"\n{AWKWARD}\n"},
    "parameters": {
        "text": "Hi",
        "temperature": 0.25,
        "max_tokens": 800,
        "reasoning": "low",
        "param": {
            "reasoning": {"enabled": True, "exclude": None},
            "stop": ["END", AWKWARD],
            "response_format": {"type": "json_object"},
            "top_p": 1e-7,
        },
    },
}


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, gateway: Gateway, tmp_path: Path) -> Gateway:
    for name in [name for name in os.environ if name.startswith(("ZENMUX_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ZENMUX_LEDGER", "off")
    monkeypatch.setenv("ZENMUX_API_KEY", KEY)
    monkeypatch.setenv("ZENMUX_BASE_URL", gateway.base_url)
    return gateway


@pytest.fixture
def answer(here: Gateway) -> Completion:
    return asked(here, text="Hi")


def asked(gateway: Gateway, **request: Any) -> Completion:
    gateway.enqueue(streaming("x"))
    found = ask_sync(model="openai/gpt-5", **request)
    assert isinstance(found, Completion)
    return found


def command(language: str, program: Path) -> list[str]:
    """What runs a program; skips where its runtime is not there, fails there under CI."""
    runtime: dict[str, tuple[str | None, str]] = {
        "py": (sys.executable, ""),
        "ts": (str(NODE / ".bin" / "tsx"), "npm install --no-package-lock --prefix tests/node"),
        "sh": (shutil.which("bash") and shutil.which("curl") and "bash", "a package curl"),
    }
    runner, get = runtime[ENDS[language]]
    if runner is None or shutil.which(runner) is None:
        message = f"no runtime for {language}: {get}"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    if ENDS[language] == "ts":
        (program.parent / "node_modules").symlink_to(NODE)
    return [runner, str(program)]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    def run_program(
        answer: Completion, language: str, key: str = KEY
    ) -> subprocess.CompletedProcess[bytes]:
        program = answer.snippet(language).save(tmp_path / f"program.{ENDS[language]}")
        return subprocess.run(
            command(language, program),
            env={**environment(tmp_path), "ZENMUX_API_KEY": key},
            capture_output=True,
            timeout=60,
            cwd=tmp_path,
        )

    return run_program


def cuts(text: str, seed: int) -> list[str]:
    chance = random.Random(seed)
    places = sorted(chance.sample(range(1, len(text)), min(40, len(text) - 1)))
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


@pytest.mark.parametrize("request_name", REQUESTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_asks_the_same_and_prints_exactly_the_answer(
    language: str, request_name: str, here: Gateway, run: Callable[..., Any]
) -> None:
    answer = asked(here, **REQUESTS[request_name])
    here.enqueue(
        streaming(ANSWER, pieces=cuts(ANSWER, 1), split="byte", keepalive=3, reasoning="Hm.")
    )
    ran = run(answer, language)
    assert (ran.stdout.decode(), ran.stderr.decode(), ran.returncode) == (ANSWER, "", 0)
    first, second = here.chats
    assert second.json == first.json
    assert second.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_escapes_line_ends_and_a_missing_done(
    language: str, here: Gateway, answer: Completion, run: Callable[..., Any]
) -> None:
    pieces = cuts(ANSWER, 2)
    chunks = [json.dumps(chunk(piece)).replace("/", "\\/") for piece in pieces]  # ASCII alone
    chunks += [json.dumps(chunk({"content": None})), json.dumps(chunk(choices=None))]
    chunks += [json.dumps(chunk({}, finish_reason="stop"), indent=None, separators=(" ,", " : "))]
    body = sse(*chunks, done=False, newline=b"\r\n")
    here.enqueue(Reply(steps=[Send(body[at : at + 7]) for at in range(0, len(body), 7)]))
    ran = run(answer, language)
    assert (ran.stdout.decode(), ran.stderr.decode(), ran.returncode) == (ANSWER, "", 0)


FAULTS: dict[str, tuple[Reply, str, str]] = {
    "refused": (error(402, "insufficient_credit", "Top up “now”."), "", "Top up “now”."),
    "error event": (
        Reply(steps=[Send(sse(chunk("Half"), {"error": {"message": "No luck."}}, done=False))]),
        "Half",
        "No luck.",
    ),
    "named error": (
        Reply(
            steps=[
                Send(sse(chunk("Half"), done=False)),
                Send(b'event: error\ndata: {"message": "No luck."}\n\n'),
            ]
        ),
        "Half",
        "",
    ),
    "no end": (Reply(steps=[Send(sse(chunk("Half"), done=False))]), "Half", "too early"),
    "cut off": (Reply(steps=[Send(sse(chunk("Half"), done=False)), Close()]), "Half", ""),
    "error as a reason": (
        Reply(steps=[Send(sse(chunk("Half"), chunk(finish_reason="error")))]),
        "Half",
        "too early",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fault_is_said_and_what_came_stays(
    language: str, fault: str, here: Gateway, answer: Completion, run: Callable[..., Any]
) -> None:
    reply, printed, said = FAULTS[fault]
    here.default = reply  # the package asks again by itself
    ran = run(answer, language)
    assert ran.stdout.decode() == printed
    assert ran.returncode == 1
    assert said in ran.stderr.decode()
    assert "Traceback" not in ran.stderr.decode()
    assert "\nThe answer " in ran.stderr.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_key_it_says_what_to_set(
    language: str, here: Gateway, answer: Completion, run: Callable[..., Any]
) -> None:
    ran = run(answer, language, key="")
    assert ran.returncode == 1
    assert "Set ZENMUX_API_KEY to your key first." in ran.stderr.decode()
    assert len(here.chats) == 1


def test_no_program_holds_a_key(here: Gateway) -> None:
    with pytest.raises(PromptError, match="nothing was sent"):
        asked(here, text=f"My key is {KEY}.", system=KEY)
    asks = ({"role": "user", "content": f"My key is {KEY}."},)
    answer = replace(asked(here, text="Hi"), messages=asks)
    for language in LANGUAGES:
        assert KEY not in answer.snippet(language)
        assert KEY[9:] not in answer.snippet(language)


def test_another_service_gets_another_key(here: Gateway) -> None:
    with Gateway(check_key=False) as other:
        other.enqueue(streaming("x"))
        answer = ask_sync("Hi", model="a/b", base_url=other.base_url)
        assert isinstance(answer, Completion)
    for language in LANGUAGES:
        program = answer.snippet(language)
        assert "ZENMUX_API_KEY" not in program
        assert "API_KEY" in program


def test_a_script_can_be_started_and_no_program_imports_itself(
    answer: Completion, tmp_path: Path
) -> None:
    script = answer.snippet("curl").save(tmp_path / "ask.sh")
    assert script.stat().st_mode & stat.S_IXUSR
    for language, name in (("python", "openai.py"), ("httpx", "httpx.py")):
        with pytest.raises(ArgumentError, match="would import itself"):
            answer.snippet(language).save(tmp_path / name)
    with pytest.raises(ArgumentError, match="cannot be written"):
        answer.snippet().save(tmp_path / "nowhere" / "x.py")


def test_the_package_knows_the_fields_that_are_given_to_it() -> None:
    import inspect

    from openai.resources.chat.completions import Completions

    assert set(inspect.signature(Completions.create).parameters) >= KNOWN


def test_typescript_programs_have_the_right_types(here: Gateway, tmp_path: Path) -> None:
    answer = asked(here, **REQUESTS["parameters"])
    paths = [answer.snippet(one).save(tmp_path / f"{one}.ts") for one in ("typescript", "fetch")]
    command("typescript", paths[0])
    options = "--noEmit --strict --skipLibCheck --module nodenext --target es2022 --types node"
    words = [str(NODE / ".bin" / "tsc"), *options.split(), *map(str, paths)]
    ran = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert (ran.stdout, ran.returncode) == ("", 0)


SAYS = {
    "%zenmux snippet": "Nothing was asked yet",
    "%zenmux snippet nobody": "nobody is no answer that has ended",
    "%zenmux snippet --lang cobol first": "There is no form 'cobol'",
    "%zenmux snippet --colour": "unrecognized arguments: --colour",
    "%zenmux snippet two": 'two[0].snippet("curl")',
}


def test_the_command_shows_and_writes_and_says_what_is_wrong(
    kernel: Kernel, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.enqueue(streaming("x"), streaming("x"), streaming("x"))

    def cell(code: str) -> Ran:
        return kernel.run(code, allow_stdin=False)

    assert cell("%load_ext zenmux_magic").status == "ok"
    said = {"%zenmux snippet": cell("%zenmux snippet").evalue}
    assert cell("%%zenmux -m a/b -o first\nThe first").status == "ok"
    assert cell("%%zenmux -m a/x -m b/y -o two\nBoth").status == "ok"
    shown = cell("%zenmux snippet first --lang curl")
    assert "The first" in shown.data("text/plain")[0]
    assert '<div class="zenmux-settled">' in shown.data("text/html")[0]
    path = tmp_path / "with blank.py"
    assert f"Written to {path}" in cell(f'%zenmux snippet first --file "{path}"').stdout
    assert "The first" in path.read_text(encoding="utf-8")
    said = {line: cell(line).evalue for line in list(SAYS)[1:]} | said
    for line, words in SAYS.items():
        assert words in said[line]
