"""``POST /api/v1/requests``, the hot path, outside the framework: same checks, same order, same problems.

Its place in the OpenAPI document is held by a route of the same path in ``http``, which is never reached.
"""

from collections.abc import Callable

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hotline_chassis.clocks import BusinessClock
from hotline_chassis.web.auth import Caller
from hotline_chassis.web.idempotency import REPLAYED, fingerprint_of, idempotency_key, scope_of
from hotline_chassis.web.problems import invalid_body, refusal_answer
from hotline_chassis.web.routes import refuse_unusable_address
from hotline_chassis.web.strict_body import parse_body, read_body, require_json_type
from hotline_chassis.web.work import authenticate
from hotline_contracts.problems import Forbidden, InvalidInput, Refusal
from intake_svc.application.take_in import NewRequest, Submissions, understand
from intake_svc.domain.categories import CategoryTree
from intake_svc.entrypoints.actors import actor_of
from intake_svc.entrypoints.schemas import RequestIn

PATH = "/api/v1/requests"
STAFF = frozenset({"agent", "shift_leader"})
WRITERS = STAFF | {"channel_client"}


class PostRequests:
    """An ASGI endpoint.

    Attributes:
        path_format: names the route in the access log.
    """

    path_format = PATH

    def __init__(
        self,
        submissions: Submissions,
        categories: CategoryTree,
        clock: BusinessClock,
        body_hash: Callable[[bytes], bytes],
    ) -> None:
        self._submissions = submissions
        self._categories = categories
        self._body_hash = body_hash
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer once what became of the request is durable."""
        scope["route"] = self
        try:
            response = await self._answer(Request(scope, receive))
        except Refusal as refusal:
            response = refusal_answer(refusal)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        caller = await authenticate(request)
        if caller.roles.isdisjoint(WRITERS):
            raise Forbidden("当前角色无权执行此操作。")
        stored = await self._submissions.submit(await self._understand(request, caller))
        headers = {REPLAYED: "true"} if stored.replayed else None
        return Response(stored.body, stored.status, headers, "application/json")

    async def _understand(self, request: Request, caller: Caller) -> NewRequest:
        raw = await read_body(request)
        if not raw:
            raise InvalidInput.at("body", "", "缺少必填项。")
        require_json_type(request.headers.get("content-type"))
        value = parse_body(raw)
        refuse_unusable_address(request)
        key = idempotency_key(request.headers)
        _refuse_other_channels(caller, value)
        try:
            asked = RequestIn.model_validate(value)
        except ValidationError as invalid:
            raise invalid_body(invalid, value) from None
        asked.ensure_fits_channel()
        if asked.category is not None:
            self._categories.ensure_known(asked.category)
        fingerprint = fingerprint_of(value, request.scope["query_string"])
        return understand(
            asked.matter(),
            asked.words(),
            asked.decision,
            actor=actor_of(caller),
            key_scope=None if key is None else scope_of(caller.sub, "POST", PATH, key),
            fingerprint=self._body_hash(fingerprint),
            now=self._clock.now(),
        )


def _refuse_other_channels(caller: Caller, value: object) -> None:
    """A machine posts only on its own channel; known before the rest of the body is looked at."""
    if not caller.roles.isdisjoint(STAFF) or not isinstance(value, dict):
        return
    channel = value.get("channel")
    if isinstance(channel, str) and channel != caller.channel:
        raise Forbidden("该客户端只能使用自己的渠道。")


class FastLane:
    """Serves the hot path before the framework's own layers, which cost as much as the rest of it.

    Args:
        lane: for ``POST`` on ``PATH``.
        stack: for everything else.
    """

    def __init__(self, lane: ASGIApp, stack: ASGIApp) -> None:
        self._lane = lane
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose by method and exact path."""
        hot = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == PATH
        await (self._lane if hot else self._stack)(scope, receive, send)
