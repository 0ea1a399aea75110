"""How soon a cell shows text, and how often it repaints: a real kernel against a loopback server.

    python -m tests.benchmarks.first_text

The server sends 500 chunks at 100 a second. Printed for each transport: milliseconds from the first
byte of text leaving the server to the first display that holds text reaching the front end; display
messages as a share of the chunks; whether the text in the variable is what was sent.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.support.gateway import KEY, Gateway, streaming
from tests.support.kernel import Kernel
from tests.support.outputs import Message

CHUNKS, PACE_S = 500, 0.01
PIECES = [f"word{n} \u2028é " for n in range(CHUNKS)]
TEXT = "".join(PIECES)
SHOWN = {"display_data", "update_display_data"}


def main() -> None:
    """Run both transports twice; the first run of each also imports what it needs."""
    with Gateway() as gateway, tempfile.TemporaryDirectory() as home:
        gateway.route = lambda asked: streaming(TEXT, pieces=PIECES, pace_s=PACE_S)
        environment = {"ZENMUX_API_KEY": KEY, "ZENMUX_BASE_URL": gateway.base_url}
        with Kernel(Path(home), **environment) as kernel:
            kernel.run("import json\n%load_ext zenmux_magic")
            for transport in ("openai", "direct"):
                for run in ("first", "second"):
                    print(f"{transport:<6} {run:<6} {measured(kernel, gateway, transport)}")


def measured(kernel: Kernel, gateway: Gateway, transport: str) -> str:
    """One answer, as one line of figures."""
    gateway.sent.clear()
    ran = kernel.run(f"%%zenmux -o a --transport {transport}\nhi", allow_stdin=False)
    left = next(sent.at for sent in gateway.sent if b"word0" in sent.data)
    shown = [message for message in ran.messages if message.msg_type in SHOWN]
    came = next(message.at for message in shown if _holds_text(message))
    same = json.loads(kernel.run("print(json.dumps(a.text))").stdout) == TEXT
    share = len(shown) / CHUNKS
    return f"first text {1000 * (came - left):5.0f} ms   displays {share:.0%}   equal {same}"


def _holds_text(message: Message) -> bool:
    return "word0" in str(message.content["data"].get("text/plain"))


if __name__ == "__main__":
    main()
