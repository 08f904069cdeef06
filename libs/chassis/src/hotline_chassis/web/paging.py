"""Lists: one shape, a keyset behind an opaque cursor, and a link to the next page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeAlias, TypeVar
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import orjson
from fastapi import Depends, Query, Request, Response

from hotline_chassis.web.fields import Out
from hotline_chassis.web.strict_body import unusable_text
from hotline_contracts.problems import InvalidInput

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR = 1024
_LARGEST = 2**63 - 1  # what a bigint column can be compared with

KeyPart: TypeAlias = datetime | UUID | int | str
KeyKind: TypeAlias = type[datetime] | type[UUID] | type[int] | type[str]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Item = TypeVar("Item")
Row = TypeVar("Row")


class Page(Out, Generic[Item]):
    """One page; ``next`` is the cursor of the following one, null at the end."""

    items: list[Item]
    next: str | None


def encode_cursor(key: Sequence[KeyPart]) -> str:
    """An opaque text for the sort key of a page's last row."""
    plain = [
        (part - _EPOCH) // _MICROSECOND
        if isinstance(part, datetime)
        else str(part)
        if isinstance(part, UUID)
        else part
        for part in key
    ]
    return urlsafe_b64encode(orjson.dumps(plain)).rstrip(b"=").decode()


def decode_cursor(cursor: str, kinds: Sequence[KeyKind]) -> tuple[Any, ...]:
    """The key of ``encode_cursor``, its parts of the given types (instants aware, in UTC).

    Raises:
        InvalidInput: not a cursor of this list.
    """
    try:
        plain = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return tuple(_part(value, kind) for value, kind in zip(plain, kinds, strict=True))
    except (ValueError, TypeError, OverflowError):
        raise InvalidInput.at("query", "/cursor", "不是本列表给出的游标。") from None


def _part(value: object, kind: KeyKind) -> KeyPart:
    if kind in {datetime, int}:
        if isinstance(value, bool) or not isinstance(value, int) or not -_LARGEST <= value <= _LARGEST:
            raise TypeError("not an integer")
        return _EPOCH + value * _MICROSECOND if kind is datetime else value
    if not isinstance(value, str) or unusable_text(value):
        raise TypeError("not a text")
    return UUID(value) if kind is UUID else value


class PageRequest:
    """What the client asked of a list: how many, and after which row."""

    def __init__(self, limit: int, cursor: str | None, request: Request, response: Response) -> None:
        self.limit = limit
        self._cursor = cursor
        self._request = request
        self._response = response

    @property
    def fetch(self) -> int:
        """How many rows to read: one more than is shown tells whether there is a next page."""
        return self.limit + 1

    def after(self, *kinds: KeyKind) -> tuple[Any, ...] | None:
        """The sort key of the last row already shown, or None for the first page.

        Raises:
            InvalidInput: the cursor was not made by a list with such a key.
        """
        return None if self._cursor is None else decode_cursor(self._cursor, kinds)

    def page(
        self,
        rows: Sequence[Row],
        *,
        key: Callable[[Row], Sequence[KeyPart]],
        show: Callable[[Row], Item],
    ) -> Page[Item]:
        """The page of up to ``fetch`` rows, in their order; sets the ``Link`` header."""
        shown = rows[: self.limit]
        following = encode_cursor(key(shown[-1])) if len(rows) > self.limit else None
        if following is not None:
            self._response.headers["Link"] = f'<{self._path_to(following)}>; rel="next"'
        return Page[Item](items=[show(row) for row in shown], next=following)

    def _path_to(self, cursor: str) -> str:
        asked = parse_qsl(self._request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        kept = [(name, value) for name, value in asked if name != "cursor"]
        return f"{self._request.url.path}?{urlencode([*kept, ('cursor', cursor)])}"


async def _page_request(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(min_length=1, max_length=MAX_CURSOR)] = None,
) -> PageRequest:
    return PageRequest(limit, cursor, request, response)


Paging = Annotated[PageRequest, Depends(_page_request)]
