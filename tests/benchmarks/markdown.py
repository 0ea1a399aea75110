"""What a frame of a growing answer costs, in time and in bytes.

Run `python tests/benchmarks/markdown.py [answers.jsonl.gz]`: answers of one's own as gzipped JSON
lines with an "output" field; made ones in any case. Each answer is fed as a model would send it
(four characters a token), one `take()` a frame. Printed for each case: milliseconds of CPU time a frame (p50,
p90, p99, the worst), bytes of HTML sent for each byte of the answer, and how the median frame of
the last tenth compares with that of the first.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import time
from pathlib import Path

from zenmux_magic.markdown import IncrementalMarkdown

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
        "one paragraph, 20 KB": _WORDS * (20_000 // len(_WORDS)),
    }


def frames(text: str, characters: int) -> tuple[list[float], int]:
    """Milliseconds of each frame, and the bytes of all patches together."""
    document, times, sent = IncrementalMarkdown(), [], 0
    for at in range(0, len(text), characters):
        began = time.thread_time()
        document.feed(text[at : at + characters])
        patch = document.take()
        times.append((time.thread_time() - began) * 1000)
        sent += sum(len(part.encode()) for part in (patch.commit, patch.live, patch.append) if part)
    document.finish()
    sent += len(document.take().commit.encode())
    return times, sent


def report(name: str, texts: list[str], characters: int) -> None:
    """Print one line for a case."""
    times: list[float] = []
    sent = written = 0
    early: list[float] = []
    late: list[float] = []
    for text in texts:
        one, bytes_ = frames(text, characters)
        times += one
        tenth = max(1, len(one) // 10)
        early += one[:tenth]
        late += one[-tenth:]
        sent += bytes_
        written += len(text.encode())
    times.sort()
    p50, p90, p99 = (times[min(len(times) - 1, int(len(times) * p))] for p in (0.5, 0.9, 0.99))
    growth = statistics.median(late) / statistics.median(early)
    print(
        f"{name:26} {characters:3} characters a frame: p50 {p50:6.3f}  p90 {p90:6.3f}  "
        f"p99 {p99:7.3f}  worst {times[-1]:8.2f} ms  sent ×{sent / written:5.1f}  late/early {growth:.2f}"
    )


def main() -> None:
    """Run every case at 150 and at 1,000 tokens a second and 30 frames."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("answers", nargs="?", type=Path)
    arguments.add_argument("--case", default="")
    chosen = arguments.parse_args()
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
