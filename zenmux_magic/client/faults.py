"""What went wrong on the wire, told to a person: one sentence with the way out for each fault.

In: a status and body, an error object of a stream, or an exception of the network. Out: an
`ErrorInfo` whose message is one line and holds no key. Whether to try again is `retry`'s business.
The gateway's types: https://docs.zenmux.ai (error codes); an unknown model was seen as 500
`invalid_model` where 404 is documented, so the type decides before the status.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from anyio import BrokenResourceError

from zenmux_magic.client.secret import Secret
from zenmux_magic.client.words import masked, spelled
from zenmux_magic.errors import ErrorInfo

REQUEST_ID = "x-zenmux-requestid"
_SHORT = 100  # characters of what is no words
_LARGEST = 12_000  # bytes of words that no error object holds

_BY_TYPE = {
    "insufficient_credit": "No credit is left. Top up the account at zenmux.ai, or use %zenmux local.",
    "reject_no_credit": "No credit is left. Top up the account at zenmux.ai, or use %zenmux local.",
    "quote_exceeded": "The plan's quota is used up. Wait until it renews, or use a pay-as-you-go key.",
    "access_denied": "The key was refused: wrong, expired or missing. Check ZENMUX_API_KEY"
    " (%zenmux doctor shows where the key comes from).",
    "safety_check_failed": "The safety check refused this prompt. Reword it, or ask another model.",
    "model_not_available": "The model {model} is not in the plan of this key."
    " Use a pay-as-you-go key, or another model: %zenmux models.",
    "invalid_model": "There is no model {model}. Look for its name with %zenmux models WORD.",
    "model_not_supported": "The model {model} cannot answer this kind of request."
    " Choose another: %zenmux models.",
    "provider_unprocessable_entity_error": "The provider of {model} cannot process the request."
    " Take out options that it may not know (-p, -t, --reasoning).",
    "rate_limit": "Too many requests (rate limit). Wait a while, then run the cell again.",
    "internal_server_error": "The gateway failed. Run the cell again; if it stays, ask another model.",
    "provider_api_error": "The provider of {model} failed. Run the cell again, or ask another model.",
    "provider_error": "The provider of {model} failed. Run the cell again, or ask another model.",
    "provider_internal_server_error": "The provider of {model} failed."
    " Run the cell again, or ask another model.",
    "no_provider_available": "No provider serves {model} right now. Wait, or ask another model.",
}
_BY_STATUS = {
    400: "The request was refused as invalid. Check the options (-p, -t, --max-tokens, --reasoning).",
    401: "The key was refused. Check ZENMUX_API_KEY (%zenmux doctor shows where the key comes from).",
    402: _BY_TYPE["insufficient_credit"],
    403: _BY_TYPE["access_denied"],
    404: "Nothing answers at {url}, or there is no model {model}."
    " Check the base URL, or look for the model with %zenmux models WORD.",
    405: "The address {url} takes no chat requests. Check the base URL (it often ends in /v1).",
    408: "The service gave up waiting. Run the cell again.",
    413: "The prompt is too long for {model}. Shorten it, or choose a model with more context.",
    422: _BY_TYPE["provider_unprocessable_entity_error"],
    429: _BY_TYPE["rate_limit"],
}
_SERVER_FAILED = "The service failed. Run the cell again; if it stays, ask another model."


def from_response(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    model: str,
    url: str,
    key: Secret | None,
) -> ErrorInfo:
    """The error that a response with an HTTP error status stands for."""
    request_id = request_id_of(headers, key)
    if 300 <= status < 400:
        target = masked(headers.get("location") or "", key)
        says = f"redirects to {target}" if target else "neither answers nor refuses"
        way = "Set the base URL to the final address." if target else "Check the base URL."
        message = f"{url} {says} (HTTP {status}). {way}"
        return ErrorInfo("ServiceError", message, None, status, request_id)
    error = _error_object(body)
    if error is None:
        page = b"<html" in body[:2000].lower()
        said = "" if page else masked(body[:_LARGEST].decode(errors="replace"), key)
        return _service_error(status, None, said, model=model, url=url, request_id=request_id)
    said = masked(spelled(error.get("message")), key)
    return _service_error(
        status, _type_of(error, key), said, model=model, url=url, request_id=request_id
    )


def request_id_of(headers: Mapping[str, str], key: Secret | None) -> str | None:
    """The gateway's id of a request, which people pass on; `None` if it gave none."""
    return masked(headers.get(REQUEST_ID) or headers.get("x-request-id") or "", key) or None


def from_stream(
    error: Any, *, model: str, url: str, request_id: str | None, key: Secret | None
) -> ErrorInfo:
    """The error that came as an event of the stream, in any of the shapes seen."""
    fields = error if isinstance(error, dict) else {"message": error}
    status = _status_of(fields)
    said = masked(spelled(fields.get("message")), key)
    return _service_error(
        status, _type_of(fields, key), said, model=model, url=url, request_id=request_id
    )


