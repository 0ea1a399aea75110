"""What a frame of a growing answer costs, in time and in bytes; and what a text made to be slow does.

Run `python -m tests.benchmarks.markdown [answers.jsonl.gz]`: answers of one's own as gzipped JSON
lines with an "output" field; made ones in any case. Each answer is fed as a model would send it
(four characters a token), one frame of a board's column at a time. Printed for each case: milliseconds
of CPU time a frame (p50, p90, p99, the worst), bytes of HTML sent for each byte of the answer, the
largest frame, and how the median frame of the last tenth compares with that of the first.

`--slow N` instead takes texts of N characters that were made to be slow, and huge ones: the worst frame
while they grow, the last tenth against the first, and seconds to settle, for N and for twice N:
a ratio near 2 is linear. `--engine markdown` takes the second engine.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import time
from pathlib import Path

from zenmux_magic.markdown import IncrementalMarkdown, settled_html, settled_markdown
from zenmux_magic.views.column import Part

_WORDS = "The quick brown fox jumps over the lazy dog and **thinks** about `code` again. "
_SECTION = f"""## A heading

{_WORDS * 4}

1. **First** {_WORDS}
2. Second {_WORDS}
   - nested {_WORDS}

| name | value | note |
|:-----|------:|------|
| a | 1 | {_WORDS} |
| b | 2 | {_WORDS} |

```python
def area(width: float, height: float) -> float:
    \"\"\"The area of a rectangle.\"\"\"
    return width * height
```

The area is \\(A = w \\cdot h\\), and it costs $5.

