"""Rows: the HTTP is right; what is wrong, or odd, is in the stream."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import replace

from tests.faultbench.row import GOOD, SO_FAR, Row, after, only, said
from tests.faultbench.rows_http import CLOSED, NOTHING, WORDS
from tests.faultbench.rows_refusals import FAILED, PROVIDER, SLOW, bomb
from tests.support.gateway import (
    KEY,
    Close,
    Endless,
    Reply,
    Reset,
    Send,
    as_json,
    chunk,
    error,
    fault,
    sse,
    streaming,
)
from tests.support.script import Step

STOP = chunk(finish_reason="stop")
BROKE = f"{PROVIDER} [502 provider_error] The service said: “The provider went away.”"
ENDED_IT = (
    "The answer is incomplete: the model's provider ended it with an error."
    " What had come is kept; run the cell again."
)
EMPTY = (
    "bench/fault sent an empty answer (finish reason {}). Run the cell again, or ask another model."
)
PAGE = (
    "BASE_URL answered with a web page instead of a model's answer."
    " Check the base URL (it often ends in /v1), or sign in to the network's proxy."
)
ALONE = "No answer came: {}. Run the cell again, or ask another model."
WHOLE = {"choices": [{"message": {"content": SO_FAR}, "finish_reason": "stop"}]}
TOO_LONG = "an event has more than 32 MB"
BOUNDED = "memory grew with it, however long; an event may now have 32 MB"


def _no_object(what: str) -> str:
    return (
        f"The answer is incomplete: an event is not a JSON object (“{what}”)."
        " What had come is kept; run the cell again."
    )


def _broken_json(name: str, does: str, event: bytes, said_of_it: str) -> Row:
    replies = after(b"data: " + event + b"\n\n", GOOD)
    return Row(name, does, replies, "StreamBroken", _no_object(said_of_it), SO_FAR)


def _good(
    name: str, does: str, *events: bytes | Step, text: str = SO_FAR, finish: str | None = "stop",
    mended: str = "", timeout_s: float | None = None,
) -> Row:  # fmt: skip
    return Row(
        name, does, only(*events), text=text, finish=finish, mended=mended, timeout_s=timeout_s
    )


def _compressed(name: str, does: str, body: bytes, coding: str, mended: str = "") -> Row:
    replies = only(body, content_encoding=coding)
    return Row(name, does, replies, text=SO_FAR, finish="stop", mended=mended)


def _event(text: str) -> bytes:
    return sse(text, done=False)


def _usage(
    name: str, does: str, fields: str, tokens: tuple[int | None, ...], mended: str = ""
) -> Row:
    told = _event('{"choices":[],"usage":{' + fields + "}}")
    return replace(_good(name, does, said().data, told, sse(STOP), mended=mended), tokens=tokens)


def _document(name: str, does: str, body: bytes, line: str, mended: str = "") -> Row:
    reply = Reply(200, {"content-type": "text/html"}, [Send(body)], "length")
    kind = "ServiceError" if line == PAGE else "StreamBroken"
    status = 200 if line == PAGE else None
    return Row(name, does, (reply,), kind, line, status=status, retries=2, mended=mended)


_PIECES = gzip.compress(sse(chunk("So far"), done=False)) + gzip.compress(
    sse(chunk(", so **good**"), STOP)
)

ROWS = [
    # The service says that it failed.
    Row("error event", "an error object as an event", (fault("error event"),), "ServiceError",
        BROKE, SO_FAR, status=502, type="provider_error", retries=2),
    Row("error event, then [DONE]", "the same, and a good end behind it",
        (fault("error event, done"),), "ServiceError", BROKE, SO_FAR, status=502,
        type="provider_error", retries=2),
    Row("error on a chunk", "an error beside choices, finish reason error",
        (fault("error on a chunk"),), "ServiceError", BROKE, SO_FAR, status=502,
        type="provider_error", retries=2),
    Row("named error event", "event: error, the body without an error key",
        (fault("named error event"),), "ServiceError", BROKE, SO_FAR, status=502,
        type="provider_error", retries=2),
    Row("error event of odd values", "code Infinity, message NaN",
        after(_event('{"error":{"code":Infinity,"message":NaN}}')), "ServiceError",
        f"{FAILED} The service said: “nan”", SO_FAR),
    Row("error event, nested", "the message is a list, 900 deep",
        after(_event('{"error":{"message":' + "[" * 900 + "]" * 900 + "}}")), "ServiceError",
        f"{FAILED} The service said: “[[[[[[[...]]]]]]]”", SO_FAR,
        mended="300 brackets were shown"),
    Row("error event before the first token", "a failure as the first event, then an answer",
        (Reply(steps=[Send(sse({"error": {"code": "502", "type": "provider_error"}}))]),
         streaming("Hello")), text="Hello", finish="stop", requests=2, retries=1),
    Row("error event after white space", "rate limit after a first, blank token",
        only(sse(chunk("\n"), {"error": {"code": "429", "type": "rate_limit"}})), "ServiceError",
        f"{SLOW} [429 rate_limit]", "\n", status=429, type="rate_limit", retries=2),
    Row("finish reason error", "the provider ended it", (fault("finish reason error"),),
        "StreamBroken", ENDED_IT, SO_FAR, retries=2),
    Row("empty stop", "a good end, and no text", (fault("empty stop"),), "ServiceError",
        EMPTY.format("stop"), retries=2),
    Row("only [DONE]", "a good end, and nothing before it", (fault("only done"),), "ServiceError",
        EMPTY.format("none"), retries=2),
    Row("empty length", "all tokens went into reasoning", (fault("empty length"),),
        finish="length"),
    # It ends too early, too late, or twice.
    Row("end without finish", "the body ends, no finish reason, no [DONE]",
        (fault("end without finish"),), "StreamBroken", CLOSED, SO_FAR, retries=2),
    _good("[DONE] without finish reason", "says that it is done", said().data, sse(), finish=None),
    _good("finish reason without [DONE]", "ends the body", said().data, sse(STOP, done=False)),
    _good("more after [DONE]", "another token behind the end", GOOD, sse(chunk("MORE"))),
    _good("flood after [DONE]", "text without end behind the end", GOOD, Endless(sse(chunk("x")), 0.0)),
    _good("two finish reasons", "stop, then length", said().data,
          sse(STOP, chunk(finish_reason="length")), finish="length"),
    _good("text after the finish reason", "the rest of the text behind it",
          sse(chunk("So far"), STOP, chunk(", so **good**"))),
    _good("usage before the text", "tokens counted first",
          sse(chunk(choices=[], usage={"prompt_tokens": 3}), done=False), GOOD),
    _good("comments after the finish reason", "keep-alives without end behind the last token",
          GOOD.removesuffix(b"data: [DONE]\n\n"), Endless(b": ZENMUX PROCESSING\n\n", 0.01),
          timeout_s=1, mended="the cell never ended; five seconds may pass after the finish reason"),
    # JSON.
    _broken_json("malformed JSON", "half an object", b'{"choices": [{"delta"',
                 '{"choices": [{"delta"'),
    _broken_json("JSON that is no object", "a list", b"[1, 2]", "[1, 2]"),
    _broken_json("nested 100,000 deep", "[[[[…", b"[" * 100_000, "[" * 60),
    _broken_json("a number of 5,000 digits", "more than Python reads", b'{"id": ' + b"9" * 5000 + b"}",
                 '{"id": ' + "9" * 53),
    _usage("counts of 4,000 digits", "usage that no float holds",
           f'"prompt_tokens":1,"completion_tokens":{"9" * 4000}',
           (1, None, None),
           "OverflowError where its speed was asked for; counts beyond 2⁵³ are now unknown"),
    _usage("counts of 1e300", "usage as a huge float", '"prompt_tokens":1e300,"completion_tokens":1e300',
           (None, None, None), "numbers of 300 digits were taken for counts"),
    _usage("NaN, Infinity, negative counts", "usage that is no count",
           '"prompt_tokens":NaN,"completion_tokens":-Infinity,"total_tokens":-5',
           (None, None, None), "a negative number was taken for a count"),
    _usage("counts that are no numbers", "texts, lists, nothing",
           '"prompt_tokens":"many","completion_tokens":[1],"total_tokens":null,'
           '"completion_tokens_details":null,"prompt_tokens_details":7', (None, None, None)),
    _good("fields twice and in another order", "content twice in one object: the last one counts",
          _event('{"choices":[{"finish_reason":null,"delta":{"content":"no","content":"So far, "},'
                 '"index":0}],"id":"a","id":"b"}'),
          _event('{"choices":[{"delta":{"content":"so **good**"}}],"choices":[{"delta":'
                 '{"content":"so **good**"}}]}'), sse(STOP)),
    _good("null wherever it may be", "null for content, delta, choices, usage",
          _event('{"choices":[{"delta":{"content":null},"finish_reason":null}]}'),
          _event('{"choices":[{"delta":null}]}'), _event('{"choices":null,"usage":null}'),
          _event('{"id":null,"model":null,"error":null}'), said().data, sse(STOP)),
    _good("types that nobody expects", "numbers for texts, texts for lists",
          _event('{"choices":"x","id":5,"model":[1],"usage":3}'),
          _event('{"choices":[7]}'), _event('{"choices":[{"delta":{"content":5,"tool_calls":"x"}}]}'),
          _event('{"choices":[{"delta":{"tool_calls":[7,{"index":"x","function":3}]}}]}'),
          said().data, sse(STOP)),
    _good("an odd finish reason", "an object, 400 deep", said().data,
          _event('{"choices":[{"finish_reason":' + "[" * 400 + "]" * 400 + "}]}"),
          finish="[[[[[[[...]]]]]]]", mended="all of it stood under the answer"),
    _good("the key comes back in names", "the key as generation id and as model",
          sse(chunk(SO_FAR, id=KEY, model=KEY), STOP),
          mended="the key stood under the answer and in the notebook's metadata"),
    # Characters.
    _good("invalid UTF-8", "bytes that are no text among the text",
          b'data: {"choices":[{"delta":{"content":"\xff\xc3"}}]}\n\n', sse(STOP), text="��"),
    _good("lone surrogates", "halves of characters, joined where they meet",
          _event('{"choices":[{"delta":{"content":"\\ud83d"}}]}'),
          _event('{"choices":[{"delta":{"content":"\\ude42 \\udead!"}}]}'), sse(STOP),
          text="🙂 �!"),
    _good("NUL and other controls", "NUL, ESC, BEL and U+2028 in the text",
          sse(chunk("a\0b\x1b[31mc\x07\u2028d\u0085e"), STOP), text="a\0b\x1b[31mc\x07\u2028d\u0085e"),
    _good("byte order mark and blanks", "blank lines, then a mark, then the first event",
          b"\n\r\n", b"\xef", b"\xbb\xbf", GOOD,
          mended="the first event was lost: the mark is looked for only at the very beginning"),
    _good("CRLF cut in two", "CR at the end of one write, LF at the begin of the next",
          *GOOD.replace(b"\n", b"\r\n").splitlines(keepends=True)),
    _good("fields of the format that nobody uses", "id, retry, comments, unknown fields",
          b": hello\nid: 7\nretry: 10\nodd: 1\nevent: message\n" + GOOD),
    _good("an event over several data lines", "one object over many lines",
          b"".join(b"data: %b\n" % line for line in
                   json.dumps(chunk(SO_FAR), indent=1).encode().splitlines()) + b"\n", sse(STOP)),
    # Large, small, without end.
    _good("an event of 10 MB", "one event, most of it a field that nobody reads",
          sse({**chunk(SO_FAR), "padding": "x" * 10_000_000}, STOP)),
    Row("an event without end", "one line that never ends",
        after(Endless(b":" + b"x" * 60_000, 0.0)), "StreamBroken",
        f"The answer is incomplete: {TOO_LONG}. What had come is kept; run the cell again.",
        SO_FAR, mended=BOUNDED),
    Row("an event of data lines without end", "data lines, and never a blank one",
        after(Endless((b"data: " + b"x" * 2000 + b"\n") * 30, 0.0)), "StreamBroken",
        f"The answer is incomplete: {TOO_LONG}. What had come is kept; run the cell again.",
        SO_FAR, mended=BOUNDED),
    Row("text without end, Stop", "a token every 10 ms, for ever; the user says %zenmux stop",
        after(Endless(sse(chunk(""), done=False))), text=SO_FAR, finish="stopped", ended_by="stop"),
    Row("text without end, interrupt", "the same; the user interrupts the cell",
        after(Endless(sse(chunk(""), done=False))), "Interrupted", text=SO_FAR,
        ended_by="interrupt"),
    Row("comments without end, Stop", "keep-alives for ever; the user says %zenmux stop",
        only(Endless(b": ZENMUX PROCESSING\n\n")), finish="stopped", ended_by="stop"),
    Row("comments without end, interrupt", "the same; the user interrupts the cell",
        only(Endless(b": ZENMUX PROCESSING\n\n")), "Interrupted", ended_by="interrupt"),
    # Compression.
    _compressed("gzip", "compresses the stream", gzip.compress(GOOD), "gzip"),
    _compressed("deflate", "compresses the stream", zlib.compress(GOOD), "deflate"),
    _compressed("gzip, each write by itself", "compresses each event by itself", _PIECES, "gzip",
                "all but the first was lost without a word"),
    Row("gzip, truncated", "ends in the middle of the compressed stream",
        only(gzip.compress(said().data, 0)[:-8], content_encoding="gzip"), "StreamBroken", CLOSED,
        SO_FAR),
    Row("gzip, reset", "resets in the middle of the compressed stream",
        only(gzip.compress(said().data, 0)[:-8], Reset(), content_encoding="gzip"), "StreamBroken",
        "The answer is incomplete: the connection was lost (…)."
        " What had come is kept; run the cell again.", SO_FAR),
    Row("gzip, broken", "says gzip, sends plain text", only(GOOD, content_encoding="gzip"),
        "StreamBroken", ALONE.format("its compression is broken (…)"),
        mended="“the connection was lost”: it was not"),
    Row("gzip bomb", "200 KB that stand for 200 MB, in one line",
        only(bomb(b"data: "), content_encoding="gzip"), "StreamBroken", ALONE.format(TOO_LONG),
        mended="held several times in memory; now decompressed in pieces, and left after 32 MB"),
    *(
        Row(f"compression unknown: {coding}", f"Content-Encoding: {coding}, which nobody asked for",
            only(b"\x0b\x02\x80abc\x03\x00\xff", content_encoding=coding), "StreamBroken",
            ALONE.format(f"it is compressed as {coding}, which was not asked for"),
            mended="“the connection was closed before the end”; zstd was even asked for on some"
            " machines")
        for coding in ("br", "zstd", "gzip, br")
    ),
    # No stream at all.
    _document("a web page", "200, the sign-in page of a proxy",
              b"<!DOCTYPE html><html>Sign in</html>", PAGE),
    _document("a web page after blanks", "200, a mark and blank lines first",
              b"\xef\xbb\xbf\r\n  <html>", PAGE),
    _document("plain words", "200, words of a proxy", b"upstream connect error", NOTHING, WORDS),
    _document("only blanks", "200, blank lines", b" \n\n \r\n", NOTHING, WORDS),
    _document("JSON of something else", "200, a JSON object of another kind", b'{"hello": 1}',
              NOTHING, WORDS),
    _document("half a JSON document", "200, cut JSON", b'{"error": {"message"',
              ALONE.format("an event is not a JSON object (“{\"error\": {\"message\"”)"), WORDS),
    Row("a JSON error as 200", "200, an error object, then an answer",
        (as_json({"error": {"code": "502", "type": "provider_error", "message": "Gone."}}),
         streaming("Hello")), text="Hello", finish="stop", requests=2, retries=1),
    Row("the whole answer at once", "200, JSON, no stream", (as_json(WHOLE),), text=SO_FAR,
        finish="stop", named=True),
    Row("the whole answer at once, reset", "200, JSON, then a reset",
        only(json.dumps(WHOLE).encode(), Reset()), text=SO_FAR, finish="stop",
        mended="the whole answer was lost"),
    Row("the whole answer at once, too short", "200, JSON, fewer bytes than it said",
        (Reply(200, {}, [Send(json.dumps(WHOLE).encode()), Close()], "length", 9999),),
        text=SO_FAR, finish="stop", mended="the whole answer was lost"),
    Row("the whole answer at once, 3 MB", "200, JSON with a large field",
        (as_json({**WHOLE, "padding": "x" * 3_000_000}),), text=SO_FAR, finish="stop",
        mended="the whole answer was lost: more than 1 MB was cut off"),
    # A prompt that is too large.
    Row("413, a large prompt", "refuses a prompt of 2 MB", (error(413, "invalid_params", "No."),),
        "ServiceError", "The prompt is too long for bench/fault. Shorten it, or choose a model with"
        " more context. [413 invalid_params] The service said: “No.”", status=413,
        type="invalid_params", retries=2, prompt="word " * 400_000),
]  # fmt: skip
