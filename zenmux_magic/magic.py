"""`%%zenmux` and `%zenmux`: parse, run, bind. No logic of its own.

In: a line and a cell. Out: an answer on the screen and in the user's variables. Everything heavy is
imported when it is first needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand

from zenmux_magic import commands, prompt
from zenmux_magic.arguments import Options, declared, parse
from zenmux_magic.background import Background
from zenmux_magic.errors import Interrupted, PromptError
from zenmux_magic.frontend import detect, place_of, view_for
from zenmux_magic.interrupts import Interrupts
from zenmux_magic.said import say
from zenmux_magic.settings import ZenMux

if TYPE_CHECKING:
    from zenmux_magic.completion import Completion
    from zenmux_magic.run import Answer

_LAST = "_zenmux"


@magics_class
class ZenMuxMagics(Magics):
    """The magics of one shell.

    Args:
        shell: The IPython shell.
        settings: The configuration they obey.
    """

    shell: Any  # IPython says it may be None; a registered one never is

    def __init__(self, shell: Any, settings: ZenMux) -> None:
        super().__init__(shell)
        self.settings = settings
        self.background = settings.background = Background(shell)
        settings.where = partial(place_of, shell)

    @no_var_expand
    @cell_magic("zenmux")
    @declared
    def cell(self, line: str, cell: str) -> None:
        """Send the cell's text to a model and show the answer as it comes.

        {{ expression }} in the text is replaced by its value, a data frame by a table.
        The answer is bound to _zenmux, with -o NAME to NAME too.
        """
        planned = self._plan(line, cell)
        if planned is None:
            return
        options, begin = planned
        with Interrupts() as interrupts:
            answer = begin()
            interrupts.tell(answer.interrupt)
            if not self._let_run(options, answer):
                completions = answer.result()
                self._end(options, answer, completions, interrupts.came)

    async def cell_async(self, line: str, cell: str) -> None:
        """The same, awaited: the kernel goes on handling messages meanwhile."""
        planned = self._plan(line, cell, listens=True)
        if planned is None:
            return
        options, begin = planned
        answer = begin()
        if self._let_run(options, answer):
            return
        interrupted = False
        try:
            completions = await answer.wait()
        except asyncio.CancelledError:  # how an interrupt reaches an async cell
            interrupted = True
            answer.interrupt()
            completions = await answer.wait()
        # Raised here, in the coroutine that the cell itself awaits: in a task it would end the
        # kernel, and returning would let Run All go on.
        self._end(options, answer, completions, interrupted)

    @no_var_expand
    @line_magic("zenmux")
    def line(self, line: str) -> None:
        """Everything but asking: %zenmux help lists it."""
        commands.run(line, self.shell, self.settings)

    def _plan(
        self, line: str, cell: str, *, listens: bool = False
    ) -> tuple[Options, Callable[[], Answer]] | None:
        """All but asking, and what asks; `None` if the line says not to."""
        self.settings.refuse_key(line)
        names = self.shell.user_ns
        problem = ""
        try:
            options = parse(type(self).cell.parser, line, names)
            template = options.template and self.settings.template
            text = prompt.assemble(cell, options.file, names if template else None)
        except PromptError as error:  # quotes the cell, and what an expression of it raised
            problem = self.settings.without_key(str(error))
        if problem:
            raise PromptError(problem)

        from zenmux_magic.engine import shared
        from zenmux_magic.plan import calls
        from zenmux_magic.run import Answer

        planned = calls(options, text, self.settings)
        if options.dry_run:
            from zenmux_magic.dry_run import told

            say(told(planned))
            return None
        view = view_for(
            self.shell,
            self.settings,
            quiet=options.quiet,
            listens=listens,
            background=options.background,
        )
        return options, partial(Answer, shared(), planned, view)

    def _let_run(self, options: Options, answer: Answer) -> bool:
        """Leave an answer to itself, where that was asked for and there will be other cells."""
        if not options.background or detect(self.shell) != "notebook":
            return False
        self.background.add(answer, {_LAST, options.out} - {None})
        self._tell(options)
        return True

    def _end(
        self,
        options: Options,
        answer: Answer,
        completions: Sequence[Completion],
        interrupted: bool,
    ) -> None:
        """Bind the answer, then fail as the run did."""
        from zenmux_magic.run import failure_of, value_of

        names = {_LAST, options.out} - {None}
        self.shell.push(dict.fromkeys(names, value_of(completions)), interactive=False)
        self._tell(options)
        if interrupted:
            where = f" in {options.out or _LAST}"
            raise Interrupted(f"Interrupted. What had come is kept{where}.")
        failure = failure_of(completions, strict=options.strict)
        if failure is not None:
            raise failure
        if answer.view_error is not None:
            raise answer.view_error

    def _tell(self, options: Options) -> None:
        """Say what the ledger has to say: where it is, the first time; what keeps it from working."""
        from zenmux_magic import ledger

        here = None if options.quiet else ledger.of(self.settings)  # the next cell will say it
        for line in here.notices() if here else ():
            say(line)
