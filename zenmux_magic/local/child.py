"""The server's own process: llama.cpp's HTTP server on the loopback interface, until stdin ends.

In: one line of JSON on stdin (the key comes this way, for everybody on the machine can read a
command line). Out: one line on stdout, `READY` and the address; all else that is printed is log; and
while it serves, a file with the key that only its owner can read, for programs outside the kernel.
The kernel holds the other end of stdin: when it ends, in whatever way, the system closes it, and
this process ends too. Run as a file, without the package: it imports nothing of ours.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

READY = "zenmux-local-ready"

_HTTP_THREADS = 16  # an idle kept-alive connection occupies one for five seconds
_WARNINGS = 2  # llama.cpp's log level


def main() -> None:
    """Serve what stdin's first line asks for."""
    wanted = json.loads(sys.stdin.readline())
    sys.path[:] = wanted["path"]  # the engine is found where the kernel would find it
    try:
        import xllamacpp

        server = xllamacpp.Server(_parameters(xllamacpp, wanted))
    except (ImportError, RuntimeError) as exc:
        sys.exit(str(exc))  # llama.cpp has printed more
    # An interrupt is meant for the cell, not for the server. Said here, after llama.cpp, which sets
    # handlers of its own.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    file = key_file(wanted["key_folder"], server.listening_address)
    with suppress(OSError):  # nowhere to write: the kernel itself does not need it
        _write_key(file, wanted["api_key"])
    os.write(1, f"\n{READY} {server.listening_address}\n".encode())
    sys.stdin.read()
    with suppress(OSError):
        file.unlink()
    os._exit(0)  # does not wait for an answer under way


def key_file(folder: str, address: str) -> Path:
    """Where the key of the server at an address lies."""
    return Path(folder) / f"local-{urlsplit(address).port}.key"


def _write_key(file: Path, key: str) -> None:
    file.unlink(missing_ok=True)  # of a server that was killed, its port now ours
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(key)


def _parameters(xllamacpp: Any, wanted: dict[str, Any]) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = wanted["model_path"]
    params.model_alias = {wanted["model"]}
    params.api_keys = [wanted["api_key"]]
    params.port = 0  # the system chooses: nobody can take it in between
    if hasattr(params, "hostnames"):
        params.hostnames = ["127.0.0.1"]
    else:  # older releases
        params.hostname = "127.0.0.1"
    setattr(params, "ui" if hasattr(params, "ui") else "webui", False)
    params.endpoint_slots = False
    params.verbosity = _WARNINGS
    params.n_threads_http = _HTTP_THREADS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = wanted["threads"]
    params.n_parallel = wanted["slots"]
    # Each slot its own part: with a shared one (`kv_unified`), running full fails every request.
    params.kv_unified = False
    params.n_ctx = wanted["slots"] * wanted["context"]
    params.cache_ram_mib = 0  # else up to 8 GiB of old prompts
    if wanted["small"]:
        params.fit_params = False  # measures first whether it fits into a GPU's memory
        # Halves the working memory; not every other model can do it.
        params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_Q8_0
    return params


if __name__ == "__main__":
    main()
