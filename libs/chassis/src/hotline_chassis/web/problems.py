"""Every "no" as ``application/problem+json``: one place turns exceptions into answers."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from hotline_chassis.tracing import current_trace
from hotline_chassis.web.messages import message_of
from hotline_chassis.web.pointers import pointer_within
from hotline_contracts.problems import PROBLEMS, InvalidInput, Refusal

PROBLEM_JSON = "application/problem+json"

_log = structlog.get_logger("hotline.web")

_BY_STATUS = {
    400: ("malformed-body", "请求有误，无法解析。"),
    401: ("unauthenticated", "请先登录。"),
    403: ("forbidden", "无权执行此操作。"),
    404: ("not-found", "没有这个地址。"),
    405: ("method-not-allowed", "该地址不支持此请求方法。"),
    413: ("body-too-large", "请求体过大。"),
    415: ("unsupported-media-type", "不支持的内容类型。"),
    503: ("unavailable", "服务暂不可用，请稍后再试。"),
}
_DATABASE_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
)


def problem(
    slug: str,
    detail: str,
    *,
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer of one kind of ``PROBLEMS``; ``detail`` is Chinese and holds no personal data."""
    kind = PROBLEMS[slug]
    document = {
        "type": f"urn:hotline:problem:{slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        **(extra or {}),
    }
    return Response(orjson.dumps(document), kind.status, headers, PROBLEM_JSON)


def refusal_answer(refusal: Refusal) -> Response:
    return problem(refusal.slug, refusal.detail, extra=refusal.extra, headers=_headers_of(refusal))


def _headers_of(refusal: Refusal) -> dict[str, str] | None:
    if refusal.slug == "unauthenticated":
        return {"WWW-Authenticate": 'Bearer realm="hotline"'}
    if refusal.slug in {"unavailable", "idempotency-in-progress"}:
        return {"Retry-After": "1"}
    return None


def invalid_input(errors: Sequence[Mapping[str, Any]], body: Any) -> InvalidInput:
    """A refusal from pydantic's errors whose ``loc`` begins with body, query, path or header."""
    found: dict[tuple[str, str], list[str]] = {}
    for error in errors:
        messages = found.setdefault(_where(error, body), [])
        if (message := message_of(error)) not in messages:
            messages.append(message)
    # A union fails once for each branch: one item for the field, naming the ways it could be right.
    items = [
        {
            "in": where,
            "pointer": pointer,
            "message": "，或".join(text.rstrip("。") for text in messages) + "。",
        }
        for (where, pointer), messages in found.items()
    ]
    return InvalidInput("输入未通过校验。", errors=items)


def invalid_body(error: ValidationError, body: Any) -> InvalidInput:
    """A refusal from a model validated by hand; ``body`` is the parsed JSON it was given."""
    found = error.errors(include_url=False, include_input=False)
    return invalid_input([{**item, "loc": ("body", *item["loc"])} for item in found], body)


def _where(error: Mapping[str, Any], body: Any) -> tuple[str, str]:
    where, *path = error["loc"]
    if where == "body":
        return where, pointer_within(body, path, missing=error["type"] == "missing")
    return str(where), f"/{path[0]}" if path else ""


def unforeseen_answer(error: BaseException) -> Response:
    """A 5xx for what nobody foresaw: logged by type and place, its message (it may quote data) nowhere."""
    trace = current_trace()
    trace_id = trace.trace_id if trace else None
    away = isinstance(error, _DATABASE_AWAY)
    _log.error(
        "unforeseen", error=_name(error), place=_places(error), sqlstate=getattr(error, "sqlstate", None)
    )
    if away:
        detail = "数据库暂时无法使用，操作是否生效未知；请用同一幂等键重试。"
        return problem("unavailable", detail, extra={"trace_id": trace_id}, headers={"Retry-After": "1"})
    return problem("internal-error", "系统内部错误，请凭追踪号联系管理员。", extra={"trace_id": trace_id})


def _name(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def _places(error: BaseException) -> list[str]:
    """The innermost frames, outermost first: file, line and function only."""
    frames: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/site-packages/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames[-12:]


def install_problem_handlers(app: FastAPI) -> None:
    """Make the app answer refusals, invalid parameters and HTTP exceptions as problems."""
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


async def _on_refusal(_: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return refusal_answer(error)


async def _on_invalid(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return refusal_answer(invalid_input(error.errors(), error.body))


async def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    slug, detail = _BY_STATUS.get(error.status_code, ("internal-error", "系统内部错误。"))
    headers = dict(error.headers or {})
    if error.status_code == 405:  # noqa: PLR2004 - the framework names one route's methods only
        headers["Allow"] = ", ".join(allowed_methods(request))
    return problem(slug, detail, headers=headers)


def allowed_methods(request: Request) -> list[str]:
    """All methods that any route of the app takes on this path, sorted."""
    methods: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods)
