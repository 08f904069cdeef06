"""What can be refused: one row per slug, and the exception that carries it to the edge.

The edge (``hotline_chassis.web``) turns a ``Refusal`` into ``application/problem+json``; nothing else
is mapped, so an unforeseen error stays a 500.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of refusal: kebab-case slug, HTTP status, Chinese title."""

    slug: str
    status: int
    title: str


PROBLEMS: dict[str, ProblemKind] = {
    kind.slug: kind
    for kind in (
        ProblemKind("malformed-body", 400, "请求体格式有误"),
        ProblemKind("unauthenticated", 401, "未通过身份认证"),
        ProblemKind("forbidden", 403, "无权执行此操作"),
        ProblemKind("not-found", 404, "未找到"),
        ProblemKind("method-not-allowed", 405, "不支持该请求方法"),
        ProblemKind("stale-version", 412, "版本已过期"),
        ProblemKind("body-too-large", 413, "请求体过大"),
        ProblemKind("unsupported-media-type", 415, "不支持的内容类型"),
        ProblemKind("invalid-input", 422, "输入有误"),
        ProblemKind("idempotency-key-reused", 422, "幂等键已用于不同的请求"),
        ProblemKind("unknown-unit", 422, "承办单位不存在"),
        ProblemKind("unknown-category", 422, "事项分类不存在"),
        ProblemKind("no-limit", 422, "该职责没有时限"),
        ProblemKind("no-directory-match", 409, "派单目录中没有匹配的承办单位"),
        ProblemKind("not-allowed-in-state", 409, "当前状态不允许该操作"),
        ProblemKind("already-redone", 409, "工单已重办过"),
        ProblemKind("redo-already-refused", 409, "重办申请已被驳回"),
        ProblemKind("redo-not-requested", 409, "没有可决定的重办申请"),
        ProblemKind("already-rated", 409, "已评价过"),
        ProblemKind("idempotency-in-progress", 409, "相同幂等键的请求正在处理"),
        ProblemKind("channel-ref-used", 409, "渠道编号已用于不同的请求"),
        ProblemKind("unit-exists", 409, "承办单位代码已存在"),
        ProblemKind("unit-in-use", 409, "承办单位正在使用"),
        ProblemKind("clock-only-forward", 409, "已有诉求后时钟只能向前"),
        ProblemKind("system-clock", 409, "系统使用真实时钟"),
        ProblemKind("internal-error", 500, "系统内部错误"),
        ProblemKind("bad-gateway", 502, "上游服务异常"),
        ProblemKind("unavailable", 503, "服务暂不可用"),
        ProblemKind("gateway-timeout", 504, "服务应答超时"),
    )
}


class Refusal(Exception):
    """A foreseen "no". Subclasses name the fact and fix the slug.

    Attributes:
        slug: key of ``PROBLEMS``.
        detail: one Chinese sentence for the person who asked; holds no personal data.
        extra: further members of the problem document (JSON values).
        passing: a fact that is on its way to this service may lift the refusal within moments, so the edge
            tries again for as long as it waits for young ids.
    """

    slug = "invalid-input"
    passing = False

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra

    @property
    def kind(self) -> ProblemKind:
        return PROBLEMS[self.slug]


class InvalidInput(Refusal):
    """422: ``errors`` lists ``{"in", "pointer", "message"}``; never the value itself."""

    slug = "invalid-input"

    @classmethod
    def at(cls, where: str, pointer: str, message: str) -> "InvalidInput":
        return cls("输入未通过校验。", errors=[{"in": where, "pointer": pointer, "message": message}])


class Forbidden(Refusal):
    slug = "forbidden"


class Unauthenticated(Refusal):
    slug = "unauthenticated"


class NotFound(Refusal):
    slug = "not-found"


class StaleVersion(Refusal):
    slug = "stale-version"


class NotAllowedInState(Refusal):
    """409: carries ``state`` and ``allowed``, all actions of that state, sorted."""

    slug = "not-allowed-in-state"

    def __init__(self, action: str, state: str, allowed: list[str]) -> None:
        named = "、".join(allowed) or "无"
        super().__init__(
            f"当前状态为 {state}，不能执行 {action}；可执行的操作：{named}。",
            state=state,
            allowed=allowed,
        )


class UnknownUnit(Refusal):
    slug = "unknown-unit"


class UnknownCategory(Refusal):
    slug = "unknown-category"


class NoDirectoryMatch(Refusal):
    slug = "no-directory-match"


class NoLimit(Refusal):
    slug = "no-limit"


class ChannelRefUsed(Refusal):
    slug = "channel-ref-used"


class IdempotencyKeyReused(Refusal):
    slug = "idempotency-key-reused"


class IdempotencyInProgress(Refusal):
    slug = "idempotency-in-progress"


class ClockOnlyForward(Refusal):
    slug = "clock-only-forward"


class UsesSystemClock(Refusal):
    slug = "system-clock"


class MalformedBody(Refusal):
    slug = "malformed-body"


class BodyTooLarge(Refusal):
    slug = "body-too-large"


class UnsupportedMediaType(Refusal):
    slug = "unsupported-media-type"


class Unavailable(Refusal):
    slug = "unavailable"
