"""What is kept of answers: while they stream, after a kernel was killed, and when it cannot be kept."""

from __future__ import annotations

import json
import os
import random
import re
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.environment import environment
from tests.support.gateway import KEY, Gateway, Reply, Send, WaitFor, chunk, sse, streaming
from tests.support.kernel import Kernel
from tests.support.kernel import Reply as Ran
from zenmux_magic import Completion, ask_sync, ledger
from zenmux_magic.client import Secret
from zenmux_magic.completion import Fold
from zenmux_magic.errors import ArgumentError, RequestError
from zenmux_magic.ledger import Ledger, Store, completion_of, fingerprint, schema
from zenmux_magic.ledger.command import since_s
from zenmux_magic.ledger.entry import _Held
from zenmux_magic.request import Request
from zenmux_magic.settings import ZenMux

DAY_S = 86_400.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "ledger.sqlite3"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, gateway: Gateway, path: Path) -> Ledger:
    """The ledger that `ask_sync` writes to."""
    monkeypatch.setenv("ZENMUX_LEDGER", str(path))
    monkeypatch.setenv("ZENMUX_API_KEY", KEY)
    monkeypatch.setenv("ZENMUX_BASE_URL", gateway.base_url)
    found = ledger.of(ZenMux())
    assert found is not None
    return found


def rows(path: Path, **wanted: Any) -> list[ledger.Row]:
    store = Store(path)
    try:
        return store.find(**wanted)
    finally:
        store.close()


def asked(text: str, **options: Any) -> Completion:
    found = ask_sync(text, **options)
    assert isinstance(found, Completion)
    return found


def until(holds: Callable[[], bool]) -> None:
    """Look until it holds."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_answer_comes_back_as_it_was(here: Ledger, gateway: Gateway, path: Path) -> None:
    gateway.enqueue(streaming("Hello **world** 日本語 $5", reasoning="Hm."))
    answer = asked("What?", model="a/b temperature=0.5", system="Be brief.")
    assert here.writer.flush(60)
    (row,) = rows(path)
    assert completion_of(row) == answer
    assert (row.state, row.model) == ("done", "a/b")
    assert abs(row.started_s - time.time()) < 60
    assert path.stat().st_mode & 0o777 == stat.S_IRUSR | stat.S_IWUSR


def test_a_failure_is_kept_with_what_had_come(here: Ledger, gateway: Gateway, path: Path) -> None:
    gateway.enqueue(Reply(steps=[Send(sse(chunk("Half"), done=False))]))
    with pytest.raises(RequestError) as failed:
        asked("What?", model="a/b")
    here.writer.flush(60)
    (row,) = rows(path)
    assert (row.state, completion_of(row)) == ("failed", failed.value.completion)


def test_the_first_time_it_says_where_and_how_to_turn_it_off(
    here: Ledger, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zenmux_magic.ledger.writer._OPENED_S", 60)  # a busy machine opens late
    gateway.default = streaming("x")
    asked("One", model="a/b")
    (line,) = here.notices()
    assert str(here.path) in line
    assert "ZENMUX_LEDGER=off" in line
    asked("Two", model="a/b")
    assert here.notices() == []
    assert Ledger(here.path, 90, 200).notices() == []


def test_what_it_says_does_not_name_whose_home_it_is(
    gateway: Gateway, start_kernel: Callable[..., Kernel]
) -> None:
    gateway.default = streaming("x")
    kernel = start_kernel(
        ZENMUX_API_KEY=KEY, ZENMUX_BASE_URL=gateway.base_url, ZENMUX_LEDGER="~/mine/ledger.sqlite3"
    )
    kernel.run("%load_ext zenmux_magic")
    kernel.run("import zenmux_magic.ledger.writer as writer; writer._OPENED_S = 60")
    assert kernel.run("%%zenmux --quiet -m a/b\nHi", allow_stdin=False).outputs == []
    said = kernel.run("%%zenmux -m a/b\nHi", allow_stdin=False).stdout
    assert "Answers are kept in ~/mine/ledger.sqlite3" in said.replace("\\", "/")
    assert (kernel.home / "mine" / "ledger.sqlite3").exists()


def test_looking_before_anything_was_asked_makes_no_ledger(
    start_kernel: Callable[..., Kernel], path: Path
) -> None:
    kernel = start_kernel(ZENMUX_LEDGER=str(path))
    kernel.run("%load_ext zenmux_magic")
    assert "Nothing was asked yet." in kernel.run("%zenmux history").stdout
    assert "Nothing was asked since" in kernel.run("%zenmux cost").stdout
    assert not path.exists()


def test_words_in_any_script_find_it(here: Ledger, gateway: Gateway, path: Path) -> None:
    for text in ("The naïve Bayes", "偏差与方差", "x_1 = \\alpha"):
        gateway.enqueue(streaming(text))
        asked(f"About {text[:3]}?", model="a/b")
    here.writer.flush(60)

    def found(*words: str, **more: Any) -> int:
        return len(rows(path, words=words, **more))

    assert found("naive") == found("bay") == found("偏差") == found("方差") == 1
    assert found("差方") == found("Bayes", "偏差") == 0
    assert found("about") == found() == 3
    assert found("about", model="c/") == found(since_s=time.time() + 9) == 0
    assert found('"', "*") == found("AND") == found("(") == 0  # no syntax, whatever is typed


WRITER = """
import sys
from zenmux_magic import ask_sync, ledger
from zenmux_magic.settings import ZenMux
for number in range(int(sys.argv[2])):
    ask_sync(f"{sys.argv[1]}-{number}", model="a/b", transport="direct")