"""
_SIZE = 200_000


def made() -> dict[str, str]:
    """Long answers of one kind each."""
    rows = f"| 1 | {_WORDS}|\n" * (_SIZE // 90)
    return {
        "mixed, 24 KB": _SECTION * (24_000 // len(_SECTION)),
        "mixed, 200 KB": _SECTION * (_SIZE // len(_SECTION)),
        "one list, 200 KB": f"- {_WORDS}\n" * (_SIZE // 82),
        "one table, 200 KB": f"| a | b |\n|---|---|\n{rows}",
        "one code block, 200 KB": "```python\n" + "x = area(1, 2)  # a comment\n" * (_SIZE // 28),
        "one line, 1 MB": _WORDS * (1_000_000 // len(_WORDS)),
        "one paragraph, 20 KB": _WORDS * (20_000 // len(_WORDS)),
    }


def slow(size: int) -> dict[str, str]:
    """Texts that make Markdown parsers slow, and large answers that are one thing."""
    units = "[ * > _ ` < \\ ( | $ & ~ ![ ]( [a]( **a *a_ \\( $$ [a][ []( <a `a ~~a [[] [a]: \\[ a@ http://a."
    texts = {f"{unit} …": f"{unit} " * (size // (len(unit) + 1)) for unit in units.split()}
    texts |= {f"{unit}…": unit * (size // len(unit)) for unit in units.split()}
    lines = [
        "- a",
        "> a",
        "> - a",
        "| a | b |",
        "- - -",
        "```",
        "$$",
        "\\[",
        "[a]: b",
        "1. a\n",
        "===",
        "<b>",
    ]
    texts |= {f"lines {unit}": f"{unit}\n" * (size // (len(unit) + 1)) for unit in lines}
    steps = int(size**0.5)
    rows, columns = "| 1 | 2 |\n" * (size // 10), size // 6
    return texts | {
        "stairs of lists": "".join("  " * n + "- a\n" for n in range(steps)),
        "stairs of quotes": "".join(">" * n + " a\n" for n in range(steps)),
        "stairs of backticks": " ".join("`" * n for n in range(steps)),
        "many rows": f"| a | b |\n|---|---|\n{rows}",
        "many columns": f"{'|a' * columns}|\n{'|-' * columns}|\n{'|b' * columns}|",
        "many definitions": "".join(f"[a{n}]: https://x.io/{n}\n" for n in range(size // 25)),
        "late definitions": "".join(f"[a{n}]\n\n[a{n}]: x\n\n" for n in range(size // 20)),
        "one word": "a" * size,
        "one line": _WORDS * (size // len(_WORDS)),
        "one code block": "```python\n" + "x = area(1, 2)  # a comment\n" * (size // 28),
        "one line of code": "```python\n" + "x" * size,
        "one quote": f"> {_WORDS}\n" * (size // 82),
        "one list item": "- " + _WORDS * (size // len(_WORDS)),
        "mixed": _SECTION * (size // len(_SECTION)),
    }


def frames(
    text: str, characters: int, engine: str = "markdown-it"
) -> tuple[list[float], list[int]]:
    """Milliseconds of each frame, the last one that of the end, and the bytes that each sends."""
    part, times, sent = Part(IncrementalMarkdown(engine)), [], []
    for at in range(0, len(text) + 1, characters):
        began = time.thread_time()
        part.document.feed(text[at : at + characters])
        if at + characters > len(text):
            part.document.finish()
        operations = part.operations(0, 0)
        times.append((time.thread_time() - began) * 1000)
        sent.append(
            sum(len(one.encode()) for op in operations for one in op[1:] if type(one) is str)
        )
    return times, sent


def growth(times: list[float]) -> float:
    """How the median frame of the last tenth compares with that of the first."""
    tenth = max(1, len(times) // 10)
    return statistics.median(times[-tenth:]) / statistics.median(times[:tenth])


def settling(text: str, engine: str) -> float:
    """Seconds that it takes to make the two forms that a notebook keeps."""
    began = time.thread_time()
    settled_html(text, engine=engine)
    settled_markdown(text)
    return time.thread_time() - began


def report_slow(size: int, case: str, engine: str) -> None:
    """Print one line for each text made to be slow."""
    for (name, text), twice in zip(slow(size).items(), slow(2 * size).values(), strict=True):
        if case not in name:
            continue
        times, sent = frames(text, 133, engine)
        once, double = settling(text, engine), settling(twice, engine)
        print(
            f"{name:20} {len(text):8} characters: median {statistics.median(times):7.3f}  worst "
            f"{max(times):8.1f} ms  late/early {growth(times):6.2f}  largest frame {max(sent):8} bytes  "
            f"settled {once:6.2f} s, of twice as much {double:6.2f} s  ×{double / max(once, 1e-9):.1f}",
            flush=True,
        )


def report(name: str, texts: list[str], characters: int) -> None:
    """Print one line for a case."""
    found = [frames(text, characters) for text in texts]
    times = sorted(one for run, _ in found for one in run)
    sent = sum(sum(sizes) for _, sizes in found)
    largest = max(max(sizes) for _, sizes in found)
    written = sum(len(text.encode()) for text in texts)
    p50, p90, p99 = (times[min(len(times) - 1, int(len(times) * p))] for p in (0.5, 0.9, 0.99))
    late = statistics.median(growth(run) for run, _ in found)
    print(
        f"{name:26} {characters:3} characters a frame: p50 {p50:6.3f}  p90 {p90:6.3f}  "
        f"p99 {p99:7.3f}  worst {times[-1]:8.2f} ms  sent ×{sent / written:5.1f}  "
        f"largest {largest:6}  late/early {late:.2f}"
    )


def main() -> None:
    """Run every case at 150 and at 1,000 tokens a second and 30 frames."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("answers", nargs="?", type=Path)
    arguments.add_argument("--case", default="")
    arguments.add_argument("--slow", type=int, default=0, metavar="N")
    arguments.add_argument("--engine", default="markdown-it")
    chosen = arguments.parse_args()
    if chosen.slow:
        report_slow(chosen.slow, chosen.case, chosen.engine)
        return
    cases = {name: [text] for name, text in made().items()}
    if chosen.answers:
        with gzip.open(chosen.answers, "rt", encoding="utf-8") as lines:
            cases = {"given answers": [json.loads(line)["output"] for line in lines], **cases}
    for name, texts in cases.items():
        if chosen.case in name:
            for characters in (20, 133):
                report(name, texts, characters)


if __name__ == "__main__":
    main()
