"""What answers cost: added up, bounded, told beforehand and asked of the gateway; whose key pays."""

from __future__ import annotations

import http.server
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.gateway import GENERATION_ID, KEY, Gateway, error, streaming
from tests.support.kernel import Kernel
from tests.support.kernel import Reply as Ran
from zenmux_magic.billing import Bill, read
from zenmux_magic.ledger.costs import summed
from zenmux_magic.ledger.store import Spent
from zenmux_magic.tables import Table

USAGE = {"prompt_tokens": 1000, "completion_tokens": 2000, "total_tokens": 3000}
# openai/gpt-5 in the gateway's list: 1.25 and 10 dollars a million tokens.
COST = Decimal("0.02125")


class Cells:
    """A kernel with a key and a ledger."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        assert self("%load_ext zenmux_magic\n%zenmux models gpt-5").status == "ok"

    def __call__(self, code: str, allow_stdin: bool = False) -> Ran:
        return self.kernel.run(code, allow_stdin=allow_stdin)


@pytest.fixture
def cells(start_kernel: Callable[..., Kernel], gateway: Gateway, tmp_path: Path) -> Cells:
    gateway.route = lambda asked: streaming(f"About {asked.prompt}", usage=USAGE, model=asked.model)
    return Cells(
        start_kernel(
            ZENMUX_API_KEY=KEY,
            ZENMUX_BASE_URL=gateway.base_url,
            ZENMUX_LEDGER=str(tmp_path / "ledger.sqlite3"),
        )
    )


def test_costs_are_added_up(cells: Cells) -> None:
    assert "Nothing was asked since 30d" in cells("%zenmux cost").stdout
    for model in ("openai/gpt-5", "openai/gpt-5", "no/such-model"):
        assert cells(f"%%zenmux -m {model}\nHi").status == "ok"
    plain = cells("%zenmux cost").data("text/plain")[0].splitlines()
    assert plain[0].split() == ["model", "answers", "≈", "cost", "price", "unknown"]
    assert plain[1].split()[:3] == ["openai/gpt-5", "2", f"${2 * COST:.4f}"]
    assert plain[1].endswith("█" * 24)
    assert plain[2].split() == ["no/such-model", "1", "—", "1"]
    assert plain[3].split() == ["all", "3", f"${2 * COST:.4f}", "1"]
    by_day = cells("%zenmux cost --by day --since 1d").data("text/html")[0]
    assert "<span>$</span>0.0425" in by_day
    assert "invalid choice: 'week'" in cells("%zenmux cost --by week").evalue


def test_groups() -> None:
    spent = [
        Spent(0.0, "/home/a.ipynb", "a/x", Decimal(1), False),
        Spent(90_000.0, "/home/a.ipynb", "b/y", Decimal(3), False),
        Spent(90_001.0, "", "a/x", None, True),
    ]
    assert [row[:2] for row in summed(spent, "model").rows] == [
        ("b/y", Decimal(3)),
        ("a/x", Decimal(1)),
    ]
    assert [row[1:] for row in summed(spent, "day").rows] == [(1, 1, 0), (3, 2, 1)]
    assert [row[0] for row in summed(spent, "notebook").rows] == ["a.ipynb", "(no notebook)"]
    assert summed(spent, "day").total_usd == 4


def test_a_table_is_no_formula_and_no_markup() -> None:
    table = Table(("a", "b"), (("<b>$1", "\\(x\\)"),), frozenset({1}), (0.5,))
    assert repr(table) == "a          b\n<b>$1  \\(x\\)  ████████████"
    shown = table._repr_html_()
    assert "&lt;b&gt;<span>$</span>1" in shown
    assert "\\(" not in shown


def test_a_budget_warns_and_then_refuses(cells: Cells, gateway: Gateway) -> None:
    ask = "%%zenmux -m openai/gpt-5\nHi"
    cells("%config ZenMux.budget_usd = 0.05")
    assert cells(ask).stderr == ""
    assert cells(ask).stderr == ""
    assert f"has spent ≈ ${2 * COST:.4f} of $0.05" in cells(ask).stderr
    refused = cells(ask)
    assert "%config ZenMux.budget_usd = 0.1" in refused.evalue
    assert len(gateway.chats) == 3
    assert cells(ask.replace("-m", "--cache -m")).status == "ok"  # nothing is paid for it
    cells("%config ZenMux.budget_usd = 0")
    cells("%config ZenMux.budget_usd_day = 0.06")
    assert "Today has spent" in cells(ask).evalue
    cells("%config ZenMux.ledger = 'off'")
    assert "counts what the ledger has" in cells(ask).evalue
    assert len(gateway.chats) == 3


def test_a_dry_run_shows_all_and_sends_nothing(cells: Cells, gateway: Gateway) -> None:
    text = "Tell {{ 1 + 1 }}"
    ran = cells(f"%%zenmux --dry-run -m openai/gpt-5 -m no/such -s Brief. --max-tokens 500\n{text}")
    assert ran.status == "ok"
    assert "── system ──\nBrief.\n── user ──\nTell 2\n" in ran.stdout
    assert "openai/gpt-5 max_completion_tokens=500" in ran.stdout
    assert "≈ $0.005" in ran.stdout
    assert "with at most 500 tokens" in ran.stdout
    assert "price unknown" in ran.stdout
    assert gateway.chats == []
    cells("%%zenmux -m openai/gpt-5\nHi")
    again = cells("%%zenmux --dry-run -m openai/gpt-5\nHi")
    assert "the answer that was kept" in again.stdout
    assert len(gateway.chats) == 1


def test_what_a_refusal_says_to_do_is_enough(cells: Cells) -> None:
    ask = "%%zenmux -m openai/gpt-5\nHi"
    cells("%config ZenMux.budget_usd = 0.001")
    assert cells(ask).status == "ok"
    said = cells(ask).evalue
    cells(said[said.index("%config") :].rstrip("."))
    assert cells(ask).status == "ok"


def test_a_dry_run_needs_no_key(start_kernel: Callable[..., Kernel]) -> None:
    kernel = start_kernel(ZENMUX_BASE_URL="https://gateway.invalid/v1")
    kernel.run("%load_ext zenmux_magic")
    assert "nothing was sent" in kernel.run("%%zenmux --dry-run\nHi", allow_stdin=False).stdout


def test_what_it_really_was(cells: Cells, gateway: Gateway) -> None:
    cells("%%zenmux -m openai/gpt-5 -o answer\nHi")
    early = cells("await answer.billed()")
    assert f"no bill of {GENERATION_ID} yet" in early.evalue
    gateway.generations[GENERATION_ID] = {
        "usage": 0.02,
        "nativeTokens": {"completion_tokens": 1999},
        "ratingResponses": {"billAmount": 0.0213},
    }
    said = cells("bill = await answer.billed()\nprint(bill.usd, dict(bill.tokens))").stdout
    assert said == "0.0213 {'completion_tokens': 1999}\n"
    assert gateway.requests[-1].headers["authorization"] == f"Bearer {KEY}"
    gateway.generations[GENERATION_ID] = error(403, "access_denied", "No.")
    assert "access_denied" in cells("await answer.billed()").evalue


@pytest.mark.parametrize(
    ("said", "usd"),
    [
        ({"usage": 0.1}, Decimal("0.1")),
        ({"usage": "0.25", "ratingResponses": None}, Decimal("0.25")),
        ({"usage": None}, None),
        ({"usage": "free"}, None),
        ([], None),
    ],
)
def test_bills_of_other_shapes(said: object, usd: Decimal | None) -> None:
    assert read(said).usd == usd
    assert isinstance(read(said), Bill)


def test_only_the_models_that_are_allowed(cells: Cells, gateway: Gateway) -> None:
    cells("%config ZenMux.allowed_models = ['openai/*', 'z-ai/glm-4.6']")
    for model in ("openai/gpt-5", "z-ai/glm-4.6", '"openai/x temperature=0"'):
        assert cells(f"%%zenmux -m {model}\nHi").status == "ok"
    refused = cells("%%zenmux -m openai/gpt-5 -m x-ai/grok-4\nHi")
    assert "x-ai/grok-4 is not among those allowed here: openai/*, z-ai/glm-4.6" in refused.evalue
    assert len(gateway.chats) == 3


def answering(kernel: Kernel, code: str, typed: str) -> Ran:
    """Run a cell that asks for a line, and type it."""
    cell = kernel.start(code)
    kernel.answer_input(typed)
    return kernel.finish(cell)


def test_a_key_is_typed_hidden_for_this_kernel(
    start_kernel: Callable[..., Kernel], gateway: Gateway
) -> None:
    gateway.default = streaming("Hello")
    kernel = start_kernel(ZENMUX_BASE_URL=gateway.base_url)
    kernel.run("%load_ext zenmux_magic")
    assert "Nobody can type here" in kernel.run("%zenmux login", allow_stdin=False).evalue
    assert "delete that cell" in kernel.run(f"%zenmux login {KEY}", allow_stdin=False).evalue
    assert "characters that no key has" in answering(kernel, "%zenmux login", "a b").evalue
    told = answering(kernel, "%zenmux login", f" {KEY}\n")
    assert f"Key: pay as you go, {len(KEY)} characters, from %zenmux login." in told.stdout
    assert kernel.run("%%zenmux -m a/b\nHi", allow_stdin=False).status == "ok"
    assert gateway.chats[-1].headers["authorization"] == f"Bearer {KEY}"
    assert "Key: none" in answering(kernel, "%zenmux login", "").stdout
    seen = "".join(str(one.content) for one in kernel.messages) + kernel.log
    assert KEY[9:] not in seen.replace(f"%zenmux login {KEY}", "")


@pytest.fixture
def reported(start_kernel: Callable[..., Kernel], tmp_path: Path) -> Callable[..., str]:
    def report(**env: str) -> str:
        kernel = start_kernel(**env)
        kernel.run("%load_ext zenmux_magic")
        return kernel.run("%zenmux doctor", allow_stdin=False).stdout

    return report


def test_the_doctor_tells_what_is_there_and_no_secret(
    reported: Callable[..., str], gateway: Gateway, tmp_path: Path
) -> None:
    said = reported(
        ZENMUX_API_KEY=KEY,
        ZENMUX_BASE_URL=gateway.base_url,
        ZENMUX_LEDGER=str(tmp_path / "ledger.sqlite3"),
        HTTPS_PROXY="http://user:secret@proxy.test:3128",
        SSL_CERT_FILE="/no/such/bundle.pem",
    )
    for part in (
        "key: pay as you go",
        "front end: headless",
        "proxy: HTTPS_PROXY = proxy.test:3128",
        "/no/such/bundle.pem, which does not exist",
        "service: reachable, ",
        "ledger.sqlite3 (begins with the first answer)",
        "models: ",
    ):
        assert part in said
    assert KEY[9:] not in said
    assert "secret" not in said


def test_the_doctor_explains_what_does_not_work(
    reported: Callable[..., str], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"no database " * 100)
    said = reported(ZENMUX_BASE_URL="http://127.0.0.1:9/v1", ZENMUX_LEDGER=str(broken))
    assert "key: none (%zenmux login" in said
    assert "service: " in said
    assert "reachable," not in said
    assert "cannot be used (file is not a database): move it away" in said


def test_the_doctor_explains_a_certificate_that_nobody_knows(
    reported: Callable[..., str], tmp_path: Path
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl, which makes a certificate here")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    words = [*make.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(words, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        said = reported(ZENMUX_BASE_URL=f"https://127.0.0.1:{server.server_address[1]}/v1")
    finally:
        server.shutdown()
        server.server_close()
    assert "set SSL_CERT_FILE to your organisation's bundle" in said
