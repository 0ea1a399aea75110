"""A key shows itself nowhere: not in text, pickles, logs, tracebacks or a server's own words."""

from __future__ import annotations

import asyncio
import copy
import logging
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import zenmux_magic as zm
from tests.support.environment import environment
from tests.support.gateway import KEY, Close, Gateway, Raw, Reply, Send, as_json, error, fault, sse
from zenmux_magic.asking import Call
from zenmux_magic.client import Connections, Secret, redact, stream
from zenmux_magic.client.listing import get_json
from zenmux_magic.client.secret import Mask, redact_kept
from zenmux_magic.client.transports import DirectTransport, OpenAITransport
from zenmux_magic.engine import shared
from zenmux_magic.errors import RequestError, SettingsError
from zenmux_magic.events import Event
from zenmux_magic.local.requirements import without_keys
from zenmux_magic.request import Request
from zenmux_magic.settings import ZenMux

SECRET = Secret(KEY)
BARE = KEY.removeprefix("sk-ai-v1-")
LOOPBACK = "http://127.0.0.1:1/v1"


def holds_key(text: str) -> bool:
    """Whether a text holds any eight characters of the key in a row."""
    return any(BARE[at : at + 8] in text for at in range(len(BARE) - 7))


def test_the_search_finds_a_key() -> None:
    assert holds_key(f"x{KEY[-9:]}x")
    assert not holds_key("sk-ai-v1-")


@pytest.fixture(autouse=True)
def _settings(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("API_KEY_FILE", "MODEL"):
        monkeypatch.delenv(f"ZENMUX_{name}", raising=False)
    monkeypatch.setenv("ZENMUX_API_KEY", KEY)
    monkeypatch.setenv("ZENMUX_BASE_URL", gateway.base_url)
    yield
    shared().stop()


@pytest.fixture(params=["openai", "direct"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# As text and as data.


@pytest.mark.parametrize(
    "holder",
    [
        SECRET,
        [SECRET],
        {"key": SECRET},
        Call(Request("a/b", ()), SECRET),
        DirectTransport(LOOPBACK, SECRET),
        OpenAITransport(LOOPBACK, SECRET),
        vars(DirectTransport(LOOPBACK, SECRET)),
        vars(OpenAITransport(LOOPBACK, SECRET)),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_text(holder: object) -> None:
    for shown in (str(holder), repr(holder), f"{holder}"):
        assert not holds_key(shown)


def test_a_key_is_not_copied_out_by_pickle() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="a key is not pickled"):
            pickle.dumps(Call(Request("a/b", ()), SECRET), protocol)
    with pytest.raises(TypeError, match="a key is not pickled"):
        copy.deepcopy(SECRET)


def test_equal_keys_are_equal() -> None:
    assert Secret(KEY) == SECRET
    assert Secret(KEY + "x") != SECRET
    assert SECRET != KEY
    assert len({SECRET, Secret(KEY)}) == 1
    assert SECRET.reveal() == KEY


# In a server's own words.


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"bad key {KEY}", "bad key sk-…"),
        (f"bad key {KEY}.", "bad key sk-…"),
        (f"Bearer {KEY}, sorry", "Bearer sk-…, sorry"),
        (f"{KEY}{KEY}", "sk-…"),
        (f"…{BARE}…", "………"),
        (f"ends in {BARE[-8:]}", "ends in …"),
        (f"begins with {BARE[:8]}***", "begins with …***"),
        (f"parts {BARE[:10]} and {BARE[-12:]}", "parts … and …"),
        ("sk-ai-v1-5d0c****f00d is wrong", "sk-… is wrong"),
        ("Incorrect API key provided: sk-proj-abc…xyz", "Incorrect API key provided: sk-…"),
        ("another key: sk-ss-v1-ffffffffffff", "another key: sk-…"),
        (f"ends in {BARE[-4:]}", f"ends in {BARE[-4:]}"),
        ("a task-force with a disk-drive", "a task-force with a disk-drive"),
        ("", ""),
    ],
)
def test_redact(said: str, shown: str) -> None:
    assert redact(said, SECRET) == shown
    assert not holds_key(redact(said, SECRET))


def test_words_are_kept_and_what_may_be_a_key_of_anybody_is_not() -> None:
    words = "a sk-learn-compatible-estimator, sk-abc, sk-…"
    assert redact_kept(words, SECRET) == words
    assert redact_kept(f"{KEY} and sk-proj-aBcDeFgHiJ0kLmNoPqRsT", None) == "sk-… and sk-…"


@pytest.mark.parametrize("key", [None, Secret(""), Secret("none")])
def test_without_a_real_key_only_what_looks_like_one_is_masked(key: Secret | None) -> None:
    assert redact("none of sk-abcdef", key) == "none of sk-…"


# In an answer.


@settings(  # the gateway is not asked
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_an_answer_loses_the_key_and_nothing_else_however_it_is_cut(data: st.DataObject) -> None:
    words = st.sampled_from(
        [KEY, BARE, BARE[5:30], KEY.upper(), "…", "sk-ai-v1-", " a word ", "d5"]
    )
    text = "".join(data.draw(st.lists(words, max_size=6)))
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=9))
    places = sorted({0, *cuts, len(text)})
    whole, mask = Mask(SECRET).pass_on(text), Mask(SECRET)
    assert "".join(mask.pass_on(text[a:b]) for a, b in pairwise(places)) == whole
    assert not holds_key(whole)
    if not (holds_key(text) or holds_key(text.lower())):
        assert whole == text


