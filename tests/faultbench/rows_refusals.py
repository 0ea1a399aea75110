"""Rows: the service refuses. Every status and type of the gateway's documentation, and odd bodies."""

from __future__ import annotations

import zlib
from dataclasses import replace
from itertools import product

from tests.faultbench.row import Row
from tests.support.gateway import (
    KEY,
    Close,
    Endless,
    Reply,
    Reset,
    Send,
    Silence,
    as_json,
    error,
    streaming,
)

CREDIT = "No credit is left. Top up the account at zenmux.ai, or use %zenmux local."
KEY_REFUSED = (
    "The key was refused: wrong, expired or missing. Check ZENMUX_API_KEY"
    " (%zenmux doctor shows where the key comes from)."
)
NO_MODEL = "There is no model bench/fault. Look for its name with %zenmux models WORD."
INVALID = (
    "The request was refused as invalid. Check the options (-p, -t, --max-tokens, --reasoning)."
)
SLOW = "Too many requests (rate limit). Wait a while, then run the cell again."
GATEWAY = "The gateway failed. Run the cell again; if it stays, ask another model."
PROVIDER = "The provider of bench/fault failed. Run the cell again, or ask another model."
NOBODY = "No provider serves bench/fault right now. Wait, or ask another model."
FAILED = "The service failed. Run the cell again; if it stays, ask another model."

NOT_IN_PLAN = (
    "The model bench/fault is not in the plan of this key."
    " Use a pay-as-you-go key, or another model: %zenmux models."
)
CANNOT = "The model bench/fault cannot answer this kind of request. Choose another: %zenmux models."
UNPROCESSABLE = (
    "The provider of bench/fault cannot process the request."
    " Take out options that it may not know (-p, -t, --reasoning)."
)
FINAL = [
    (400, "invalid_params", INVALID),
    (402, "insufficient_credit", CREDIT),
    (402, "reject_no_credit", CREDIT),
    (
        402,
        "quote_exceeded",
        "The plan's quota is used up. Wait until it renews, or use a pay-as-you-go key.",
    ),
    (403, "access_denied", KEY_REFUSED),
    (
        403,
        "safety_check_failed",
        "The safety check refused this prompt. Reword it, or ask another model.",
    ),
    (
        404,
        "model_not_available",
        NOT_IN_PLAN,
    ),
    (404, "invalid_model", NO_MODEL),
    (
        404,
        "model_not_supported",
        CANNOT,
    ),
    (
        413,
        "invalid_params",
        "The prompt is too long for bench/fault. Shorten it, or choose a model with more context.",
    ),
    (
        422,
        "provider_unprocessable_entity_error",
        UNPROCESSABLE,
    ),
    (500, "invalid_model", NO_MODEL),
    (
        401,
        "unauthorized",
        "The key was refused. Check ZENMUX_API_KEY (%zenmux doctor shows where the key comes from).",
    ),
    (
        405,
        "method_not_allowed",
        "The address BASE_URL takes no chat requests. Check the base URL (it often ends in /v1).",
    ),
    (408, "timeout", "The service gave up waiting. Run the cell again."),
    (418, "teapot", INVALID),
    (501, "not_implemented", FAILED),
    (505, "version_not_supported", FAILED),
]
# Each of these types is documented for each of these statuses.
SERVER_TYPES = {
    "internal_server_error": GATEWAY,
    "provider_api_error": PROVIDER,
    "provider_error": PROVIDER,
    "no_provider_available": NOBODY,
    "provider_internal_server_error": PROVIDER,
}
TRANSIENT = [
    (429, "rate_limit", SLOW),
    *(
        (status, kind, SERVER_TYPES[kind])
        for status, kind in product((500, 502, 520, 524), SERVER_TYPES)
    ),
    (503, "no_provider_available", NOBODY),
    (504, "upstream_timeout", FAILED),
]


def _refused(status: int, kind: str, line: str) -> Row:
    reply = error(status, kind, "In its own words.")
    return Row(
        f"{status} {kind}", "refuses before the stream", (reply,), "ServiceError",
        f"{line} [{status} {kind}] The service said: “In its own words.”",
        status=status, type=kind, retries=2,
    )  # fmt: skip


def _transient(status: int, kind: str, line: str) -> Row:
    row = _refused(status, kind, line)
    [reply] = row.replies
    again = replace(reply, headers={**reply.headers, "retry-after": "0"})
    asks = "refuses each time, Retry-After: 0"
    return replace(row, does=asks, replies=(again,), requests=3)


def bomb(prefix: bytes) -> bytes:
    """200 KB of gzip that stand for 200 MB; its end is not reached."""
    squeezed = zlib.compressobj(wbits=31)
    begin = squeezed.compress(prefix) + squeezed.flush(zlib.Z_FULL_FLUSH)
    # After a full flush nothing refers back: the same bytes may stand there again and again.
    ten_mb = squeezed.compress(b"a" * 10_000_000) + squeezed.flush(zlib.Z_FULL_FLUSH)
    return begin + ten_mb * 20


def _body(name: str, does: str, body: Reply, said: str = "", mended: str = "") -> Row:
    error_line = f"{INVALID} [400]{f' The service said: “{said}”' if said else ''}"
    return Row(
        name, does, (body,), "ServiceError", error_line, status=400, retries=2, mended=mended
    )


def _refusal(body: bytes) -> Reply:
    return Reply(400, {}, [Send(body)], "length")


CUT = '{"error": {"type": "insuff'
SLOW_DOWN = error(429, "rate_limit", "Slow.", headers={"retry-after": "0"})

