"""A real JupyterLab server (Notebook 7 too, if installed) in a process and folders of its own.

In: a folder. Out: a URL without a token, a root for notebooks, settings that are read anew by each
page, a `python3` kernel whose environment can be set for the next kernel that starts. No browser.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .environment import environment
from .ports import free_ports
from .processes import end_process

# Ends with the tests even if they are killed: their end of the pipe on stdin closes then.
LAUNCH = """
import os, runpy, signal, sys, threading
def follow():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=follow, daemon=True).start()
sys.argv = ["jupyter-lab"]
runpy.run_module("jupyterlab", run_name="__main__")
"""

# Nothing may pop up over the notebook, and a file is written only when a test saves it.
QUIET: dict[str, Any] = {
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "fetchNews": "false",
        "doNotDisturbMode": True,
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}


class JupyterServer:
    """The server; `close` ends it and its kernels.

    Args:
        home: A folder of its own.
        patience_s: How long it may take to answer.
    """

    def __init__(self, home: Path, patience_s: float = 180) -> None:
        self.home, self.root = home, home / "notebooks"
        self._settings = home / "user-settings"
        for folder in (self.root, self._settings, home / "jupyter-config"):
            folder.mkdir(parents=True)
        self.url = f"http://127.0.0.1:{self._configure()}"
        self.configure_kernel({})
        self.configure_lab({})
        self._log = home / "server.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", LAUNCH],
                # The only place of kernel specifications that goes before the virtual environment's.
                env=environment(home, JUPYTER_PATH=str(home / "own")),
                cwd=self.root,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._become_ready(time.monotonic() + patience_s)
        except BaseException:
            self.close()
            raise

    @property
    def log(self) -> str:
        """What server and kernels have written to the terminal."""
        return self._log.read_text(errors="replace")

    def configure_kernel(self, wanted: Mapping[str, str], python: str = sys.executable) -> None:
        """Set environment variables and interpreter for the kernels that start from now on."""
        spec = {
            "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "env": dict(wanted),
        }
        folder = self.home / "own" / "kernels" / "python3"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kernel.json").write_text(json.dumps(spec))

    def configure_lab(self, wanted: Mapping[str, Any]) -> None:
        """Set Lab's settings, by plugin, for the pages that open from now on."""
        # As if chosen in the settings editor: the server reads overrides.json but once.
        shutil.rmtree(self._settings)
        for plugin, values in {**QUIET, **wanted}.items():
            extension, _, name = plugin.partition(":")
            path = self._settings / extension / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))

    def ask(self, path: str, method: str = "GET") -> Any:
        """Call the server's REST API, `ask("/api/sessions")`; the JSON, `None` if there is none."""
        request = urllib.request.Request(self.url + path, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as response:
            body = response.read()
        return json.loads(body) if body else None

    def end_kernels(self) -> None:
        """Shut down every kernel."""
        for session in self.ask("/api/sessions"):
            self.ask(f"/api/sessions/{session['id']}", "DELETE")

    def close(self) -> None:
        """End the server and its kernels."""
        if self._process.poll() is None:
            self._process.terminate()
        # Its kernels are given some seconds to end in order.
        end_process(self._process, patience_s=15)
        assert self._process.stdin is not None, "it was asked for"
        self._process.stdin.close()

    def _configure(self) -> int:
        """Write the server's configuration; the free port that it names."""
        [port] = free_ports(1)
        app = {
            "expose_app_in_browser": True,
            "news_url": None,
            "user_settings_dir": str(self._settings),
            "workspaces_dir": str(self.home / "workspaces"),
        }
        config = {
            "ServerApp": {
                "ip": "127.0.0.1",
                "port": port,
                "port_retries": 0,
                "open_browser": False,
                "allow_root": True,
                "root_dir": str(self.root),
                "terminals_enabled": False,
                "disable_check_xsrf": True,
            },
            "IdentityProvider": {"token": ""},
            "LabApp": app,
            "JupyterNotebookApp": {
                name: value for name, value in app.items() if name != "news_url"
            },
        }
        path = self.home / "jupyter-config" / "jupyter_server_config.json"
        path.write_text(json.dumps(config))
        return port

    def _become_ready(self, deadline: float) -> None:
        while True:
            try:
                self.ask("/api")
                return
            except (urllib.error.URLError, ConnectionError) as refused:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"JupyterLab did not start:\n{self.log}") from refused
            time.sleep(0.05)  # the server has no event that tells us from outside
