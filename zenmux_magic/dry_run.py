"""What a cell would send, and about what it would cost: nothing is sent.

In: the calls that a cell stands for. Out: text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from zenmux_magic.asking import Call
from zenmux_magic.events import Usage
from zenmux_magic.views.figures import dollars
from zenmux_magic.views.progress import estimated_tokens

_AN_ANSWER = 1000  # tokens


def told(calls: Sequence[Call]) -> str:
    """The messages as they would be sent, with an estimate for each model."""
    return "\n".join([*_messages(calls[0]), *(line for call in calls for line in _estimate(call))])


def _messages(call: Call) -> Iterator[str]:
    for message in call.request.messages:
        content = message["content"]
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        yield f"── {message['role']} ──\n{text}"


def _estimate(call: Call) -> Iterator[str]:
    request = call.request
    tokens = estimated_tokens(request)
    fields = [f"{name}={json.dumps(value)}" for name, value in request.params.items()]
    yield f"── {' '.join([request.model, *fields])} at {request.base_url}: nothing was sent ──"
    if call.kept is not None:
        yield "The same was asked before: --cache would show the answer that was kept, and pay nothing."
    most = request.params.get("max_completion_tokens")
    length = most if isinstance(most, int) else _AN_ANSWER
    price = call.price(request.model, Usage(tokens, length, None, None, None))
    limit = "with at most" if length == most else "with an answer of"
    cost = (
        f"{dollars(price)} {limit} {length:,} tokens" if dollars(price) else "no cost by the token"
    )
    yield f"≈ {tokens:,} tokens in; {cost}"
