"""The stand-in gateway run alone, for trials by hand and for pictures.

    python -m tests.support.gateway --port 8321 --pace 100
    ZENMUX_BASE_URL=http://127.0.0.1:8321/api/v1 ZENMUX_API_KEY=any jupyter lab

Any key is let in. What comes back depends on the model: `demo/echo` the prompt itself,
`demo/think` thoughts first, `demo/slow` eight tokens a second, `demo/stamp` the server's clock,
`demo/fault:NAME` the fault of that name, anything else a Markdown answer with a table, code and
maths. Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable

from .faults import FAULTS, fault
from .gateway import Gateway
from .records import Recorded
from .replies import chunk, sse, streaming
from .script import Pause, Reply, Send, Stamp, Step

ANSWER = r"""## The bias-variance trade-off

The expected error of a model splits into three parts:

$$\mathbb{E}\big[(y - \hat f)^2\big] = \mathrm{Bias}[\hat f]^2 + \mathrm{Var}[\hat f] + \sigma^2$$

| Model | Bias | Variance | Typical sign |
|:------|:----:|:--------:|:-------------|
| Straight line | high | low | both errors high |
| Cubic spline | low | medium | errors close together |
| 1-nearest neighbour | low | **high** | training error near 0 |

1. A *simple* model misses structure: it **underfits**.
2. A *flexible* one follows the noise: it **overfits**.
   - More data lowers the variance,
   - regularisation trades some of it for bias.

```python
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score

for alpha in (0.1, 1.0, 10.0):
    scores = cross_val_score(Ridge(alpha=alpha), X, y, cv=5)
    print(f"{alpha:>5}: {scores.mean():.3f} ± {scores.std():.3f}")
```

> The irreducible part $\sigma^2$ stays, whatever you do. That costs $5 today and $6 tomorrow.

See [the chapter](https://example.org/bias) for more.
"""

THOUGHTS = """The user wants the trade-off explained. I should state the decomposition first, \
then compare three models in a table, and end with something that can be run. """


def stamps(count: int, pace_s: float) -> Reply:
    """The server's clock as text, once per delta (`t1795378839094 `, Unix milliseconds)."""
    steps: list[Step] = []
    for _ in range(count):
        steps += [Stamp(lambda ms: sse(chunk(f"t{ms} "), done=False)), Pause(pace_s)]
    return Reply(steps=[*steps, Send(sse(chunk(finish_reason="stop")))])


def router(pace_s: float, answer: str = ANSWER) -> Callable[[Recorded], Reply | None]:
    """Replies by the model's name, at this many seconds between tokens."""

    def route(asked: Recorded) -> Reply | None:
        model = asked.model
        if not asked.json.get("stream"):
            return None
        if model.startswith("demo/fault:"):
            name = model.partition(":")[2]
            return fault(name) if name in FAULTS else None
        if model == "demo/stamp":
            return stamps(1000, pace_s)
        if model == "demo/think":
            return streaming(answer, reasoning=THOUGHTS * 4, pace_s=pace_s, model=model)
        text = asked.prompt if model == "demo/echo" else answer
        return streaming(text, pace_s=0.125 if model == "demo/slow" else pace_s, model=model)

    return route


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=8321)
    parser.add_argument("--pace", type=float, default=100.0, help="tokens a second")
    options = parser.parse_args()
    with Gateway(check_key=False, port=options.port) as gateway:
        gateway.route = router(1 / options.pace)
        print(gateway.base_url, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("ended")
