"""A service for a class: it holds the one real key, and each student has a token of their own.

    ZENMUX_API_KEY=… python -m tests.support.class_proxy --token ada=t0k3n --model 'openai/*' --most 50

Students set `ZENMUX_BASE_URL` to its address and `ZENMUX_API_KEY` to their token. What it refuses is
refused: the models that are not allowed, and more answers than each may have. An example to read, not
a server for a university: it knows no TLS, and forgets its counts when it ends.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_UPSTREAM = "https://zenmux.ai/api/v1"


class ClassProxy(ThreadingHTTPServer):
    """Listens on 127.0.0.1.

    Args:
        key: The real key.
        tokens: Token by student.
        models: Patterns of the models that are allowed.
        most: How many answers each student may have.
        upstream: The service's base URL.
        port: 0 for a free one.
    """

    daemon_threads = True

    def __init__(
        self,
        key: str,
        tokens: Mapping[str, str],
        models: Sequence[str],
        most: int,
        upstream: str = _UPSTREAM,
        port: int = 0,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.key, self.models, self.most, self.upstream = key, models, most, urlsplit(upstream)
        self.students = {token: student for student, token in tokens.items()}
        self.answers: Counter[str] = Counter()
        self.lock = threading.Lock()

    @property
    def base_url(self) -> str:
        """What students set."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: ClassProxy

    def do_GET(self) -> None:
        self._forward(b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        student = self.server.students.get(token)
        model = str(json.loads(body or b"{}").get("model"))
        if student is None:
            self._refuse(403, "access_denied", "This token is nobody's.")
        elif not any(fnmatchcase(model, pattern) for pattern in self.server.models):
            self._refuse(404, "model_not_available", f"{model} is not for this class.")
        elif not self._counted(student):
            self._refuse(402, "quote_exceeded", f"{student} has had {self.server.most} answers.")
        else:
            self._forward(body)

    def _counted(self, student: str) -> bool:
        with self.server.lock:
            self.server.answers[student] += 1
            return self.server.answers[student] <= self.server.most

    def _refuse(self, status: int, kind: str, message: str) -> None:
        error = {"error": {"code": str(status), "type": kind, "message": message}}
        body = json.dumps(error).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _forward(self, body: bytes) -> None:
        there = self.server.upstream
        kind = (
            http.client.HTTPSConnection if there.scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(there.netloc, timeout=600)
        headers = {"authorization": f"Bearer {self.server.key}", "content-type": "application/json"}
        connection.request(self.command, there.path + self.path.removeprefix("/v1"), body, headers)
        response = connection.getresponse()
        self.send_response(response.status)
        self.send_header("content-type", response.headers.get("content-type", ""))
        self.send_header("connection", "close")
        self.end_headers()
        while piece := response.read1(65_536):  # as it comes
            self.wfile.write(piece)
        connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing is logged: what students ask is theirs."""


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--token", action="append", default=[], metavar="STUDENT=TOKEN")
    parser.add_argument("--model", action="append", default=[], metavar="PATTERN")
    parser.add_argument("--most", type=int, default=50)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    tokens = dict(pair.split("=", 1) for pair in options.token)
    key = os.environ["ZENMUX_API_KEY"]
    with ClassProxy(key, tokens, options.model or ["*"], options.most, port=options.port) as proxy:
        print(proxy.base_url, flush=True)
        proxy.serve_forever()


if __name__ == "__main__":
    main()