def _error_object(body: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    error = data.get("error", data)
    return error if isinstance(error, dict) else {"message": error}


def _type_of(error: Mapping[str, Any], key: Secret | None) -> str | None:
    kind = error.get("type")
    return masked(kind, key) or None if isinstance(kind, str) else None


def _status_of(error: Mapping[str, Any]) -> int | None:
    try:
        status = int(error.get("code") or 0)
    except (TypeError, ValueError, OverflowError):
        return None
    return status if 400 <= status < 600 else None


def _service_error(
    status: int | None, kind: str | None, said: str, *, model: str, url: str, request_id: str | None
) -> ErrorInfo:
    ours = kind == "invalid_params" or (status is not None and status < 500)
    default = _BY_STATUS[400] if ours else _SERVER_FAILED
    # 413 comes with the type of any invalid request; the status knows better.
    advice = _BY_TYPE.get(kind or "") or _BY_STATUS.get(status or 0, default)
    name = " ".join(str(part) for part in (status, kind) if part)
    head = advice.format(model=model, url=url)
    tail = f" The service said: “{said}”" if said else ""
    message = f"{head} [{name}]{tail}" if name else f"{head}{tail}"
    return ErrorInfo("ServiceError", message, kind, status, request_id)


def from_network(error: BaseException, *, url: str, key: Secret | None) -> ErrorInfo:
    """The error that an exception of the connection stands for, before any response."""
    cause = _root(error)
    if _is_no_http(cause):
        said = said_by_network(error, key)[:_SHORT]
        message = (
            f"{url} answered with something that is not HTTP ({said})."
            " Check the base URL: its port, and http:// or https://."
        )
        return ErrorInfo("ConnectionFailed", message)
    if isinstance(cause, TimeoutError):
        said, way = "no answer in time", "Check the network and the base URL."
    else:
        said, way = said_by_network(error, key), _way_out(cause)
    return ErrorInfo("ConnectionFailed", f"No connection to {url} ({said}). {way}")


def said_by_network(error: BaseException, key: Secret | None) -> str:
    """What the operating system said, or else the HTTP client."""
    cause = _root(error)
    if isinstance(cause, BrokenResourceError):  # anyio 4.0 keeps no more of it
        return "the connection was reset"
    return masked(str(cause) or type(cause).__name__, key).rstrip(".")


def _is_no_http(cause: BaseException) -> bool:
    """Whether the parser of HTTP, of either client, could make nothing of the answer."""
    return type(cause).__module__.partition(".")[0] == "h11"


def _way_out(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "Behind a proxy that inspects TLS, point SSL_CERT_FILE at its certificate."
    if isinstance(cause, ssl.SSLError):
        return "Check the base URL: a server without TLS is reached with http://, not https://."
    if isinstance(cause, socket.gaierror):
        return "Check the network and the base URL; without a network, %zenmux local works."
    if isinstance(cause, ConnectionRefusedError):
        return "Is a server running there? Check the base URL."
    # As servers do that have read enough of a request that is too large for them.
    if isinstance(cause, BrokenPipeError | ConnectionResetError | BrokenResourceError):
        return "Check the network, then run the cell again; a very large prompt may be too large for it."
    return "Check the network, then run the cell again."


def permanent(error: BaseException) -> bool:
    """Whether another attempt at the connection would meet the same: it spoke, but no TLS we trust."""
    cause = _root(error)
    return isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError)


def unusable(error: Exception, key: Secret | None) -> ErrorInfo:
    """The error of an environment in which no HTTP client can be made."""
    message = (
        f"No request can be made: {masked(str(error), key)}. Check the variables HTTPS_PROXY,"
        " ALL_PROXY and SSL_CERT_FILE, or install what is missing."
    )
    return ErrorInfo("ConnectionFailed", message)


def _root(error: BaseException) -> BaseException:
    """The innermost cause that names what the operating system said."""
    seen = [error]
    while (inner := _inner(seen[-1])) is not None and all(inner is not one for one in seen):
        seen.append(inner)
    # A library's own "no IP address" may lie below the look-up that failed (anyio 4.0).
    return next((one for one in reversed(seen) if isinstance(one, OSError)), seen[-1])


def _inner(error: BaseException) -> BaseException | None:
    several = getattr(error, "exceptions", None)  # a host with several addresses: the last one's
    inner = several[-1] if several else error.__cause__ or error.__context__
    # A time-out cancels, and a buffer is empty: those are no causes.
    return inner if isinstance(inner, Exception) and not isinstance(inner, LookupError) else None


def web_page(url: str, status: int, request_id: str | None) -> ErrorInfo:
    """The error of an address behind which there is a page for people."""
    message = (
        f"{url} answered with a web page instead of a model's answer."
        " Check the base URL (it often ends in /v1), or sign in to the network's proxy."
    )
    return ErrorInfo("ServiceError", message, None, status, request_id)


def broken(what: str, request_id: str | None, *, began: bool) -> ErrorInfo:
    """The error of a stream that was accepted and did not come to its proper end."""
    if began:
        message = f"The answer is incomplete: {what}. What had come is kept; run the cell again."
    else:
        message = f"No answer came: {what}. Run the cell again, or ask another model."
    return ErrorInfo("StreamBroken", message, None, None, request_id)


def silent(seconds: float, url: str, *, began: bool, request_id: str | None) -> ErrorInfo:
    """The error of a silence that was longer than allowed."""
    if began:
        what = f"nothing came for {seconds:g} s (--timeout allows more)"
        return broken(what, request_id, began=True)
    message = (
        f"{url} sent nothing for {seconds:g} s. Allow more with --timeout, or ask another model."
    )
    return ErrorInfo("ConnectionFailed", message, None, None, request_id)
