"""A small model catalogue in the shape of the gateway's GET /models; prices of mid 2026."""

from __future__ import annotations

from typing import Any

from .replies import JSON


def _entry(name: str, prompt: float, completion: float, **fields: Any) -> JSON:
    rate = {"unit": "perMTokens", "currency": "USD"}
    pricings = {
        "prompt": [{"value": prompt, **rate}],
        "completion": [{"value": completion, **rate}],
    }
    return {
        "id": name,
        "display_name": name.split("/")[1].replace("-", " ").title(),
        "created": 1785000000,
        "owned_by": name.split("/")[0],
        "context_length": 400_000,
        "input_modalities": ["text", "image"],
        "output_modalities": ["text"],
        "capabilities": {"reasoning": True},
        "pricings": pricings,
        **fields,
    }


def _tier(value: float, **bounds: int) -> JSON:
    conditions = {"prompt_tokens": {"unit": "kTokens", **bounds}}
    return {"value": value, "unit": "perMTokens", "currency": "USD", "conditions": conditions}


CATALOGUE: list[JSON] = [
    _entry("openai/gpt-5", 1.25, 10),
    _entry("openai/gpt-5-mini", 0.25, 2),
    _entry(
        "anthropic/claude-sonnet-4.5",
        3,
        15,
        pricings={
            "prompt": [_tier(3, gte=0, lt=200), _tier(6, gte=200)],
            "completion": [_tier(15, gte=0, lt=200), _tier(22.5, gte=200)],
        },
    ),
    _entry("google/gemini-2.5-flash", 0.3, 2.5, context_length=1_048_576),
    _entry("deepseek/deepseek-chat", 0.28, 0.42, capabilities={"reasoning": False}),
    _entry("demo/echo", 1, 2, pricings=None),
    _entry("demo/paint", 0, 0, output_modalities=["image"]),
]
