"""Whole answers to HTML: one row for each construct."""

from __future__ import annotations

import pytest

from zenmux_magic.markdown import CodeBlock, Policy, code_blocks, render

REL = 'target="_blank" rel="noopener noreferrer"'
ROWS = {
    "emphasis": (
        "a **b** *c* ~~d~~",
        '<p dir="auto">a <strong>b</strong> <em>c</em> <del>d</del></p>',
    ),
    "intraword underscore": ("hello_world_", '<p dir="auto">hello_world_</p>'),
    "file names are no links": ("app.py ASP.NET", '<p dir="auto">app.py ASP.NET</p>'),
    "bare URL": (
        "https://a.io/x",
        f'<p dir="auto"><a href="https://a.io/x" {REL}>https://a.io/x</a></p>',
    ),
    "host of a named link": (
        "[x](https://a.io/y)",
        (
            f'<p dir="auto"><a href="https://a.io/y" {REL}>x</a> '
            '<span class="zenmux-host" dir="ltr">(a.io)</span></p>'
        ),
    ),
    "text names another host": (
        "[good.com](https://good.com.evil.io)",
        (
            f'<p dir="auto"><a href="https://good.com.evil.io" {REL}>good.com</a> '
            '<span class="zenmux-host" dir="ltr">(good.com.evil.io)</span></p>'
        ),
    ),
    "unsafe link": ("[x](javascript:alert(1))", '<p dir="auto">x</p>'),
    "relative link": ("[x](/etc) [y](//evil.io)", '<p dir="auto">x y</p>'),
    "user part": ("[x](https://good.com@evil.io)", '<p dir="auto">x</p>'),
    "image": (
        "![cat](https://a.io/c.png)",
        (
            f'<p dir="auto"><a class="zenmux-image" href="https://a.io/c.png" {REL}>cat</a> '
            '<span class="zenmux-host" dir="ltr">(image on a.io)</span></p>'
        ),
    ),
    "data image": (
        "![cat](data:image/svg+xml,x)",
        '<p dir="auto"><span class="zenmux-image">cat</span></p>',
    ),
    "raw HTML": ("<b onclick=x>y</b>", '<p dir="auto">&lt;b onclick=x&gt;y&lt;/b&gt;</p>'),
    "line break": ("a<br>b", '<p dir="auto">a<br>\nb</p>'),
    "tight list": ("- a\n- b", '<ul><li dir="auto">a</li><li dir="auto">b</li></ul>'),
    "loose list": (
        "- a\n\n- b",
        '<ul><li dir="auto"><p dir="auto">a</p></li><li dir="auto"><p dir="auto">b</p></li></ul>',
    ),
    "list starts at": ("3. a", '<ol start="3"><li dir="auto">a</li></ol>'),
    "task": (
        "- [x] a\n- [ ] b",
        (
            '<ul><li dir="auto"><span class="zenmux-task">☑</span> a</li>'
            '<li dir="auto"><span class="zenmux-task">☐</span> b</li></ul>'
        ),
    ),
    "table": (
        "|a|b|\n|-|-:|\n|1|2|",
        (
            '<div class="zenmux-table" tabindex="0"><table><thead><tr><th dir="auto">a</th>'
            '<th dir="auto" style="text-align:right">b</th></tr></thead><tbody><tr><td dir="auto">1</td>'
            '<td dir="auto" style="text-align:right">2</td></tr></tbody></table></div>'
        ),
    ),
    "code": (
        "```python x=1\nreturn 1\n```",
        (
            '<div class="zenmux-code"><div class="zenmux-code-head">python</div><div class="highlight">'
            '<pre dir="ltr" tabindex="0"><code><span class="k">return</span> <span class="mi">1</span>'
            "</code></pre></div></div>"
        ),
    ),
    "odd language": (
        '```"><b>\nx\n```',
        (
            '<div class="zenmux-code"><div class="zenmux-code-head"></div><div class="highlight">'
            '<pre dir="ltr" tabindex="0"><code>x</code></pre></div></div>'
        ),
    ),
    "formula": (
        r"\(x^2\)",
        '<p dir="auto"><math display="inline"><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math></p>',
    ),
    "prices": ("costs $5 today and $6", '<p dir="auto">costs $5 today and $6</p>'),
    "dollars in a text": (
        "(.CRT$XCU) and __x(y) there, $HOME_DIR and other words $z",
        '<p dir="auto">(.CRT$XCU) and __x(y) there, $HOME_DIR and other words $z</p>',
    ),
    "formula that does not parse": (
        r"\(\frac{1\)",
        '<p dir="auto"><code class="zenmux-tex">\\(\\frac{1\\)</code></p>',
    ),
    "formula over lines": (
        "\\[\nx\n- y\n\\]",
        (
            '<div class="zenmux-math" dir="ltr" tabindex="0"><math display="block"><mrow><mi>x</mi>'
            "<mo>−</mo><mi>y</mi></mrow></math></div>"
        ),
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_construct(row: str) -> None:
    source, expected = ROWS[row]
    assert render(source) == expected


def test_markup_inside_a_formula_stays_text() -> None:
    assert "<img" not in render(r"\(\text{<img src=x onerror=alert(1)>}\)")
    assert "<mtext>&lt;img" in render(r"\(\text{<img src=x>}\)")


def test_code_blocks_in_order() -> None:
    source = "```python\na\n```\n\n- x\n  ~~~\n  b\n  ~~~\n\n```js\nc"
    assert code_blocks(source) == (
        CodeBlock("python", "a\n"),
        CodeBlock("", "b\n"),
        CodeBlock("js", "c"),
    )


def test_a_policy_of_ones_own() -> None:
    quiet = Policy(show_host=False, schemes=frozenset({"https"}))
    assert "zenmux-host" not in render("[x](https://a.io/y)", policy=quiet)
    assert "<a" not in render("[x](http://a.io)", policy=quiet)


def test_second_engine_has_its_extensions() -> None:
    assert "<dl>" in render("a\n: b", engine="markdown")
    assert "<dl>" not in render("a\n: b", engine="markdown", extensions=["tables"])


def test_unknown_engine_is_named() -> None:
    with pytest.raises(ValueError, match="'mistune'"):
        render("x", engine="mistune")
