"""Routes whose answer is sent only after their transaction has committed (docs/decisions/0004)."""

from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from fastapi import Request, Response
from fastapi.routing import APIRoute

from hotline_chassis.web import openapi
from hotline_chassis.web.etag import expected_of
from hotline_chassis.web.idempotency import (
    KeyedRequest,
    begin_keyed,
    fingerprint_of,
    idempotency_key,
    keep_answer,
    scope_of,
)
from hotline_chassis.web.strict_body import MAX_BODY, parse_body, read_body, require_json_type
from hotline_chassis.web.work import CALLER, READING_METHODS, WORK, Work, authenticate, equipment_of
from hotline_chassis.web.young_ids import wait_for_young
from hotline_contracts.problems import Forbidden, InvalidInput, Refusal
from hotline_contracts.values import ROLES

PUBLIC: frozenset[str] = frozenset()
"""Roles of a route that needs no token."""
ANY_ROLE: frozenset[str] = ROLES
"""Roles of a route that needs a token, whatever its role."""
ROLES_KEY = "x-roles"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class CheckedRequest(Request):
    """A request whose body was read and checked; the framework gets both forms from memory."""

    def __init__(self, request: Request, raw: bytes, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self.raw = raw
        self.value = value

    async def body(self) -> bytes:
        return self.raw

    async def json(self) -> Any:
        return self.value


class Undone(Exception):
    """A route answered with an error by itself: what it did must not stay."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class WorkRoute(APIRoute):
    """Checks who calls and what is sent, runs the endpoint in one transaction, commits, then answers."""

    def get_route_handler(self) -> Handler:
        """Wrap the framework's handler; its order is the contract's: 401, 403, body, parameters."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            await self._admit(request)
            checked = await self._check(request)
            refuse_unusable_address(request)
            keyed = _keyed(checked)
            equipment = equipment_of(request)
            try:
                if equipment.database is None or not request.path_params:
                    return await _attempt(handle, checked, keyed)
                return await wait_for_young(
                    lambda: _attempt(handle, checked, keyed),
                    request.path_params.values(),
                    now=equipment.database.clock.now,
                    system_clock=equipment.system_clock,
                )
            except Undone as undone:
                return undone.response

        return answer

    @property
    def roles(self) -> frozenset[str]:
        return frozenset((self.openapi_extra or {})[ROLES_KEY])

    async def _admit(self, request: Request) -> None:
        roles = self.roles
        if not roles:
            return
        caller = await authenticate(request)
        if caller.roles.isdisjoint(roles):
            raise Forbidden("当前角色无权执行此操作。")
        request.scope[CALLER] = caller

    async def _check(self, request: Request) -> CheckedRequest:
        if request.method in READING_METHODS:
            return CheckedRequest(request, b"", None)
        raw = await read_body(request, MAX_BODY)
        expected_of(request.headers)  # also where a kept answer is about to be given again
        value = None
        if raw:
            require_json_type(request.headers.get("content-type"))
            value = parse_body(raw)
            if self.body_field is None and value not in ({}, None):
                raise InvalidInput.at("body", "", "该操作不接受请求体。")
        return CheckedRequest(request, raw, value)


async def _attempt(handle: Handler, request: CheckedRequest, keyed: KeyedRequest | None) -> Response:
    """One complete try: begin, do, keep the answer, commit. Returns only what is durable."""
    equipment = equipment_of(request)
    writes = request.method not in READING_METHODS
    async with AsyncExitStack() as stack:
        work = Work(equipment.database, stack, writes=writes)
        request.scope[WORK] = work
        if keyed is not None:
            connection = (await work.transaction()).connection
            kept = await begin_keyed(connection, keyed, equipment.sealing_keys())
            if kept is not None:
                return kept
        response = await handle(request)
        if response.status_code >= 400:  # noqa: PLR2004
            raise Undone(response)
        if keyed is not None:
            await keep_answer(
                connection,
                keyed,
                response,
                keys=equipment.sealing_keys(),
                at=equipment.system_clock.now(),
            )
    return response


def _keyed(request: CheckedRequest) -> KeyedRequest | None:
    """What an ``Idempotency-Key`` binds; None without one, and on reads and public routes."""
    caller = request.scope.get(CALLER)
    if caller is None or request.method in READING_METHODS:
        return None
    key = idempotency_key(request.headers)
    if key is None:
        return None
    scope = scope_of(caller.sub, request.method, request.scope["path"], key)
    return KeyedRequest(scope, fingerprint_of(request.value, request.scope["query_string"]))


def refuse_unusable_address(request: Request) -> None:
    """Refuse what no text column and no identifier can hold.

    Raises:
        InvalidInput: NUL in the path or the query, or a query that is not UTF-8.
    """
    if "\x00" in request.scope["path"]:
        raise InvalidInput.at("path", "", "路径含有空字符（NUL）。")
    query: bytes = request.scope["query_string"]
    if b"%" not in query and query.isascii():
        return
    text = unquote_to_bytes(query)
    if b"\x00" in text:
        raise InvalidInput.at("query", "", "查询参数含有空字符（NUL）。")
    try:
        text.decode()
    except UnicodeDecodeError:
        raise InvalidInput.at("query", "", "查询参数不是有效的 UTF-8。") from None


class WorkRouter:
    """Collects a service's routes; each says who may call it and what it refuses.

    Args:
        prefix: stands before every path.
        tags: OpenAPI tags of every route.
    """

    def __init__(self, *, prefix: str = "", tags: Sequence[str] = ()) -> None:
        self.prefix = prefix
        self.tags = list(tags)
        self.routes: list[WorkRoute] = []

    def get(
        self,
        path: str,
        *,
        roles: Collection[str],
        refuses: Iterable[str | type[Refusal]] = (),
        **options: Any,
    ) -> Callable[[Endpoint], Endpoint]:
        """Declare a route that reads."""
        return self._declare("GET", path, roles, refuses, options)

    def post(
        self,
        path: str,
        *,
        roles: Collection[str],
        refuses: Iterable[str | type[Refusal]] = (),
        **options: Any,
    ) -> Callable[[Endpoint], Endpoint]:
        """Declare a route that creates or acts."""
        return self._declare("POST", path, roles, refuses, options)

    def put(
        self,
        path: str,
        *,
        roles: Collection[str],
        refuses: Iterable[str | type[Refusal]] = (),
        **options: Any,
    ) -> Callable[[Endpoint], Endpoint]:
        """Declare a route that creates or replaces."""
        return self._declare("PUT", path, roles, refuses, options)

    def _declare(
        self,
        method: str,
        path: str,
        roles: Collection[str],
        refuses: Iterable[str | type[Refusal]],
        options: Mapping[str, Any],
    ) -> Callable[[Endpoint], Endpoint]:
        if unknown := set(roles) - ROLES:
            raise ValueError(f"{method} {path}: unknown roles {sorted(unknown)}")

        def declare(endpoint: Endpoint) -> Endpoint:
            self.routes.append(
                WorkRoute(
                    self.prefix + path,
                    endpoint,
                    methods=[method],
                    tags=[*self.tags],
                    responses=openapi.problems(*openapi.usual(method, signed_in=bool(roles)), *refuses),
                    openapi_extra=openapi.operation(method, roles),
                    **options,
                )
            )
            return endpoint

        return declare
