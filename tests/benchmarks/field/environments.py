"""Environments of their own for the ways that are compared.

In: a folder, a way. Out: the path of an interpreter that has the way's packages and ipykernel, and
what version was installed. Installs with `uv`, from the package index that it is set up for; an
environment that is there and complete is used again. Ours is built anew from the checkout each time.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from .ways import OURS, Way

VERSION = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"


def prepare(folder: Path, way: Way) -> Path:
    """The interpreter of a way's environment, which is made if it is not there."""
    needs = [*way.needs, "ipykernel"]
    home = folder / way.package
    python, complete = home / "bin" / "python", home / "complete.json"
    wanted = json.dumps([sys.version, needs])
    if way is not OURS and complete.exists() and complete.read_text() == wanted:
        return python
    shutil.rmtree(home, ignore_errors=True)
    _uv("venv", "--python", sys.executable, str(home))
    # Of a checkout that was built before, `uv` would look at nothing but pyproject.toml.
    fresh = ("--compile-bytecode", "--refresh-package", OURS.package)
    _uv("pip", "install", *fresh, "--python", str(python), *needs)
    complete.write_text(wanted)
    return python


def version(python: Path, package: str) -> str:
    """The version of a package in an environment."""
    asked = [str(python), "-c", VERSION, package]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def _uv(*arguments: str) -> None:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        raise RuntimeError("no uv found, which makes the environments: `pip install uv`")
    done = subprocess.run([found, *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"uv {' '.join(arguments)} failed: {done.stderr.strip()}")
