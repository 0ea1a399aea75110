"""The environment of the programs that tests start: nothing of the person or the machine leaks in.

In: a folder to call home, and the variables a test wants. Out: a `dict` for `subprocess`. The
checkout is on `PYTHONPATH`, so nothing need be installed for a kernel to import the package.
"""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

# Whoever runs the tests may have keys, configurations and proxies of their own.
FOREIGN = ("ZENMUX_", "OPENAI_", "JUPYTER", "IPYTHON", "JPY_", "XDG_", "PYTEST_", "MPL")
FOREIGN_NAMES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "PYTHONWARNINGS"}


def environment(home: Path, **wanted: str) -> dict[str, str]:
    """What a program of the tests sees, with every folder it may write to under `home`."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN) and name.upper() not in FOREIGN_NAMES
    }
    own = {
        "HOME": home,
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_CONFIG_DIR": home / "jupyter-config",
        "JUPYTER_DATA_DIR": home / "jupyter-data",
        "JUPYTER_RUNTIME_DIR": home / "jupyter-runtime",
        "XDG_CACHE_HOME": home / "cache",
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "PYTHONPATH": CHECKOUT,
        "ZENMUX_LEDGER": "off",  # the tests of the ledger name one
        # A kernel ends itself when the process that it was started for has gone.
        "JPY_PARENT_PID": os.getpid(),
    }
    return {**inherited, **{name: str(value) for name, value in own.items()}, **wanted}
