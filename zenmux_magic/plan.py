"""From options and settings to the calls to make: which models, where, with which key.

In: `Options`, the prompt, `ZenMux` settings. Out: one `Call` a model. It sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from zenmux_magic import prompt as prompts
from zenmux_magic.arguments import Options
from zenmux_magic.client.transports import is_loopback
from zenmux_magic.errors import ArgumentError, SettingsError
from zenmux_magic.request import Request, TransportName
from zenmux_magic.run import Call
from zenmux_magic.settings import BASE_URL, LOCAL, ZenMux, checked_url

_FIRST_BYTE = 10  # times the silence between bytes: some models think for minutes


def calls(options: Options, text: str, settings: ZenMux) -> list[Call]:
    """The calls that one cell stands for.

    Args:
        options: The options of the line.
        text: The prompt, expanded.
        settings: What holds where an option says nothing.

    Raises:
        ArgumentError: Something was asked for that does not go together.
        PromptError: A file of the system prompt cannot be read.
        SettingsError: There is no key, or the base URL is malformed.
    """
    models = options.model or (settings.default_model(),)
    if len(models) > 1:
        raise ArgumentError(
            f"{len(models)} models were named ({', '.join(models)}); one cell asks one model. Use one -m."
        )
    return [_call(model, options, text, settings) for model in models]


def _call(model: str, options: Options, text: str, settings: ZenMux) -> Call:
    base_url = settings.home_url() if options.base_url is None else checked_url(options.base_url)
    name = model
    secret = None
    if options.base_url is None and model.startswith(LOCAL):
        local = settings.local
        if local is None:
            raise SettingsError(f"The model {model} is not running. Start it with %zenmux local.")
        base_url, secret = local.base_url, local.secret
        name = model if local.own else model.removeprefix(LOCAL)
    else:
        secret = settings.key_for(base_url)
        if secret is None and not is_loopback(base_url) and options.base_url is None:
            raise SettingsError(no_key(base_url))
    timeout_s = options.timeout or settings.timeout
    return Call(
        Request(
            model=name,
            messages=_messages(options, text, settings),
            params=_params(options),
            base_url=base_url,
            transport=cast("TransportName", options.transport or settings.transport),
            timeout_s=timeout_s,
            first_byte_timeout_s=_FIRST_BYTE * timeout_s,
            max_retries=settings.max_retries,
        ),
        secret,
    )


def no_key(base_url: str) -> str:
    """The sentence for a missing key."""
    get = "Get one at https://zenmux.ai and set" if base_url == BASE_URL else "Set"
    return (
        f"There is no key for {base_url}. {get} ZENMUX_API_KEY before starting the kernel,"
        " or use a small model on this machine: %zenmux local."
    )


def _messages(options: Options, text: str, settings: ZenMux) -> tuple[Mapping[str, Any], ...]:
    system = options.system if options.system is not None else settings.system
    if system.startswith("@"):
        system = prompts.read(system[1:])
    user = {"role": "user", "content": text}
    return ({"role": "system", "content": system}, user) if system else (user,)


def _params(options: Options) -> dict[str, Any]:
    """The request's fields that were asked for, and no others."""
    named = {
        "temperature": options.temperature,
        "max_completion_tokens": options.max_tokens,
        "reasoning_effort": options.reasoning,
    }
    given = {name: value for name, value in named.items() if value is not None}
    twice = sorted(given.keys() & options.param.keys())
    if twice:
        raise ArgumentError(f"{twice[0]} is given twice: by its option and by -p. Take one out.")
    return {**given, **options.param}