assert ledger.of(ZenMux()).writer.flush(60)  # an exit waits for three seconds only
"""


def test_many_kernels_at_once_lose_nothing(gateway: Gateway, path: Path, tmp_path: Path) -> None:
    gateway.route = lambda asked: streaming(f"echo {asked.prompt}")
    env = environment(
        tmp_path,
        ZENMUX_LEDGER=str(path),
        ZENMUX_API_KEY=KEY,
        ZENMUX_BASE_URL=gateway.base_url,
    )
    running = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(number), "12"], env=env)
        for number in range(8)
    ]
    assert [one.wait(300) for one in running] == [0] * 8
    found = rows(path, most=1000)
    assert sorted(completion_of(row).text for row in found) == sorted(
        f"echo {kernel}-{number}" for kernel in range(8) for number in range(12)
    )
    assert {row.state for row in found} == {"done"}
    assert_sound(path)


def assert_sound(path: Path) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_kernel_loses_only_the_last_moments(
    seed: int, gateway: Gateway, path: Path, start_kernel: Callable[..., Kernel]
) -> None:
    env = {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": gateway.base_url, "ZENMUX_LEDGER": str(path)}
    kernel = start_kernel(**env)
    kernel.run("%load_ext zenmux_magic")
    gateway.enqueue(streaming("".join(f"w{n} " for n in range(2000)), pace_s=0.02, pieces=5))
    kernel.start("%%zenmux -m a/b\nGo", allow_stdin=False)
    moment = random.Random(seed).randint(75, 175)  # any will do
    gateway.wait_until(lambda: len(gateway.sent) >= moment, f"{moment} pieces")
    sent = b"".join(one.data for one in list(gateway.sent))
    due = "".join(json.loads(f'"{text}"') for text in re.findall(rb'"content": "([^"]*)"', sent)
                  for text in [text.decode()])  # fmt: skip
    assert len(due) > 50
    until(lambda: path.exists() and any(completion_of(r).text.startswith(due) for r in rows(path)))
    kernel.process.kill()
    kernel.process.wait()
    (row,) = rows(path)
    assert completion_of(row).text.startswith(due)
    assert row.state in ("running", "lost")
    assert_sound(path)
    later = start_kernel(**env)
    later.run("%load_ext zenmux_magic")
    restored = later.run(f"%zenmux history restore {row.id} -o back\nprint(len(back.text))")
    assert restored.stdout.rstrip().endswith(str(len(completion_of(row).text)))


TROUBLE = """
import sys, resource
sys.path.insert(0, {root!r})
from zenmux_magic import ask_sync, ledger
from zenmux_magic.settings import ZenMux
{before}
print(ask_sync("Hi", model="a/b", transport="direct").text)
here = ledger.of(ZenMux())
here.writer.flush(60)
lines = here.notices()
print(ask_sync("Again", model="a/b", transport="direct").text)
print(len(lines + here.notices()), *lines)
"""
FULL = "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"


def no_folder(path: Path) -> None:
    path.parent.write_text("a file where a folder should be")


def damaged(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database " * 1000)


def of_a_later_release(path: Path) -> None:
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()


def nothing(path: Path) -> None:
    """The trouble comes later."""


@pytest.mark.parametrize(
    ("prepare", "before", "said"),
    [
        (no_folder, "", "cannot be written"),
        (damaged, "", "file is not a database"),
        (of_a_later_release, "", "written by a later release"),
        (nothing, FULL, "cannot be written"),
    ],
)
def test_trouble_costs_a_line_and_no_answer(
    prepare: Callable[[Path], None],
    before: str,
    said: str,
    gateway: Gateway,
    path: Path,
    tmp_path: Path,
) -> None:
    prepare(path)
    held = path.read_bytes() if path.is_file() else b""
    gateway.default = streaming("Hello")
    env = environment(
        tmp_path, ZENMUX_LEDGER=str(path), ZENMUX_API_KEY=KEY, ZENMUX_BASE_URL=gateway.base_url
    )
    root = str(Path(__file__).resolve().parents[1])
    ran = subprocess.run(
        [sys.executable, "-c", TROUBLE.format(root=root, before=before)],
        env=env, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    first, second, told = ran.stdout.splitlines()
    assert (first, second, ran.stderr) == ("Hello", "Hello", "")
    assert told.startswith("1 The ledger")
    assert said in told
    assert "~/kept/ledger.sqlite3" in told.replace("\\", "/")
    if held:
        assert path.read_bytes() == held


def test_what_an_administrator_turned_off_stays_off(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    monkeypatch.setenv("ZENMUX_LEDGER", str(path))
    assert ZenMux().ledger_path() == path
    assert ZenMux(ledger="off").ledger_path() is None
    assert ledger.of(ZenMux(ledger="off")) is None
    monkeypatch.setenv("ZENMUX_LEDGER", "off")
    assert ZenMux().ledger_path() is None
    assert ZenMux(ledger=str(path)).ledger_path() == path


def test_no_key_is_ever_in_the_file(here: Ledger, gateway: Gateway, path: Path) -> None:

    go_on = threading.Event()
    echo = f"Your key is {KEY}, is it not? {KEY[:20]} "
    pieces = [sse(chunk(letter), done=False) for letter in echo * 2]
    middle = len(echo) + 30  # in the middle of the second key
    gateway.enqueue(
        Reply(
            steps=[
                *map(Send, pieces[:middle]),
                WaitFor(go_on),
                *map(Send, pieces[middle:]),
                Send(sse(chunk({}, finish_reason="stop"))),
            ]
        )
    )
    caller = threading.Thread(target=asked, args=("Is it right?",), kwargs={"model": "a/b"})
    caller.start()
    deadline = time.monotonic() + 60
    while not (path.exists() and _begun(path)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert_clean(path)
    go_on.set()
    caller.join()
    here.writer.flush(60)
    assert_clean(path)
    (row,) = rows(path)
    assert completion_of(row).text.count("Your key is") == 2
    request = Request("a/b", ({"role": "user", "content": f"Is {KEY} right?"},), {"user": KEY})
    entry = here.begin(request, Fold(request), Secret(KEY), ledger.Place())
    entry.end(Fold(request).completion())
    here.writer.flush(60)
    assert_clean(path)
    assert len(rows(path)) == 2


def _begun(path: Path) -> bool:
    return any(completion_of(row).text.count("Your key") == 2 for row in rows(path))


def assert_clean(path: Path) -> None:
    held = b"".join(one.read_bytes() for one in path.parent.iterdir())
    for at in range(9, len(KEY) - 8):  # how all keys of the service begin is no secret
        assert KEY[at : at + 8].encode() not in held


@given(st.data())
def test_no_piece_of_a_key_leaves_early(data: st.DataObject) -> None:
    key = "sk-ai-v1-0123456789abcdefghij"
    text = "".join(data.draw(st.lists(st.sampled_from([key, key[:12], key[9:], "x y", "sk-"]))))
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8))
    places = sorted({0, *cuts, len(text)})
    held = _Held(Secret(key))
    gone = [held.let_go(text[a:b]) for a, b in pairwise(places)]
    joined = "".join(gone)
    for at in range(9, len(key) - 8):
        assert key[at : at + 8] not in joined


def test_it_keeps_within_its_bounds(here: Ledger, gateway: Gateway, path: Path) -> None:
    gateway.default = streaming("word " * 2000)
    for number in range(6):
        asked(f"Number {number}", model="a/b")
    here.writer.flush(60)
    store = Store(path)
    store._db.execute("UPDATE answers SET started_s = started_s - ? WHERE id <= 2", (9 * DAY_S,))
    assert store.prune(time.time() - 8 * DAY_S, 2**40) == 2
    assert [row.id for row in store.find(["number"])] == [6, 5, 4, 3]
    full = store.size()
    assert store.prune(0, full - 1) == 1  # no more than makes up for it
    assert store.prune(0, 0) == 3
    assert store.count() == 0
    assert store.find(["word"]) == []
    assert store.size() < full
    store.close()
    assert_sound(path)


def test_an_answer_that_comes_is_not_deleted(here: Ledger, gateway: Gateway, path: Path) -> None:
    go = threading.Event()
    steps = [*streaming("Half of it").steps]
    gateway.enqueue(Reply(steps=[*steps[:2], WaitFor(go), *steps[2:]]))
    asking = threading.Thread(target=asked, args=("What?",))
    asking.start()
    store = Store(path)
    try:
        until(lambda: bool(store.find()))
        assert store.prune(time.time() + 1, 0) == 0

        def deleted_as_if_lost() -> bool:  # after a machine has slept
            store._db.execute("UPDATE answers SET touched_s = 0")
            return store.prune(time.time() + 1, 0) == 1

        until(deleted_as_if_lost)
        go.set()
        asking.join()
        assert here.writer.flush(60)
        (row,) = store.find(["half"])
        assert (row.state, completion_of(row).text) == ("done", "Half of it")
        assert not here.writer.trouble
    finally:
        go.set()
        store.close()
    assert_sound(path)


def test_two_that_delete_at_once_delete_once(here: Ledger, path: Path) -> None:
    for number in range(4):
        asked(f"Number {number}")
    assert here.writer.flush(60)
    first, second = Store(path), Store(path)
    begin = second.begin

    def late() -> None:  # the moment before the second may write
        first.prune(time.time() + 1, 2**40)
        begin()

    second.begin = late  # type: ignore[method-assign]
    assert second.prune(time.time() + 1, 2**40) == 0
    first.close()
    second.close()
    assert_sound(path)


def test_who_holds_it_for_long_only_delays_it(
    here: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr("zenmux_magic.ledger.store._PATIENCE_S", 0.05)
    asked("What?")
    assert not here.writer.flush(1)
    other.execute("COMMIT")
    other.close()
    assert here.writer.flush(60)
    assert [row.state for row in rows(path)] == ["done"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python warns about any fork with threads")
def test_a_forked_child_keeps_its_answers(here: Ledger, path: Path) -> None:
    asked("The parent")
    assert here.writer.flush(60)
    child = os.fork()
    if child == 0:
        try:
            asked("The child", transport="direct")
            own = ledger.of(ZenMux())
            os._exit(0 if own and own.writer.flush(60) else 2)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(rows(path)) == 2


def test_an_older_ledger_is_brought_up_whole_or_not_at_all(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "old.sqlite3", isolation_level=None)
    first, broken = (
        "CREATE TABLE a (x);\nINSERT INTO a VALUES (1);\n",
        "ALTER TABLE a ADD y;\nno SQL;\n",
    )
    assert schema.migrate(connection, [first])
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(connection, [first, broken])
    assert schema.version(connection) == 1
    assert connection.execute("SELECT * FROM a").fetchall() == [(1,)]
    assert not schema.migrate(connection, [first, "ALTER TABLE a ADD y DEFAULT 2;\n"])
    assert connection.execute("SELECT * FROM a").fetchall() == [(1, 2)]
    with pytest.raises(schema.LaterVersionError):
        schema.migrate(connection, [first])
    connection.close()


def test_only_the_same_request_is_the_same() -> None:
    request = Request("a/b", ({"role": "user", "content": "Hi"},), {"temperature": 0.2})
    assert fingerprint(request) == fingerprint(replace(request, timeout_s=1, transport="direct"))
    others = [
        replace(request, model="a/c"),
        replace(request, messages=({"role": "user", "content": "Hi "},)),
        replace(request, params={"temperature": 0.3}),
        replace(request, base_url="http://127.0.0.1:1/v1"),
    ]
    assert len({fingerprint(one) for one in [request, *others]}) == 5
    local = replace(request, model="local/x", base_url="http://127.0.0.1:1/v1")
    assert fingerprint(local) == fingerprint(replace(local, base_url="http://127.0.0.1:2/v1"))


@pytest.mark.parametrize("text", ["", "7", "d7", "yesterday", "7 d"])
def test_a_time_that_is_none(text: str) -> None:
    with pytest.raises(ArgumentError, match="is no time"):
        since_s(text)


class Cells:
    """A kernel that keeps its answers."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        assert self("%load_ext zenmux_magic").status == "ok"

    def __call__(self, code: str) -> Ran:
        return self._kernel.run(code, allow_stdin=False)

    def outputs(self, code: str) -> Any:
        ran = self(code)
        assert ran.status == "ok", ran.evalue
        return ran.outputs


