"""Read requests: the answer and what was sent."""

from uuid import UUID

from hotline_contracts.problems import NotFound
from intake_svc.application.ports import RequestReads, StoredRequest


async def read_request(request_id: UUID, reads: RequestReads) -> StoredRequest:
    """One request.

    Raises:
        NotFound: there is no such request.
    """
    found = await reads.find(request_id)
    if found is None:
        raise NotFound("没有这一诉求。")
    return found