ROWS = [
    *(_refused(*one) for one in FINAL),
    *(_transient(*one) for one in TRANSIENT),
    Row("429, then good", "refuses twice, then answers", (SLOW_DOWN, SLOW_DOWN, streaming("Hello")),
        text="Hello", finish="stop", requests=3, retries=3),
    Row("Retry-After of an hour", "429, Retry-After: 3600",
        (error(429, "rate_limit", "Slow.", headers={"retry-after": "3600"}),), "ServiceError",
        f"{SLOW} [429 rate_limit] The service said: “Slow.” It asks to wait 3600 s.",
        status=429, type="rate_limit", retries=3),
    Row("a storm of Retry-After", "429, Retry-After: 0, as often as it is asked", (SLOW_DOWN,),
        "ServiceError",
        f"{SLOW} [429 rate_limit] The service said: “Slow.”",
        status=429, type="rate_limit", retries=9, requests=10,
        mended="“It asks to wait 0 s” stood at the end of this and every such line"),
    Row("Retry-After in the year 99999999999", "429, a date that no calendar has",
        (error(429, "rate_limit", "Slow.",
               headers={"retry-after": "Sat, 01 Aug 99999999999 12:00:20 GMT"}),), "ServiceError",
        f"{SLOW} [429 rate_limit] The service said: “Slow.”", status=429, type="rate_limit",
        mended="OverflowError ended the run with a stack trace, other columns' answers lost;"
        " such a date is now as good as none"),
    Row("two Retry-After", "429, the field twice",
        (Reply(429, {"retry-after": "0\r\nRetry-After: 0"}, [Send(b"{}")], "length"),),
        "ServiceError", f"{SLOW} [429]", status=429),
    _body("refusal: no body", "400, nothing more", _refusal(b"")),
    _body("refusal: a web page", "400, a proxy's page",
          _refusal(b"<html><body>400 Bad Request</body></html>")),
    _body("refusal: plain words", "400, control characters among words",
          _refusal(b"bad\n\x1b[31mgateway\x07\x00"), "bad [31mgateway"),
    _body("refusal: no UTF-8", "400, bytes that are no text", _refusal(b"gone \xff"), "gone �"),
    _body("refusal: UTF-16", "400, JSON in UTF-16",
          _refusal('{"error": {"message": "gone"}}'.encode("utf-16")), "gone"),
    _body("refusal: no error key", "400, JSON of another shape", _refusal(b'{"message": "gone"}'),
          "gone"),
    _body("refusal: a string", "400, the error is a text", _refusal(b'{"error": "gone"}'), "gone"),
    _body("refusal: half a character", "400, a lone surrogate",
          _refusal(b'{"error": {"message": "\\ud83d!"}}'), "�!"),
    _body("refusal: nested 100,000 deep", "400, [[[[…",
          _refusal(b"[" * 100_000), "[" * 300 + "…",
          "RecursionError ended the run with a stack trace, other columns' answers lost; such a body"
          " is now plain words"),
    _body("refusal: a message that is no text", "400, the message is a nested list",
          _refusal(b'{"error": {"message": ' + b"[" * 400 + b"]" * 400 + b"}}"),
          "[[[[[[[...]]]]]]]", "300 brackets were shown"),
    _body("refusal: a very long message", "400, a message of 60 KB",
          as_json({"error": {"message": "x" * 60_000}}, 400), "x" * 300 + "…"),
    _body("refusal: an endless body", "400, a body without end",
          Reply(400, {}, [Endless(b"x" * 60_000, 0.0)]), "x" * 300 + "…",
          "through `openai` the whole body was read into memory, however long; now 64 KB at most"),
    _body("refusal: a compressed bomb", "400, 200 KB that stand for 200 MB",
          Reply(400, {"content-encoding": "gzip"}, [Send(bomb(b"x" * 400))], "length"),
          "x" * 300 + "…",
          "all of it was decompressed and searched for keys, for many seconds in which no other"
          " column got on; now it is decompressed in pieces and left after 64 KB"),
    _body("refusal: compression unknown", "400, Content-Encoding: br",
          Reply(400, {"content-encoding": "br"}, [Send(b"\x0b\x02\x80abc\x03")], "length"),
          mended="the compressed bytes were shown as the service's words"),
    *(
        Row(f"refusal: {name}", f"402, its body {does}", (Reply(402, {}, steps),), "ServiceError",
            f"{CREDIT} [402] The service said: “{CUT}”", status=402,
            retries=2, timeout_s=1,
            mended="the status was lost: “No connection”, and the refused request was sent again")
        for name, does, steps in (
            ("reset", "is cut by a reset", [Send(CUT.encode()), Reset()]),
            ("closed", "is cut by the end", [Send(CUT.encode()), Close()]),
            ("silence", "stops in the middle", [Send(CUT.encode()), Silence()]),
        )
    ),
    Row("refusal: too short", "402, the body has fewer bytes than it said",
        (replace(error(402, "insufficient_credit", "No."), length=9999),), "ServiceError",
        f"{CREDIT} [402 insufficient_credit] The service said: “No.”", status=402,
        type="insufficient_credit", retries=2,
        mended="“No connection”, and the refused request was sent again"),
    Row("the key comes back in a refusal", "403, the key in message, type and request id",
        (error(403, f"denied {KEY}", f"Your key {KEY} is wrong.",
               headers={"x-zenmux-requestid": f"req {KEY}"}),), "ServiceError",
        f"{KEY_REFUSED} [403 denied sk-…] The service said: “Your key sk-… is wrong.”",
        status=403, type="denied sk-…", named=False,
        mended="the key stood in the request id, in the cell's error and in the notebook's metadata"),
]  # fmt: skip