@pytest.fixture
def cells(start_kernel: Callable[..., Kernel], gateway: Gateway, path: Path) -> Cells:
    Store(path).close()  # what is said the first time is another test's
    return Cells(
        start_kernel(ZENMUX_API_KEY=KEY, ZENMUX_BASE_URL=gateway.base_url, ZENMUX_LEDGER=str(path))
    )


def test_what_was_kept_is_shown_again_and_nothing_is_sent(
    cells: Cells, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.route = lambda asked: streaming(
        f"{asked.model}: {asked.prompt} **{len(gateway.chats)}**"
    )
    ask = "%%zenmux --cache -m a/b -o answer\nHi {{ name }}"
    cells("name = 'Ada'")
    first = cells.outputs(ask)
    assert cells.outputs(ask) == first
    assert (
        cells("(answer.kept, answer.text, _zenmux.kept)").result
        == "(True, 'a/b: Hi Ada **1**', True)"
    )
    assert len(gateway.chats) == 1
    both = "%%zenmux --cache -m a/b -m c/d -o both\nHi {{ name }}"
    first = cells.outputs(both)
    assert len(gateway.chats) == 2  # of the two, one was kept
    assert cells.outputs(both) == first
    (tmp_path / "prompt.txt").write_text("One.")
    for change in (
        "name = 'Grace'",
        ask.replace("--cache", "--cache -t 0.1"),
        ask.replace("a/b", "a/c"),
        ask.replace("--cache", f"--cache -f {tmp_path / 'prompt.txt'}"),
        ask.replace("--cache", "--fresh"),
        "%%zenmux -m a/b\nHi {{ name }}",
    ):
        sent = len(gateway.chats)
        cells.outputs(change if change.startswith("%%") else f"{change}")
        if not change.startswith("%%"):
            cells.outputs(ask)
        assert len(gateway.chats) == sent + 1
    assert "contradict" in cells(ask.replace("--cache", "--cache --fresh")).evalue
    cells("%config ZenMux.cache = True")
    cells.outputs("%%zenmux -m a/b\nHi {{ name }}")
    assert len(gateway.chats) == sent + 1
    cells("%config ZenMux.ledger = 'off'")
    assert "--cache needs the ledger" in cells(ask).evalue


def test_what_failed_or_was_stopped_is_no_answer_to_keep(cells: Cells, gateway: Gateway) -> None:
    gateway.enqueue(Reply(steps=[Send(sse(chunk("Half"), done=False))]), streaming("Whole"))
    ask = "%%zenmux --cache -m a/b\nHi"
    assert cells(ask).status == "error"
    cells.outputs(ask)
    assert cells("_zenmux.text, _zenmux.kept").result == "('Whole', False)"
    assert "cannot be written as JSON" in cells("%%zenmux -p top_p=NaN\nHi").evalue
    assert "Whole" in cells("%zenmux history").data("text/plain")[0]


def test_the_history_is_found_shown_and_brought_back(cells: Cells, gateway: Gateway) -> None:
    gateway.route = lambda asked: streaming(f"About {asked.prompt}", model="a/b-2026")
    for word in ("bias", "variance"):
        cells.outputs(f"%%zenmux -m a/b\n{word}")
    assert "About variance" in cells("%zenmux history").data("text/plain")[0]
    found = cells("%zenmux history bia --since 1d --model a/").data("text/html")[0]
    assert "About bias" in found
    assert "variance" not in found
    assert "No answer fits 'nothing'" in cells("%zenmux history nothing").stdout
    shown = cells("%zenmux history show 1")
    assert "user: bias" in shown.stdout
    assert "About bias" in shown.data("text/html")[0]
    assert "back is answer 2 again" in cells("%zenmux history restore 2 -o back").stdout
    assert cells("back.text, back.model").result == "('About variance', 'a/b-2026')"
    for line, said in {
        "show 9": "There is no answer 9",
        "restore x": "invalid int value",
        "-n x": "argument -n: invalid int value: 'x'",
        "restore 1 -o 1x": "is no variable name",
        "--since never": "is no time",
        "prune": "takes --older 30d, or --all",
        "--here": "does not say which notebook",
    }.items():
        assert said in cells(f"%zenmux history {line}").evalue
    assert "Deleted 0 answers; 2 are left" in cells("%zenmux history prune --older 1d").stdout
    assert "Deleted 2 answers; 0 are left" in cells("%zenmux history prune --all").stdout
    cells("%config ZenMux.ledger = 'off'")
    assert "The ledger is off" in cells("%zenmux history").evalue
