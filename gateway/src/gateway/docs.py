"""The joined document and its page; the page's assets come from us, never from a CDN."""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<title>12345 热线 接口文档</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = "SwaggerUIBundle({url: '/openapi.json', dom_id: '#swagger-ui', docExpansion: 'list', validatorUrl: null});"
_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"


def documentation_routes(document: Callable[[], Awaitable[dict[str, Any]]]) -> list[BaseRoute]:
    """``/openapi.json``, ``/docs`` and its assets, ``/asyncapi.json``."""
    events = files("gateway").joinpath("asyncapi.json").read_bytes()

    async def openapi(_: Request) -> Response:
        return JSONResponse(await document())

    async def asyncapi(_: Request) -> Response:
        return Response(events, media_type="application/json")

    async def page(_: Request) -> Response:
        return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})

    async def start(_: Request) -> Response:
        return Response(_START, media_type="text/javascript")

    assets = StaticFiles(directory=str(files("fastapi_offline") / "static"))
    return [
        Route("/openapi.json", openapi, methods=["GET"]),
        Route("/asyncapi.json", asyncapi, methods=["GET"]),
        Route("/docs", page, methods=["GET"]),
        Route("/docs/start.js", start, methods=["GET"]),
        Mount("/docs/assets", assets),
    ]
