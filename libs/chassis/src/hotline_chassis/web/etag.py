"""Versions as ``ETag``, and ``If-Match`` against them."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import WithJsonSchema
from starlette.datastructures import Headers

from hotline_contracts.problems import InvalidInput, StaleVersion

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e]*)"')
_LIST = re.compile(rf"\s*{_TAG.pattern}(?:\s*,\s*{_TAG.pattern})*\s*")


def etag(version: int) -> str:
    return f'"{version}"'


class Expected:
    """The versions a client is willing to change.

    Attributes:
        versions: the tags it named, or None for any (no header, or ``*``).
    """

    def __init__(self, if_match: str | None) -> None:
        self.versions: frozenset[str] | None = None
        if if_match is None or if_match.strip() == "*":
            return
        if not _LIST.fullmatch(if_match):
            raise InvalidInput.at("header", "/if-match", '应为 * 或带引号的版本，如 "3"。')
        # A weak tag counts as well: proxies that compress weaken ours, and the version is still in it.
        self.versions = frozenset(_TAG.findall(if_match))

    def check(self, version: int) -> None:
        """Call it once the row is locked.

        Raises:
            StaleVersion: the client saw another version.
        """
        if self.versions is not None and str(version) not in self.versions:
            raise StaleVersion("内容已被他人更新，请重新读取后再试。")


_DOCUMENTED = WithJsonSchema({"type": "string", "pattern": r'^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)$'})


def expected_of(headers: Headers) -> Expected:
    """What the request's ``If-Match`` headers say; several are one list.

    Raises:
        InvalidInput: they cannot be read.
    """
    sent = headers.getlist("if-match")
    return Expected(", ".join(sent) if sent else None)


async def _expected(
    request: Request,
    if_match: Annotated[str | None, Header(), _DOCUMENTED] = None,  # noqa: ARG001 - for the document
) -> Expected:
    return expected_of(request.headers)


IfMatch = Annotated[Expected, Depends(_expected)]


def show_version(response: Response, version: int) -> None:
    """Put the version on the answer."""
    response.headers["ETag"] = etag(version)
