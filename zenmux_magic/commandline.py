"""The words behind a subcommand: parsed as a shell's would be, refused in one line.

In: what a subcommand takes. Out: a parser whose errors are those of the package.
"""

from __future__ import annotations

import argparse
from typing import NoReturn

from zenmux_magic.errors import ArgumentError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.usage = None  # `parse_intermixed_args` leaves one, and would take our % for a format
        usage = " ".join(self.format_usage().split())
        raise ArgumentError(f"{self.prog}: {message}. {usage}")


def parser(command: str) -> argparse.ArgumentParser:
    """A parser for the words behind `%zenmux COMMAND`; it raises `ArgumentError`."""
    return _Parser(prog=f"%zenmux {command}", add_help=False, allow_abbrev=False)
