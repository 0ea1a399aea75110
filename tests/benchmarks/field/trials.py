"""What one way does in a real JupyterLab: how it streams, and what it does when something goes wrong.

In: a way, an interpreter that has it, the service. Out: figures by name, of one repetition each.
Judges nothing and prints nothing.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

from tests.benchmarks.painting import PATIENCE_S, watch, words
from tests.benchmarks.streaming import row
from tests.support.gateway import KEY
from tests.support.lab import Lab

from .service import LOST_AFTER, RATE, Service
from .ways import Way, variables

Figures = dict[str, float]

# The notebook's cells, by what they ask.
CASES = ("load", "words", "slow", "lost", "refused", "hostile")
# Between the request and the interrupt; and what a page may fetch or run after a cell has ended.
INTERRUPT_AFTER_MS, AFTERMATH_MS = 1500, 500

LISTEN = """() => {
  const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
  window.replies = [];
  kernel.anyMessage.connect((_, { msg, direction }) => {
    if (direction === 'recv' && msg.header.msg_type === 'execute_reply')
      window.replies.push(msg.content.status);
  });
}"""
OUTPUTS = """index => window.jupyterapp.shell.currentWidget.content.widgets[index]
  .model.outputs.toJSON()"""


class Trial:
    """One way in one notebook, its kernel warm: it has been answered once."""

    def __init__(self, lab: Lab, service: Service, way: Way, python: str) -> None:
        self._service, self._way = service, way
        self._base_url = service.ask("base_url")
        cells = [way.load, *(self._asking(f"case:{case}") for case in CASES[1:])]
        self._page = lab.open(cells, env=variables(self._base_url), python=python)
        self._page.page.evaluate(LISTEN)
        self._page.run(CASES.index("load"), PATIENCE_S)
        self._page.run(CASES.index("words"), PATIENCE_S)

    def streams(self, kb: float) -> Figures:
        """An answer of this size, and what of it is saved."""
        cell, tokens = CASES.index("words"), words(kb)
        self._page.set_source(cell, self._asking(f"case:words:{kb:g}"))
        self._service.ask("forget")
        watched = watch(self._page, cell, len(tokens), len(tokens) / RATE + PATIENCE_S)
        (chat,) = self._service.ask("chats")
        seen = row(self._way.name, kb, RATE, chat.words_ms[: len(tokens)], watched)
        saved = json.dumps(self._page.save().cells[cell].outputs, indent=1, ensure_ascii=False)
        return {
            "first": seen.first,
            "typical": seen.p50,
            "behind": seen.behind,
            "websocket": seen.websocket_kb,
            "work": seen.work_s,
            "saved": len(saved.encode()) / len("".join(tokens).encode()),
        }

    def interrupted(self) -> Figures:
        """The toolbar's ■ in the middle of an answer."""
        cell = self._begin("slow")
        self._service.ask("wait_request")
        self._page.page.wait_for_timeout(INTERRUPT_AFTER_MS)
        at = time.time()
        self._page.interrupt()
        self._page.wait_done(cell, PATIENCE_S)
        ended = time.time()
        left = self._service.ask("wait_departure")
        written = sum(ms <= at * 1000 for ms in self._service.ask("chats")[0].words_ms)
        return {
            "interrupt ends": (ended - at) * 1000,
            "interrupt kept": self._kept(cell, written),
            "interrupt fails": self._failed(),
            "interrupt closes": left,
        }

    def lost(self) -> Figures:
        """The connection is lost in the middle of every answer."""
        cell = self._begin("lost")
        self._page.wait_done(cell, PATIENCE_S)
        chats = self._service.ask("chats")
        return {
            "lost kept": self._kept(cell, LOST_AFTER),
            "lost requests": len(chats),
            "lost fails": self._failed(),
        }

    def refused(self) -> Figures:
        """The service does not know the key, and says it in full."""
        cell = self._begin("refused")
        self._page.wait_done(cell, PATIENCE_S)
        shown = "\n".join(self._page.output(cell).all_inner_texts())
        return {
            "refused characters": len(shown),
            "refused fails": self._failed(),
            "refused key": json.dumps(self._outputs(cell)).count(KEY),
        }

    def hostile(self) -> Figures:
        """The answer holds script, and images of another host."""
        self._page.page.evaluate("window.fieldRan = 0")
        cell = self._begin("hostile")
        self._page.wait_done(cell, PATIENCE_S)
        self._page.page.wait_for_timeout(AFTERMATH_MS)
        return {
            "hostile ran": self._page.page.evaluate("window.fieldRan"),
            "hostile fetched": len(self._service.ask("fetched")),
        }

    def _asking(self, prompt: str) -> str:
        return self._way.ask.replace("PROMPT", prompt).replace("{BASE_URL}", self._base_url)

    def _begin(self, case: str) -> int:
        """Start the cell of a case in a notebook without outputs; its place."""
        cell = CASES.index(case)
        self._page.command("notebook:clear-all-cell-outputs")
        self._page.show(cell)
        self._page.page.evaluate("window.replies.length = 0")
        self._service.ask("forget")
        self._page.run_async(cell)
        return cell

    def _failed(self) -> bool:
        return bool(self._page.page.evaluate("window.replies").count("error"))

    def _outputs(self, cell: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._page.page.evaluate(OUTPUTS, cell)
        return found

    def _kept(self, cell: int, written: int) -> float:
        """What share of the words that were written stand in the cell's outputs, errors aside."""
        shown = [one for one in self._outputs(cell) if one["output_type"] != "error"]
        texts = [_joined(part) for one in shown for part in one.get("data", one).values()]
        found = set(re.findall(r"\bw(\d+)\b", "\n".join(texts)))
        return min(1.0, len(found) / written)


def _joined(part: Any) -> str:
    """The text of a part of an output, which notebooks may hold as a list of lines."""
    return "".join(map(str, part)) if isinstance(part, list) else str(part)
