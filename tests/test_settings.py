"""Settings: which of them wins, and where the key may go."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.gateway import KEY
from zenmux_magic.arguments import Options
from zenmux_magic.asking import Call
from zenmux_magic.errors import ArgumentError, SettingsError
from zenmux_magic.plan import calls
from zenmux_magic.settings import BASE_URL, MODEL, LocalEndpoint, ZenMux, checked_url, find_key

HOME = "http://127.0.0.1:9/v1"
LOCAL = LocalEndpoint("http://127.0.0.1:8/v1", "local/small", None, own=True)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "API_KEY_FILE", "BASE_URL", "MODEL"):
        monkeypatch.delenv(f"ZENMUX_{name}", raising=False)


def planned(settings: ZenMux, **options: object) -> Call:
    return calls(Options(**options), "hi", settings)[0]  # type: ignore[arg-type]


def test_the_strongest_model_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENMUX_BASE_URL", HOME)
    settings = ZenMux()
    assert planned(settings).request.model == MODEL
    monkeypatch.setenv("ZENMUX_MODEL", "from/environment")
    assert planned(settings).request.model == "from/environment"
    settings.model = "from/traitlets"
    assert planned(settings).request.model == "from/traitlets"
    settings.used_model = "from/use"
    assert planned(settings).request.model == "from/use"
    assert planned(settings, model=("from/option",)).request.model == "from/option"


def test_the_strongest_base_url_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ZenMux()
    assert settings.home_url() == BASE_URL
    monkeypatch.setenv("ZENMUX_BASE_URL", f" {HOME}/ ")
    assert settings.home_url() == HOME
    settings.base_url = "https://example.org/v1"
    assert settings.home_url() == "https://example.org/v1"


@pytest.mark.parametrize(
    ("base_url", "goes"),
    [
        (None, True),
        (HOME, True),
        (f"{HOME}/", True),
        ("http://127.0.0.1:9/other", True),
        ("http://127.0.0.1:10/v1", False),
        ("https://127.0.0.1:9/v1", False),
        ("http://127.0.0.1.example.org:9/v1", False),
        (BASE_URL, False),
    ],
)
def test_a_key_goes_only_where_it_was_configured_for(
    base_url: str | None, goes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENMUX_BASE_URL", HOME)
    monkeypatch.setenv("ZENMUX_API_KEY", KEY)
    assert (planned(ZenMux(), base_url=base_url).key is not None) is goes


def test_no_key_names_the_three_ways_on() -> None:
    with pytest.raises(SettingsError) as caught:
        planned(ZenMux())
    assert "ZENMUX_API_KEY" in str(caught.value)
    assert "%zenmux login" in str(caught.value)
    assert "%zenmux local" in str(caught.value)


def test_the_local_model_wants_to_be_started() -> None:
    with pytest.raises(SettingsError, match="Start it with %zenmux local"):
        planned(ZenMux(), model=("local/small",))


def test_the_local_model_goes_to_its_own_address() -> None:
    settings = ZenMux()
    settings.local = LOCAL
    call = planned(settings, model=("local/small",))
    assert (call.request.base_url, call.request.model) == (LOCAL.base_url, "local/small")
    settings.local = LocalEndpoint(LOCAL.base_url, "local/llama3", None, own=False)
    assert planned(settings, model=("local/llama3",)).request.model == "llama3"


def test_the_key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    monkeypatch.setenv("ZENMUX_API_KEY_FILE", str(path))
    found = find_key()
    assert found is not None
    assert found.secret.reveal() == KEY
    assert str(path) in found.source
    assert KEY not in repr(found)


@pytest.mark.parametrize("key", ["sk ai", "“sk-ai”", "sk-ai-ключ", "sk\nai"])
def test_a_key_that_can_be_none(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENMUX_API_KEY", key)
    with pytest.raises(SettingsError) as caught:
        find_key()
    assert key not in str(caught.value)


def test_a_key_is_stripped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENMUX_API_KEY", f" {KEY}\n")
    found = find_key()
    assert found is not None
    assert found.secret.reveal() == KEY


def test_a_key_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENMUX_API_KEY_FILE", "/nowhere/key")
    with pytest.raises(SettingsError, match="/nowhere/key cannot be read"):
        find_key()


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        (" https://zenmux.ai/api/v1/ ", "https://zenmux.ai/api/v1"),
        ("http://127.0.0.1:1/v1/chat/completions", "http://127.0.0.1:1/v1"),
    ],
)
def test_base_urls(url: str, checked: str) -> None:
    assert checked_url(url) == checked


@pytest.mark.parametrize(
    "url",
    ["", "zenmux.ai", "ftp://x", "https://", "http://u:p@x/v1", "http://x:y/v1", "http://a b"],
)
def test_what_is_no_base_url(url: str) -> None:
    with pytest.raises(SettingsError, match="is no base URL"):
        checked_url(url)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"https://me:{KEY}@x/v1", "https://…@x/v1"),
        (f"https://x/v1?key={KEY}", "https://x/v1?…"),
        (f"https://x/v1#{KEY}", "https://x/v1#…"),
        (KEY, "sk-…"),
    ],
)
def test_a_secret_in_a_base_url_is_not_told(url: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        checked_url(url)
    assert str(caught.value) == f"'{told}' is no base URL. It looks like {BASE_URL}."


def test_the_system_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENMUX_BASE_URL", HOME)
    path = tmp_path / "system.txt"
    path.write_text("from a file")
    settings = ZenMux()
    settings.system = "by default"
    user = {"role": "user", "content": "hi"}
    for option, expected in [(None, "by default"), ("terse", "terse"), (f"@{path}", "from a file")]:
        system = {"role": "system", "content": expected}
        assert planned(settings, system=option).request.messages == (system, user)
    assert planned(settings, system="").request.messages == (user,)


def test_only_what_was_asked_for_is_in_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENMUX_BASE_URL", HOME)
    assert planned(ZenMux()).request.params == {}
    call = planned(ZenMux(), temperature=0.0, max_tokens=5, reasoning="low", param={"seed": 7})
    assert call.request.params == {
        "temperature": 0.0,
        "max_completion_tokens": 5,
        "reasoning_effort": "low",
        "seed": 7,
    }


def test_one_field_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENMUX_BASE_URL", HOME)
    with pytest.raises(ArgumentError, match="temperature is given twice"):
        planned(ZenMux(), temperature=1.0, param={"temperature": 2})


def test_several_models_are_several_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENMUX_BASE_URL", HOME)
    asked = ("a/x", "a/x temperature=0 max_tokens=9", 'b/y stop=["a, b"]', "seed=7")
    options = Options(model=asked, temperature=1.0)
    requests = [one.request for one in calls(options, "hi", ZenMux(model="c/z"))]
    assert [(one.model, one.settings, dict(one.params)) for one in requests] == [
        ("a/x", "", {"temperature": 1.0}),
        ("a/x", "temperature=0 max_tokens=9", {"temperature": 0, "max_completion_tokens": 9}),
        ("b/y", 'stop=["a, b"]', {"temperature": 1.0, "stop": ["a, b"]}),
        ("c/z", "seed=7", {"temperature": 1.0, "seed": 7}),
    ]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("a/x",) * 9, "9 models were named; one cell compares up to 8"),
        (("a/x hot",), "'hot' is no setting"),
        (("a/x messages=[]",), "use the cell's text"),
        (("a/x stop=[",), "bracket"),
    ],
)
def test_models_that_cannot_be_asked(
    monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...], said: str
) -> None:
    monkeypatch.setenv("ZENMUX_BASE_URL", HOME)
    with pytest.raises(ArgumentError, match=said):
        planned(ZenMux(), model=asked)


def test_a_limiter_for_each_service_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def limits(key: str, **settings: int) -> tuple[int, int, int]:
        monkeypatch.setenv("ZENMUX_API_KEY", key)
        call = planned(ZenMux(**settings))
        assert call.limiter is not None
        return id(call.limiter), call.limiter.in_flight, call.limiter.per_window

    monkeypatch.setenv("ZENMUX_BASE_URL", HOME)
    paid, plan = limits("sk-ai-v1-made-up"), limits("sk-ss-v1-made-up")
    assert (paid[1:], plan[1:]) == ((8, 0), (8, 10))
    assert paid[0] != plan[0]
    assert limits("sk-ai-v1-made-up", max_in_flight=2, requests_per_minute=5) == (paid[0], 2, 5)
