"""A JSON body, read within its limit and refused where plain parsers are lenient or break later.

Malformed (400): not UTF-8, not JSON (NaN and infinite numbers too), deeper than 32. Well-formed but
unusable (422, with a JSON pointer): NUL or a lone surrogate in a text, an integer no other program
reads exactly (beyond ±(2^53 - 1), RFC 7493).
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson
from starlette.requests import Request

from hotline_chassis.web.pointers import pointer_within
from hotline_contracts.problems import BodyTooLarge, InvalidInput, MalformedBody, UnsupportedMediaType

MAX_BODY = 256 * 1024
MAX_DEPTH = 32
MAX_EXACT = 2**53 - 1

_HIDDEN_TEXT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_LONG_NUMBER = re.compile(rb"[0-9]{16}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_JSON_TYPE = re.compile(r"application/(?:json|[a-z0-9.!#$&^_-]+\+json)(?:\s*;.*)?", re.IGNORECASE)


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """The raw body.

    Raises:
        BodyTooLarge: over ``limit`` bytes, announced or found while reading.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise too_large(limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"请求体不得超过 {limit // 1024} KiB。", limit=limit)


def require_json_type(content_type: str | None) -> None:
    """Refuse a body that does not say it is JSON.

    Raises:
        UnsupportedMediaType: no content type, or another one.
    """
    if content_type is None or not _JSON_TYPE.fullmatch(content_type):
        raise UnsupportedMediaType("请求体须为 application/json。")


def parse_body(raw: bytes) -> Any:
    """The JSON value of a non-empty body; cheap unless the body holds something suspicious.

    Raises:
        MalformedBody: not UTF-8, not JSON, or nested deeper than ``MAX_DEPTH``.
        InvalidInput: NUL, lone surrogates or inexact integers, with a pointer to each.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        value = _parse_lone_surrogates(raw)
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        raise MalformedBody(f"请求体嵌套不得超过 {MAX_DEPTH} 层。")
    if _HIDDEN_TEXT.search(raw) or _LONG_NUMBER.search(raw):
        _refuse_unusable(value)
    return value


def _parse_lone_surrogates(raw: bytes) -> Any:
    """What the fast parser refused: fine to parse only if lone surrogates were the sole reason."""
    malformed = MalformedBody("请求体不是有效的 UTF-8 JSON。")
    if not _HIDDEN_TEXT.search(raw):
        raise malformed
    try:
        return json.loads(raw.decode(), parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise malformed from None


def _refuse_constant(_: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ValueError("not a finite number")
    return number


def _deeper_than(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [inner for item in layer for inner in _inside(item)]
        if not layer:
            return False
    return any(isinstance(item, dict | list) for item in layer)


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _refuse_unusable(value: Any) -> None:
    errors = [
        {"in": "body", "pointer": pointer_within(value, path), "message": message}
        for path, message in _unusable(value, ())
    ]
    if errors:
        raise InvalidInput("输入未通过校验。", errors=errors)


def _unusable(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        if message := unusable_text(value):
            yield path, message
    elif isinstance(value, int) and not -MAX_EXACT <= value <= MAX_EXACT:
        yield path, "整数超出可精确表示的范围。"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unusable(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            if message := unusable_text(key):
                yield path, message
            yield from _unusable(item, (*path, key))


def unusable_text(text: str) -> str | None:
    """Why a text cannot be stored or sent on, in Chinese; None if it can."""
    if "\x00" in text:
        return "文本含有空字符（NUL）。"
    if _SURROGATE.search(text):
        return "文本含有不成对的代理字符。"
    return None
