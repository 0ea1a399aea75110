"""From options and settings to the calls to make: which models, where, with which key.

In: `Options`, the prompt, `ZenMux` settings. Out: one `Call` a model. It sends nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast

from zenmux_magic import budget, ledger, limiter
from zenmux_magic import prompt as prompts
from zenmux_magic.arguments import Chosen, Options, chosen
from zenmux_magic.asking import Call, Record
from zenmux_magic.client.body import body
from zenmux_magic.client.transports import is_loopback
from zenmux_magic.errors import ArgumentError, PromptError, SettingsError
from zenmux_magic.models import pricing
from zenmux_magic.request import Request, TransportName
from zenmux_magic.settings import BASE_URL, LOCAL, SUBSCRIPTION, ZenMux, checked_url, origin

if TYPE_CHECKING:
    from zenmux_magic.client.secret import Secret
    from zenmux_magic.completion import Completion, Fold
    from zenmux_magic.limiter import Limiter

MOST_COLUMNS = 8
_OF_A_SUBSCRIPTION = 10  # requests a minute; the service allows 10 to 15
_FIRST_BYTE = 10  # times the silence between bytes: some models think for minutes


def calls(options: Options, text: str, settings: ZenMux) -> list[Call]:
    """The calls that one cell stands for.

    Args:
        options: The options of the line.
        text: The prompt, expanded.
        settings: What holds where an option says nothing.

    Raises:
        ArgumentError: Too many models, a setting that cannot be used, or something that does not
            go together.
        PromptError: A file of the system prompt cannot be read, or the key stands in what is asked.
        SettingsError: There is no key, or the base URL is malformed.
    """
    models = [chosen(text) for text in options.model] or [Chosen("")]
    if len(models) > MOST_COLUMNS:
        raise ArgumentError(
            f"{len(models)} models were named; one cell compares up to {MOST_COLUMNS}. Take some out."
        )
    planned = [_call(model, options, text, settings) for model in models]
    if not options.dry_run and any(call.kept is None for call in planned):
        budget.check(settings)
    return planned


def _call(model: Chosen, options: Options, text: str, settings: ZenMux) -> Call:
    base_url = settings.home_url() if options.base_url is None else checked_url(options.base_url)
    name = model.name or settings.default_model()
    allowed = settings.allowed_models
    if allowed and not any(fnmatchcase(name, pattern) for pattern in allowed):
        raise SettingsError(
            f"The model {name} is not among those allowed here: {', '.join(allowed)}. Take one of them."
        )
    secret = None
    if options.base_url is None and name.startswith(LOCAL):
        local = settings.local
        if local is None:
            raise SettingsError(f"The model {name} is not running. Start it with %zenmux local.")
        base_url, secret = local.base_url, local.secret
        name = name if local.own else name.removeprefix(LOCAL)
    else:
        secret = settings.key_for(base_url)
        needed = not (is_loopback(base_url) or options.base_url or options.dry_run)
        if secret is None and needed:
            raise SettingsError(_no_key(base_url, name))
    timeout_s = options.timeout or settings.timeout
    request = Request(
        model=name,
        messages=_messages(options, text, settings),
        params={**_params(options), **model.params},
        base_url=base_url,
        transport=cast("TransportName", options.transport or settings.transport),
        timeout_s=timeout_s,
        first_byte_timeout_s=_FIRST_BYTE * timeout_s,
        max_retries=settings.max_retries,
        settings=model.settings,
    )
    if settings.holds_key(json.dumps(body(request), ensure_ascii=False, default=str)):
        raise PromptError(
            "Your key stands in the prompt or an option, so nothing was sent. Take it out: no model"
            " needs it."
        )
    kept, record = _ledger(request, secret, options, settings)
    return Call(
        request,
        secret,
        price=pricing(settings, base_url),
        limiter=_limiter(base_url, secret, settings),
        record=record,
        kept=kept,
        spend=budget.spend,
    )


def _ledger(
    request: Request, secret: Secret | None, options: Options, settings: ZenMux
) -> tuple[Completion | None, Callable[[Fold], Record] | None]:
    """The answer that was kept, if that will do; and what writes down one that is asked for."""
    here = ledger.of(settings)
    if here is None:
        if options.cache:
            raise SettingsError(
                "--cache needs the ledger, which is off (ZENMUX_LEDGER or ZenMux.ledger)."
                " Turn it on, or take --cache out."
            )
        return None, None
    wanted = settings.cache if options.cache is None else options.cache
    wanted |= options.dry_run  # it says that there would be one
    kept = here.kept(request) if wanted else None
    place = ledger.Place(*settings.place())
    return kept, lambda fold: here.begin(request, fold, secret, place)


def _limiter(base_url: str, secret: Secret | None, settings: ZenMux) -> Limiter:
    """One for each service and key."""
    per_minute = settings.requests_per_minute
    if not per_minute and secret is not None and secret.reveal().startswith(SUBSCRIPTION):
        per_minute = _OF_A_SUBSCRIPTION
    return limiter.shared((origin(base_url), secret), settings.max_in_flight, per_minute)


def _no_key(base_url: str, model: str) -> str:
    """The sentence for a missing key; of several models it may be one that needs it."""
    get = "Get one at https://zenmux.ai, then type" if base_url == BASE_URL else "Type"
    return (
        f"There is no key for {base_url}, which {model} needs. {get} it with %zenmux login, or set"
        " ZENMUX_API_KEY before starting the kernel; %zenmux local starts a small model that needs none."
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
