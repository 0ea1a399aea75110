"""What a reader sees at every prefix of awkward texts: a table of prefix and HTML.

Each row is a prefix at which the picture changes: finished HTML, a bar, HTML that still changes.
Between two rows nothing changes. Attributes are left out, code frames and tables are shortened;
`<math/>` is a typeset formula, `<tex>` the source of one. The last row is the finished text.
"""

from __future__ import annotations

import re

import pytest

from zenmux_magic.markdown import IncrementalMarkdown

END = "(end)"


def short(fragment: str) -> str:
    """The HTML with only what the table is about."""
    frame = (
        r'<div class="zenmux-code"><div class="zenmux-code-head">(\w*)</div>'
        r'<div class="highlight"><pre[^>]*><code>(.*?)</code></pre></div></div>'
    )
    rules = [
        (frame, lambda m: f"<pre {m[1]}>{re.sub('<[^>]*>', '', m[2])}</pre>"),
        (r"<math.*?</math>", "<math/>"),
        (r'<code class="zenmux-tex">(.*?)</code>', r"<tex>\1</tex>"),
        (r'<span class="zenmux-(?:host|task)"[^>]*>(.*?)</span>', r"\1"),
        (r'<div class="zenmux-table"[^>]*>|</?t(?:head|body)>', ""),
        (r"</table></div>", "</table>"),
        (r' (?:dir|tabindex|target|rel|style|href)="[^"]*"', ""),
        (r' class="zenmux-(\w+)"', r" \1"),
    ]
    for pattern, replacement in rules:
        fragment = re.sub(pattern, replacement, fragment, flags=re.DOTALL)  # type: ignore[call-overload]
    return fragment


def pictures(text: str) -> list[tuple[str, str]]:
    document = IncrementalMarkdown()
    rows: list[tuple[str, str]] = []
    for at, character in enumerate(text):
        document.feed(character)
        shown = f"{short(document.committed)}|{short(document.live)}"
        if not rows or rows[-1][1] != shown:
            rows.append((text[: at + 1], shown))
    document.finish()
    return [*rows, (END, short(document.committed))]