def test_of_a_whole_key_nothing_passes_but_how_all_begin() -> None:
    assert Mask(SECRET).pass_on(f"It is {KEY}, no?") == "It is sk-ai-v1-…, no?"
    assert Mask(SECRET).pass_on("Keys begin with sk-ai-v1- or sk-ss-v1-.").count("…") == 0


def test_a_short_key_is_a_word_that_may_stand_in_an_answer() -> None:
    assert (
        Mask(Secret("lm-studio")).pass_on("Install lm-studio first.") == "Install lm-studio first."
    )
    assert redact("The key lm-studio is wrong.", Secret("lm-studio")) == "The key … is wrong."


@pytest.mark.parametrize("name", ["ZENMUX_API_KEY", "ZENMUX_API_KEY_FILE"])
def test_a_malformed_key_is_in_no_variable_of_its_error(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(f"{KEY} {KEY}")
    monkeypatch.delenv("ZENMUX_API_KEY")
    monkeypatch.setenv(name, f"{KEY} {KEY}" if name == "ZENMUX_API_KEY" else str(tmp_path / "key"))
    with pytest.raises(SettingsError) as caught:
        ZenMux().key()
    whole = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    text = "".join(whole.format())
    assert "secret = <key>" in text
    assert not holds_key(text)


def test_children_get_no_key() -> None:
    environ = {
        "ZENMUX_API_KEY": KEY,
        "ZENMUX_API_KEY_FILE": "key",
        "PIP_INDEX_URL": "x",
        "PATH": "y",
    }
    assert without_keys(environ) == {"PIP_INDEX_URL": "x", "PATH": "y"}


ECHOES = {
    "refused": error(403, f"access_denied {KEY}", f"Key {KEY} ({BARE[5:20]}) is unknown."),
    "refused in plain words": Reply(400, {}, [Send(f"Bearer {KEY}".encode())], "length"),
    "redirected": Reply(302, {"location": f"http://elsewhere.invalid/?key={KEY}"}),
    "in an error event": Reply(steps=[Send(sse({"error": {"message": f"Key {KEY}"}}))]),
    "in a named error event": Reply(steps=[Send(f"event: error\ndata: {KEY}\n\n".encode())]),
    "in malformed JSON": Reply(steps=[Send(sse(f'{{"{BARE}'))]),
    "across the cut of a quote": Reply(steps=[Send(sse("x" * 50 + KEY))]),
    "in an error as JSON": as_json({"error": {"message": KEY, "type": KEY}}),
    "in the status line": Reply(framing="none", steps=[Raw(f"{KEY}\r\n\r\n".encode()), Close()]),
    "in a chunk's size": Reply(steps=[Raw(f"{KEY}\r\n".encode()), Close()]),
    "lost": fault("reset"),
}


def everything_about(caught: RequestError) -> str:
    """What IPython, pytest or a debugger could show: every frame with its variables."""
    whole = traceback.TracebackException.from_exception(caught, capture_locals=True)
    shown = ["".join(whole.format()), repr(caught), str(caught), *caught._render_traceback_()]
    assert caught.completion is not None
    shown += [repr(caught.completion), str(caught.completion.to_dict())]
    return "\n".join([*shown, str(pickle.dumps(caught))])


@pytest.mark.parametrize("name", ECHOES)
def test_errors(gateway: Gateway, transport: str, name: str) -> None:
    gateway.default = ECHOES[name]
    with pytest.raises(RequestError) as caught:
        zm.ask_sync("Hi", transport=transport, param={"x": 1})
    text = everything_about(caught.value)
    assert "in ask_sync" in text
    assert not holds_key(text)
    with pytest.raises(RequestError) as caught:
        asyncio.run(zm.ask("Hi", transport=transport))
    assert not holds_key(everything_about(caught.value))


def test_a_bug_of_ours(gateway: Gateway) -> None:
    async def go_wrong() -> None:
        request = Request("a/b", (), base_url=gateway.base_url, transport="direct")
        connections = Connections()
        try:
            async for _ in stream(request, SECRET, connections, jitter=lambda: 1 / 0):
                pass
        finally:
            await connections.aclose()

    gateway.default = error(502, "provider_error", f"Gone: {KEY}")
    with pytest.raises(ZeroDivisionError) as caught:
        asyncio.run(go_wrong())
    whole = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    text = "".join(whole.format())
    assert "key = <key>" in text
    assert not holds_key(text)


def test_a_key_is_in_no_variable_of_a_get_that_fails(gateway: Gateway) -> None:
    gateway.models = error(502, "provider_error", f"Gone: {KEY}")
    with pytest.raises(RequestError) as caught:
        asyncio.run(get_json(f"{gateway.base_url}/models", SECRET))
    assert gateway.requests[-1].headers["authorization"] == f"Bearer {KEY}"
    assert gateway.requests[-1].headers["accept"] == "application/json"
    whole = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    text = "".join(whole.format())
    assert "key = <key>" in text
    assert not holds_key(text)


# In logs.


def test_logs(gateway: Gateway, transport: str, caplog: pytest.LogCaptureFixture) -> None:
    names = [None, "httpx", "httpcore", "httpx2", "httpcore2", "openai", "asyncio", "zenmux_magic"]
    with caplog.at_level(logging.DEBUG):
        for name in names:
            caplog.set_level(logging.DEBUG, name)
        zm.ask_sync("Hi", transport=transport)
        gateway.default = ECHOES["refused"]
        with pytest.raises(RequestError):
            zm.ask_sync("Hi", transport=transport)
    told = [record.getMessage() for record in caplog.records]
    assert any("chat/completions" in line for line in told)
    assert not holds_key("\n".join(told))


SCRIPT = """
import sys
import zenmux_magic as zm
print(zm.ask_sync("Hi", transport=sys.argv[1]).text)
zm.ask_sync("Hi", transport=sys.argv[1], base_url="http://127.0.0.1:1/v1", timeout=0.1)
"""


def test_a_program_with_all_logs_on(gateway: Gateway, transport: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-c", SCRIPT, transport],
        env=environment(
            tmp_path,
            ZENMUX_API_KEY=KEY,
            ZENMUX_BASE_URL=gateway.base_url,
            OPENAI_LOG="debug",
            HTTPX_LOG_LEVEL="trace",
        ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Hello from the stand-in gateway." in ran.stdout
    assert "Is a server running there?" in ran.stderr
    assert not holds_key(ran.stdout + ran.stderr)


# Values that are kept.


def test_events(gateway: Gateway, transport: str) -> None:
    async def collect() -> list[Event]:
        request = Request(
            "a/b",
            ({"role": "user", "content": "Hi"},),
            base_url=gateway.base_url,
            transport="direct" if transport == "direct" else "openai",
        )
        connections = Connections()
        events = [event async for event in stream(request, SECRET, connections)]
        await connections.aclose()
        return events

    gateway.default = ECHOES["in an error event"]
    events = asyncio.run(collect())
    assert not holds_key(repr(events) + str(pickle.dumps(events)))


def test_the_key_stays_out_of_the_environment_of_others() -> None:
    zm.ask_sync("Hi")
    assert [name for name, value in os.environ.items() if value == KEY] == ["ZENMUX_API_KEY"]
