"""A growing text with the first engine: finished blocks, once each, and the block that grows.

In: text in any chunks. Out: HTML that is final (only ever appended to, within a revision) and the
HTML of the rest as it looks now. Blocks are decided on complete lines; lists and tables go item by
item and row by row, long paragraphs piece by piece. It knows nothing of messages or views.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from .containers import PARAGRAPH, TABLE_CLOSER, OpenContainer, list_opener, open_list, open_table
from .large import LargeBlock, further
from .long_paragraph import CUT, LongParagraph, settled_lines
from .open_fence import MARK, OpenFence
from .outline import LISTS, MAYBE_A_TITLE, Block, blank, fence_is_open, is_final, parts, top_blocks
from .parser import Env, parser
from .pieces import LONGEST
from .policy import Policy, sanitise
from .references import References
from .repair import Live, shown_lines
from .spacing import space_items
from .writer import Writer

if TYPE_CHECKING:
    from markdown_it.token import Token

# Characters of one unfinished block from which on it is not rendered anew with every frame.
_LARGE = 8_000
# Characters that come before a long paragraph is looked at again.
_STEP = 150
_INSIDE = {"tr_open": ("<table><tbody>", "</tbody></table>"), "inline": ("<p>", "</p>")}
_ITEMS = ("<ul>", "</ul>")


class GrowingBlocks:
    """The state of one growing text.

    Attributes:
        committed: Final HTML, in parts.
        revision: How often a late link definition changed what had been committed.
        open: The list or table that the committed HTML ends in, if it ends in one.
    """

    def __init__(self, policy: Policy, references: References | None = None) -> None:
        self.committed: list[str] = []
        self.revision = 0
        self.open: OpenContainer | None = None
        self._policy = policy
        self._lines: list[str] = []
        self._partial = ""
        self._fence: OpenFence | None = None
        self._references = references or References()
        self._source: list[str] = []
        self._size = 0
        self._revised_at = 0
        self._pending = 0
        self._next_commit = 0
        self._next_commit_at_blank = 0
        self._next_piece = LONGEST
        self._large: LargeBlock | None = None

    def grow(self, text: str) -> None:
        """Take more text; commit what its complete lines settle."""
        self._source.append(text)
        self._size += len(text)
        if self._large is not None:
            self._large.add(text)
        head, newline, rest = text.rpartition("\n")
        if not newline:
            self._partial += text
        elif self._take(head, rest):
            return
        if self._fence is None and self._pending + len(self._partial) > self._next_piece:
            self._commit_pieces()

    def _take(self, head: str, rest: str) -> bool:
        """Take complete lines; whether an open fence holds them."""
        lines = (self._partial + head).split("\n")
        self._partial = rest
        self._lines += lines
        self._pending += sum(map(len, lines)) + len(lines)
        if self._fence is not None and self._fence.holds(lines):
            self._fence.extend(lines)
            return True
        self._fence = None
        if self._pending >= self._next_commit or (
            "" in lines and self._pending >= self._next_commit_at_blank
        ):
            self._commit(final=False)
        # A text full of late definitions is rendered again at growing distances only.
        if self._references.stale and self._size >= self._revised_at:
            self._revise(final=False)
        return False

    def finish(self) -> None:
        """Take what is left as complete and commit it."""
        if self._partial:
            self._lines.append(self._partial)
            self._partial = ""
        self._commit(final=True)
        if self._references.stale:
            self._revise(final=True)

    def live(self) -> tuple[str, int]:
        """HTML of what is not committed yet, and how many of its elements continue a container."""
        shown = self._fence.html(self._partial) if self._fence is not None else None
        if self._fence is not None and shown is not None:
            return shown, self._fence.join
        size = self._pending + len(self._partial)
        if size > _LARGE:
            return self._large_live(size)
        self._large = None
        return self._whole_live()

    def _large_live(self, size: int) -> tuple[str, int]:
        """A block so large that new text is only added, until it has grown a good deal."""
        if self._large is None or size > further(self._large.size):
            self._large = LargeBlock(*self._whole_live(), size)
        return self._large.html, self._large.join

    def _whole_live(self) -> tuple[str, int]:
        lines, partial = shown_lines(self._lines, self._partial, self._table_goes_on())
        if not any(not blank(line) for line in lines):
            return "", 0
        lines = [*self._prefix(), *lines]
        env = self._references.environment()
        env["live"] = Live(len(lines), partial)
        tokens, _ = self._parse(lines, env)
        return self._live_html(tokens)

    def _prefix(self) -> tuple[str, ...]:
        return self.open.prefix if self.open else ()

    def _table_goes_on(self) -> bool:
        return self.open is not None and self.open.closer == TABLE_CLOSER

    def _parse(self, lines: list[str], env: Env) -> tuple[list[Token], list[bool]]:
        env["continues"] = self.open is PARAGRAPH
        tokens = parser(self._policy.max_nesting).parse("\n".join([*lines, ""]), env)
        loose = self.open is not None and self.open.loose
        return tokens, space_items(tokens, lines, loose=loose)

    def _live_html(self, tokens: list[Token]) -> tuple[str, int]:
        for token in reversed(tokens):
            if token.type == "fence" and fence_is_open(token):
                token.meta["open"] = True
            if token.nesting >= 0:
                break
        writer = Writer(self._policy)
        if self.open is None:
            return sanitise(writer.write(tokens), self._policy), 0
        first, *rest = top_blocks(tokens)
        going_on = parts(tokens, first)[self.open.skipped :]
        inner = writer.write(tokens[going_on[0].first : going_on[-1].last]) if going_on else ""
        others = writer.write(tokens[rest[0].first :]) if rest else ""
        if not inner:
            return sanitise(others, self._policy), 0
        html = f"{self.open.shown_alone}{inner}{self.open.closer}{others}"
        return sanitise(html, self._policy), self.open.depth

    def _commit(self, *, final: bool) -> None:
        lines = [*self._prefix(), *self._lines]
        if not lines:
            return
        env = self._references.environment()
        tokens, spaced = self._parse(lines, env)
        blocks = top_blocks(tokens)
        limit = len(lines) if final else int(env.get("pending_from", len(lines)))
        unsettled = limit < len(lines) or (not final and self._references.are_open(env, lines))
        if unsettled and self._references.are_new(env):
            self._put_off()
            return
        self._references.note(env)
        done = [
            block
            for block in takewhile(lambda block: block.end <= limit, blocks)
            if final or block is not blocks[-1] or is_final(tokens, block, lines)
        ]
        consumed = self._commit_blocks(tokens, done, len(self._prefix()))
        if len(done) == len(blocks):
            consumed = len(lines) if final or blank(lines[-1]) else consumed
        elif len(done) == len(blocks) - 1 and limit == len(lines):
            if blocks[-1].kind not in MAYBE_A_TITLE:
                consumed = self._commit_parts(tokens, blocks[-1], lines, spaced)
            if blocks[-1].end == len(lines):
                self._open_fence(tokens, blocks[-1])
        if consumed > len(self._prefix()) or done:
            self._large = None
        self._references.committed(lines[:consumed])
        self._lines = lines[consumed:]
        self._pending = sum(map(len, self._lines)) + len(self._lines)
        self._put_off()

    def _put_off(self) -> None:
        """Look at a block that will not end again at growing distances only."""
        large = self._pending > _LARGE
        self._next_commit = further(self._pending) if large else 0
        self._next_commit_at_blank = self._pending + (self._next_commit - self._pending) // 8

    def _commit_blocks(self, tokens: list[Token], done: list[Block], consumed: int) -> int:
        for block in done:
            if self.open is not None:
                html = self._parts_html(tokens, parts(tokens, block)[self.open.skipped :])
                self.committed.append(html + self.open.closer)
                self.open = None
            else:
                html = Writer(self._policy).write(tokens[block.first : block.last])
                self.committed.append(sanitise(html, self._policy))
            consumed = block.end
        return consumed

    def _parts_html(self, tokens: list[Token], chosen: list[Block]) -> str:
        if not chosen:
            return ""
        before, after = _INSIDE.get(chosen[0].kind, _ITEMS)
        inner = Writer(self._policy).write(tokens[chosen[0].first : chosen[-1].last])
        html = sanitise(f"{before}{inner}{after}", self._policy)
        return html[len(before) : len(html) - len(after)]

    def _commit_parts(
        self, tokens: list[Token], block: Block, lines: list[str], spaced: list[bool]
    ) -> int:
        """Commit the finished items or rows of the last block; return where the rest begins."""
        skipped = self.open.skipped if self.open else 0
        found = parts(tokens, block)[skipped:]
        chosen = found[:-1] if block.kind in LISTS else found
        if not chosen:
            return len(self._prefix()) if self.open else block.start
        if self.open is None:
            self.committed.append(self._opener_html(tokens, block))
        self.committed.append(self._parts_html(tokens, chosen))
        if block.kind not in LISTS:
            self.open = self.open or open_table(lines, block)
            return chosen[-1].end
        loose = spaced[skipped + len(chosen) - 1]
        self.open = open_list(
            self.open, tokens[block.first], lines[chosen[-1].start], loose, len(chosen)
        )
        return found[-1].start

    def _opener_html(self, tokens: list[Token], block: Block) -> str:
        if block.kind in LISTS:
            return list_opener(tokens[block.first])
        head = next(at for at in range(block.first, block.last) if tokens[at].type == "thead_close")
        html = Writer(self._policy).write(tokens[block.first : head + 1])
        return sanitise(f"{html}<tbody>{TABLE_CLOSER}", self._policy).removesuffix(TABLE_CLOSER)

    def _open_fence(self, tokens: list[Token], block: Block) -> None:
        """Take the short way for an open fence at the end, unless a quote's marks stand before."""
        at = next(at for at in range(len(tokens) - 1, -1, -1) if tokens[at].nesting >= 0)
        fence = tokens[at]
        quoted = any(t.type == "blockquote_open" for t in tokens[block.first : at])
        if quoted or not fence_is_open(fence):
            return
        shown = tokens[block.first : block.last]
        if self.open is not None:
            last = parts(tokens, block)[-1]
            shown = tokens[last.first : last.last]
        code, fence.content, fence.meta["open"] = fence.content, MARK, True
        html = Writer(self._policy).write(shown)
        fence.content = code
        join = 0
        if self.open is not None:
            html = f"{self.open.shown_alone}{html}{self.open.closer}"
            join = self.open.depth
        self._fence = OpenFence(fence, sanitise(html, self._policy), join)

    def _commit_pieces(self) -> None:
        """Commit what is final of a long paragraph at the end, also of the line being typed."""
        size = self._pending + len(self._partial)
        self._next_piece = further(size)
        if self.open not in (None, PARAGRAPH):
            return
        continues = self.open is PARAGRAPH
        lines = settled_lines(self._lines, self._partial, continues)
        env = {**self._references.environment(), "pieces": True}
        tokens, _ = self._parse(lines, env)
        blocks = top_blocks(tokens)
        found = LongParagraph.at_the_end(tokens, blocks, lines, continues)
        if found is None or "pending_from" in env or self._references.are_new(env):
            return
        self._next_piece = size + _STEP
        if not found.tokens:
            return
        self._commit_blocks(tokens, blocks[:-1], 0)
        html = sanitise(f"<p>{Writer(self._policy).write(found.tokens)}</p>", self._policy)
        opener = "" if continues and len(blocks) == 1 else PARAGRAPH.opener
        self.committed.append(opener + html.removeprefix("<p>").removesuffix("</p>"))
        self.open, self._large = PARAGRAPH, None
        self._references.committed([*lines[: blocks[-1].start], found.source])
        rest = "\n".join([*self._lines, self._partial])[found.end :]
        *self._lines, self._partial = f"{CUT}{rest}".split("\n")
        self._pending = sum(map(len, self._lines)) + len(self._lines)
        self._next_piece = self._pending + len(self._partial) + _STEP

    def _revise(self, *, final: bool) -> None:
        """Render everything again, with the definitions that came late."""
        source = "".join(self._source)
        again = GrowingBlocks(self._policy, References(self._references.known))
        again.grow(source)
        if final:
            again.finish()
        same = "".join(again.committed).startswith("".join(self.committed))
        again.revision = self.revision if same else self.revision + 1
        again._revised_at = self._size * 3 // 2
        self.__dict__.update(again.__dict__)
