"""The service's routes."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import Query

from hotline_chassis.web.fields import Instant
from hotline_chassis.web.paging import KeyPart, Page, Paging
from hotline_chassis.web.routes import ANY_ROLE, WorkRouter
from hotline_chassis.web.work import CallerDep, Reading, Writing
from hotline_contracts.problems import ChannelRefUsed, NotAllowedInState, NotFound, UnknownCategory
from hotline_contracts.values import Channel, RequestOutcome
from intake_svc.application.accept_request import accept_request
from intake_svc.application.decline_request import Decline, decline_request
from intake_svc.application.ports import RequestReads, RequestStore, StoredRequest, Wanted
from intake_svc.application.read_requests import read_request
from intake_svc.application.take_in import answer
from intake_svc.domain.categories import CategoryTree
from intake_svc.entrypoints import views
from intake_svc.entrypoints.actors import actor_of
from intake_svc.entrypoints.post_requests import STAFF, WRITERS
from intake_svc.entrypoints.schemas import (
    Answer,
    CategoryOut,
    CategoryTreeOut,
    DeclineIn,
    RequestDetail,
    RequestIn,
    RequestSummary,
)

READERS = STAFF | {"dispatcher", "reviewer", "auditor"}
_DECISIONS = (NotFound, NotAllowedInState)


def router(
    store: Callable[[asyncpg.Connection], RequestStore],
    reads: Callable[[asyncpg.Connection], RequestReads],
    categories: CategoryTree,
) -> WorkRouter:
    """All routes; that of ``post_requests`` is only described here."""
    routes = WorkRouter(prefix="/api/v1", tags=["requests"])
    _describe_post_requests(routes)
    tree = CategoryTreeOut(items=[CategoryOut.of(root) for root in categories.roots], next=None)

    @routes.get("/requests", roles=READERS)
    async def list_requests(
        connection: Reading,
        paging: Paging,
        outcome: RequestOutcome | None = None,
        channel: Channel | None = None,
        from_: Annotated[Instant | None, Query(alias="from")] = None,
        to: Instant | None = None,
    ) -> Page[RequestSummary]:
        wanted = Wanted(outcome=outcome, channel=channel, from_at=from_, to_at=to)
        last = paging.after(datetime, UUID)
        found = await reads(connection).page(wanted, last and (last[0], last[1]), paging.fetch)
        return paging.page(found, key=_key, show=views.summary)

    @routes.get("/requests/{request_id}", roles=READERS, refuses=[NotFound])
    async def get_request(request_id: UUID, connection: Reading) -> RequestDetail:
        return views.detail(await read_request(request_id, reads(connection)))

    @routes.post("/requests/{request_id}/accept", roles=STAFF, refuses=_DECISIONS)
    async def accept(request_id: UUID, caller: CallerDep, work: Writing) -> Answer:
        standing = await accept_request(request_id, actor_of(caller), store(work.connection), work)
        return Answer(**answer(standing))

    @routes.post("/requests/{request_id}/decline", roles=STAFF, refuses=_DECISIONS)
    async def decline(request_id: UUID, body: DeclineIn, caller: CallerDep, work: Writing) -> Answer:
        decided = Decline(**dict(body))
        standing = await decline_request(request_id, decided, actor_of(caller), store(work.connection), work)
        return Answer(**answer(standing))

    @routes.get("/categories", roles=ANY_ROLE)
    async def list_categories() -> CategoryTreeOut:
        return tree

    return routes


def _key(stored: StoredRequest) -> tuple[KeyPart, ...]:
    return (stored.created_at, stored.request_id)


def _describe_post_requests(routes: WorkRouter) -> None:
    @routes.post(
        "/requests",
        roles=WRITERS,
        refuses=[UnknownCategory, ChannelRefUsed, "unavailable"],
        status_code=201,
        response_model=Answer,
    )
    async def post_request(body: RequestIn) -> None:
        """Same channel and channel_ref with the same body: 200 with the first answer."""
        raise NotImplementedError(body.channel)

    routes.routes[-1].responses[200] = {
        "description": "Sent before on the same channel under the same channel_ref: the first answer",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}},
    }
