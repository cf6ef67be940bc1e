"""The one address over HTTP."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from tests.dialects.rpc.server import Fail, Rpc


def apps(rpc: Rpc) -> list[Any]:
    """Return one application for each address."""
    app = FastAPI(openapi_url=None)

    @app.post("/rpc")
    async def call(request: Request) -> Any:
        told = await request.json()
        try:
            return JSONResponse(
                {"id": told["id"], "result": rpc.answer(told["method"], told.get("params") or {})}
            )
        except Fail as fail:
            return JSONResponse(
                {
                    "id": told["id"],
                    "error": {"code": fail.code, "text": f"refused: {fail.code.lower()}"},
                }
            )

    return [app]