TABLE: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "nested emphasis": (
        "**a *b* c** ***d***",
        [
            ("*", "|"),
            ("**a", "|<p><strong>a</strong></p>"),
            ("**a *b", "|<p><strong>a <em>b</em></strong></p>"),
            ("**a *b* c", "|<p><strong>a <em>b</em> c</strong></p>"),
            (
                "**a *b* c** ***d",
                "|<p><strong>a <em>b</em> c</strong> <em><strong>d</strong></em></p>",
            ),
            (END, "<p><strong>a <em>b</em> c</strong> <em><strong>d</strong></em></p>"),
        ],
    ),
    "emphasis that is none": (
        "2 * 3*4 h_w_",
        [
            ("2", "|"),
            ("2 *", "|<p>2</p>"),
            ("2 * 3", "|<p>2 * 3</p>"),
            ("2 * 3*4", "|<p>2 * 3*4</p>"),
            ("2 * 3*4 h", "|<p>2 * 3*4 h</p>"),
            ("2 * 3*4 h_w", "|<p>2 * 3*4 h_w</p>"),
            (END, "<p>2 * 3*4 h_w_</p>"),
        ],
    ),
    "code": (
        "`a*b` ``c ` d``",
        [
            ("`", "|"),
            ("`a", "|<p><code>a</code></p>"),
            ("`a*b", "|<p><code>a*b</code></p>"),
            ("`a*b` ``c", "|<p><code>a*b</code> <code>c</code></p>"),
            ("`a*b` ``c ` d", "|<p><code>a*b</code> <code>c ` d</code></p>"),
            (END, "<p><code>a*b</code> <code>c ` d</code></p>"),
        ],
    ),
    "strike": (
        "a ~5 ~~b~~",
        [
            ("a", "|<p>a</p>"),
            ("a ~5", "|<p>a ~5</p>"),
            ("a ~5 ~~b", "|<p>a ~5 <del>b</del></p>"),
            (END, "<p>a ~5 <del>b</del></p>"),
        ],
    ),
    "half link": (
        "[a](https://x.io/y) [1] [b",
        [
            ("[", "|"),
            ("[a", "|<p>a</p>"),
            ("[a](https://x.io/y)", "|<p><a>a</a> (x.io)</p>"),
            ("[a](https://x.io/y) [1", "|<p><a>a</a> (x.io) 1</p>"),
            ("[a](https://x.io/y) [1] [b", "|<p><a>a</a> (x.io) [1] b</p>"),
            (END, "<p><a>a</a> (x.io) [1] [b</p>"),
        ],
    ),
    "half image": (
        "c ![a](https://x.io/y)!",
        [
            ("c", "|<p>c</p>"),
            ("c ![a", "|<p>c </p>"),
            ("c ![a](https://x.io/y)", "|<p>c <a image>a</a> (image on x.io)</p>"),
            ("c ![a](https://x.io/y)!", "|<p>c <a image>a</a> (image on x.io)!</p>"),
            (END, "<p>c <a image>a</a> (image on x.io)!</p>"),
        ],
    ),
    "autolink": (
        "a <https://x.io> <b",
        [
            ("a", "|<p>a</p>"),
            ("a <https:", "|<p>a https:</p>"),
            ("a <https:/", "|<p>a https:/</p>"),
            ("a <https://", "|<p>a https://</p>"),
            ("a <https://x", "|<p>a <a>https://x</a></p>"),
            ("a <https://x.", "|<p>a <a>https://x</a>.</p>"),
            ("a <https://x.i", "|<p>a <a>https://x.i</a></p>"),
            ("a <https://x.io", "|<p>a <a>https://x.io</a></p>"),
            (END, "<p>a <a>https://x.io</a> &lt;b</p>"),
        ],
    ),
    "table": (
        "i\n| a | b |\n|---|:-:|\n| 1 | **2** |\n\nj",
        [
            ("i", "|<p>i</p>"),
            ("i\n| a | b |\n|---|:-:|\n", "<p>i</p>|<table><tr><th>a</th><th>b</th></tr></table>"),
            (
                "i\n| a | b |\n|---|:-:|\n| 1",
                "<p>i</p>|<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td></td></tr></table>",
            ),
            (
                "i\n| a | b |\n|---|:-:|\n| 1 | **2",
                "<p>i</p>|<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><strong>2</strong></td></tr></table>",
            ),
            (
                "i\n| a | b |\n|---|:-:|\n| 1 | **2** |\n",
                "<p>i</p><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><strong>2</strong></td></tr>|",
            ),
            (
                "i\n| a | b |\n|---|:-:|\n| 1 | **2** |\n\n",
                "<p>i</p><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><strong>2</strong></td></tr></table>|",
            ),
            (
                "i\n| a | b |\n|---|:-:|\n| 1 | **2** |\n\nj",
                "<p>i</p><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><strong>2</strong></td></tr></table>|<p>j</p>",
            ),
            (
                END,
                "<p>i</p><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><strong>2</strong></td></tr></table><p>j</p>",
            ),
        ],
    ),
    "bars that are no table": (
        "| a |\nb",
        [
            ("|", "|"),
            ("| a |\nb", "|<p>| a |\nb</p>"),
            (END, "<p>| a |\nb</p>"),
        ],
    ),
    "list that turns loose": (
        "- a\n- b\n\n- c\n",
        [
            ("-", "|"),
            ("- a", "|<ul><li>a</li></ul>"),
            ("- a\n- b", "|<ul><li>a</li><li>b</li></ul>"),
            ("- a\n- b\n", "<ul><li>a</li>|<ul><li>b</li></ul>"),
            ("- a\n- b\n\n- c", "<ul><li>a</li>|<ul><li><p>b</p></li><li><p>c</p></li></ul>"),
            ("- a\n- b\n\n- c\n", "<ul><li>a</li><li><p>b</p></li>|<ul><li><p>c</p></li></ul>"),
            (END, "<ul><li>a</li><li><p>b</p></li><li><p>c</p></li></ul>"),
        ],
    ),
    "numbers": (
        "1. a\n\n2024 b",
        [
            ("1", "|"),
            ("1. a", "|<ol><li>a</li></ol>"),
            ("1. a\n\n2024 b", "|<ol><li>a</li></ol><p>2024 b</p>"),
            (END, "<ol><li>a</li></ol><p>2024 b</p>"),
        ],
    ),
    "nested list": (
        "1. a\n   - b\n     c\n",
        [
            ("1", "|"),
            ("1. a", "|<ol><li>a</li></ol>"),
            ("1. a\n   - b", "|<ol><li>a<ul><li>b</li></ul></li></ol>"),
            ("1. a\n   - b\n     c", "|<ol><li>a<ul><li>b\nc</li></ul></li></ol>"),
            (END, "<ol><li>a<ul><li>b\nc</li></ul></li></ol>"),
        ],
    ),
    "task": (
        "- [ ] a\n- [x] b",
        [
            ("-", "|"),
            ("- [ ] a", "|<ul><li>☐ a</li></ul>"),
            ("- [ ] a\n- [x] b", "|<ul><li>☐ a</li><li>☑ b</li></ul>"),
            (END, "<ul><li>☐ a</li><li>☑ b</li></ul>"),
        ],
    ),
    "setext": (
        "a\n-\nb\n= c",
        [
            ("a", "|<p>a</p>"),
            ("a\n-\n", "<h2>a</h2>|"),
            ("a\n-\nb", "<h2>a</h2>|<p>b</p>"),
            ("a\n-\nb\n= c", "<h2>a</h2>|<p>b\n= c</p>"),
            (END, "<h2>a</h2><p>b\n= c</p>"),
        ],
    ),
    "heading": (
        "## a\n#b",
        [
            ("#", "|"),
            ("## a", "|<h2>a</h2>"),
            ("## a\n", "<h2>a</h2>|"),
            ("## a\n#b", "<h2>a</h2>|<p>#b</p>"),
            (END, "<h2>a</h2><p>#b</p>"),
        ],
    ),
    "rule": (
        "a\n\n---\n",
        [
            ("a", "|<p>a</p>"),
            ("a\n\n", "<p>a</p>|"),
            ("a\n\n---\n", "<p>a</p><hr>|"),
            (END, "<p>a</p><hr>"),
        ],
    ),
    "quote": (
        "> a\n> - b",
        [
            (">", "|"),
            ("> a", "|<blockquote><p>a</p></blockquote>"),
            ("> a\n> - b", "|<blockquote><p>a</p><ul><li>b</li></ul></blockquote>"),
            (END, "<blockquote><p>a</p><ul><li>b</li></ul></blockquote>"),
        ],
    ),
    "prices": (
        "$5 or $6.",
        [
            ("$", "|"),
            ("$5", "|<p>$5</p>"),
            ("$5 o", "|<p>$5 o</p>"),
            ("$5 or", "|<p>$5 or</p>"),
            ("$5 or $6", "|<p>$5 or $6</p>"),
            ("$5 or $6.", "|<p>$5 or $6.</p>"),
            (END, "<p>$5 or $6.</p>"),
        ],
    ),
    "formula": (
        "a $x^2$ b \\(y\\)",
        [
            ("a", "|<p>a</p>"),
            ("a $x", "|<p>a $x</p>"),
            ("a $x^", "|<p>a <tex>$x^</tex></p>"),
            ("a $x^2", "|<p>a <tex>$x^2</tex></p>"),
            ("a $x^2$ b", "|<p>a <math/> b</p>"),
            ("a $x^2$ b \\(y", "|<p>a <math/> b <tex>\\(y</tex></p>"),
            ("a $x^2$ b \\(y\\)", "|<p>a <math/> b <math/></p>"),
            (END, "<p>a <math/> b <math/></p>"),
        ],
    ),
    "display formula": (
        "\\[\nx\n- y\n\\]\n",
        [
            ("\\", "|"),
            ("\\[\n", "|<div math></div>"),
            ("\\[\nx", "|<div math><tex>\\[\nx</tex></div>"),
            ("\\[\nx\n- y", "|<div math><tex>\\[\nx\n- y</tex></div>"),
            ("\\[\nx\n- y\n\\]", "|<div math><math/></div>"),
            ("\\[\nx\n- y\n\\]\n", "<div math><math/></div>|"),
            (END, "<div math><math/></div>"),
        ],
    ),
    "fence": (
        "```py\nx\n``\n```\ny",
        [
            ("`", "|"),
            ("```py\n", "|<pre py></pre>"),
            ("```py\nx", "|<pre py>x</pre>"),
            ("```py\nx\n``\n", "|<pre py>x\n``</pre>"),
            ("```py\nx\n``\n```\n", "<pre py>x\n``</pre>|"),
            ("```py\nx\n``\n```\ny", "<pre py>x\n``</pre>|<p>y</p>"),
            (END, "<pre py>x\n``</pre><p>y</p>"),
        ],
    ),
    "fence in a list": (
        "- a\n  ```js\n  b\n  ```\n- c",
        [
            ("-", "|"),
            ("- a", "|<ul><li>a</li></ul>"),
            ("- a\n  ```js\n", "|<ul><li>a<pre js></pre></li></ul>"),
            ("- a\n  ```js\n  b", "|<ul><li>a<pre js>b</pre></li></ul>"),
            ("- a\n  ```js\n  b\n  ```\n- c", "|<ul><li>a<pre js>b</pre></li><li>c</li></ul>"),
            (END, "<ul><li>a<pre js>b</pre></li><li>c</li></ul>"),
        ],
    ),
    "fence not closed by its list": (
        "- ```\n  a\nb",
        [
            ("-", "|"),
            ("- ```\n", "|<ul><li><pre ></pre></li></ul>"),
            ("- ```\n  a", "|<ul><li><pre >a</pre></li></ul>"),
            ("- ```\n  a\nb", "|<ul><li><pre >a</pre></li></ul><p>b</p>"),
            (END, "<ul><li><pre >a</pre></li></ul><p>b</p>"),
        ],
    ),
    "CJK": (
        "**粗体**字，`码`。",
        [
            ("*", "|"),
            ("**粗", "|<p><strong>粗</strong></p>"),
            ("**粗体", "|<p><strong>粗体</strong></p>"),
            ("**粗体**字", "|<p><strong>粗体</strong>字</p>"),
            ("**粗体**字，", "|<p><strong>粗体</strong>字，</p>"),
            ("**粗体**字，`码", "|<p><strong>粗体</strong>字，<code>码</code></p>"),
            ("**粗体**字，`码`。", "|<p><strong>粗体</strong>字，<code>码</code>。</p>"),
            (END, "<p><strong>粗体</strong>字，<code>码</code>。</p>"),
        ],
    ),
    "entity": (
        "a &lt; R&D",
        [
            ("a", "|<p>a</p>"),
            ("a &lt;", "|<p>a &lt;</p>"),
            ("a &lt; R", "|<p>a &lt; R</p>"),
            (END, "<p>a &lt; R&amp;D</p>"),
        ],
    ),
    "definition": (
        "[a]: https://x.io\n\n[a]",
        [
            ("[", "|"),
            ("[a", "|<p>a</p>"),
            ("[a]:", "|"),
            ("[a]: https://x.io\n\n[a", "|<p>a</p>"),
            ("[a]: https://x.io\n\n[a]", "|<p><a>a</a> (x.io)</p>"),
            (END, "<p><a>a</a> (x.io)</p>"),
        ],
    ),
    "line break": (
        "a<br>b\\*",
        [
            ("a", "|<p>a</p>"),
            ("a<br>", "|<p>a<br>\n</p>"),
            ("a<br>b", "|<p>a<br>\nb</p>"),
            (END, "<p>a<br>\nb*</p>"),
        ],
    ),
    "emphasis over lines": (
        "a **b\nc** d",
        [
            ("a", "|<p>a</p>"),
            ("a **b", "|<p>a <strong>b</strong></p>"),
            ("a **b\nc", "|<p>a <strong>b\nc</strong></p>"),
            ("a **b\nc** d", "|<p>a <strong>b\nc</strong> d</p>"),
            (END, "<p>a <strong>b\nc</strong> d</p>"),
        ],
    ),
    "unclosed emphasis ends raw": (
        "a *b\n\nc",
        [
            ("a", "|<p>a</p>"),
            ("a *b", "|<p>a <em>b</em></p>"),
            ("a *b\n\n", "<p>a *b</p>|"),
            ("a *b\n\nc", "<p>a *b</p>|<p>c</p>"),
            (END, "<p>a *b</p><p>c</p>"),
        ],
    ),
    "two lists": (
        "- a\n* b\n",
        [
            ("-", "|"),
            ("- a", "|<ul><li>a</li></ul>"),
            ("- a\n* b", "|<ul><li>a</li></ul><ul><li>b</li></ul>"),
            ("- a\n* b\n", "<ul><li>a</li></ul>|<ul><li>b</li></ul>"),
            (END, "<ul><li>a</li></ul><ul><li>b</li></ul>"),
        ],
    ),
    "CJK punctuation": (
        "**注：** 字",
        [
            ("*", "|"),
            ("**注", "|<p><strong>注</strong></p>"),
            ("**注：", "|<p><strong>注：</strong></p>"),
            ("**注：** 字", "|<p><strong>注：</strong> 字</p>"),
            (END, "<p><strong>注：</strong> 字</p>"),
        ],
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_every_prefix(name: str) -> None:
    text, expected = TABLE[name]
    assert pictures(text) == expected


@pytest.mark.parametrize("name", TABLE)
def test_no_block_changes_its_kind_and_back(name: str) -> None:
    kinds: list[str] = []
    for _, shown in pictures(TABLE[name][0])[:-1]:
        blocks = " ".join(re.findall(r"<(p|ul|ol|h\d|pre|table|blockquote|div|hr)\b", shown))
        if blocks and kinds[-1:] != [blocks]:
            kinds.append(blocks)
    assert len(kinds) == len(set(kinds))
