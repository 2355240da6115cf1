"""The description of the public API (OpenAPI 3.1, https://spec.openapis.org/oas/v3.1.0), made from the route table.

A route says beside its handler what it takes and gives; the frames' schemas are those that check them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from bot.gateway.answers import Frames, ServerFrame
from bot.gateway.frames import PageFrame

VERSION = "1"
SCHEMAS = "#/components/schemas/{model}"
JSON = "application/json"

Schema = dict[str, Any]
Handler = Any


@dataclass(frozen=True, slots=True)
class Reply:
    """One possible response: what it means, and what its body is (a model, or a media type)."""

    meaning: str
    body: type[BaseModel] | str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """What one route of the API does. query: name -> (schema, meaning); token: needs the visitor's token."""

    summary: str
    replies: Mapping[int, Reply]
    takes_frame: bool = False
    token: bool = False
    query: Mapping[str, tuple[Schema, str]] = field(default_factory=dict)
    origin: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One public address and method; a page or file has no operation."""

    method: str
    path: str
    handler: Handler
    name: str
    operation: Operation | None = None


API: web.AppKey[Schema] = web.AppKey("api", dict)


async def show_api(request: web.Request) -> web.Response:
    """The description itself."""
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=300"}
    return web.json_response(request.app[API], headers=headers)


def describe(routes: Sequence[Route]) -> Schema:
    """The description of these routes."""
    paths: dict[str, Schema] = {}
    for route in routes:
        if route.operation is not None:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, route.operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Yingsheng",
            "version": VERSION,
            "description": "The chat, and what monitors ask. The chat's frames are explained in docs/protocol.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(routes),
            "securitySchemes": {
                "visitor": {"type": "http", "scheme": "bearer", "description": "The token that `welcome` gave."}
            },
        },
    }


def _operation(route: Route, operation: Operation) -> Schema:
    told: Schema = {
        "operationId": route.name.replace("-", "_"),
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": {str(status): _response(reply) for status, reply in operation.replies.items()},
    }
    if operation.takes_frame:
        frame = {JSON: {"schema": {"$ref": SCHEMAS.format(model="PageFrame")}}}
        told["requestBody"] = {"required": True, "content": frame}
    # An empty requirement beside the token: hello needs none.
    told["security"] = (
        ([{"visitor": []}, {}] if operation.takes_frame else [{"visitor": []}]) if operation.token else []
    )
    return told


def _parameters(operation: Operation) -> list[Schema]:
    told: list[Schema] = [
        {"name": name, "in": "query", "schema": schema, "description": meaning}
        for name, (schema, meaning) in operation.query.items()
    ]
    if operation.origin:
        told.append(
            {
                "name": "Origin",
                "in": "header",
                "required": True,
                "schema": {"type": "string"},
                "description": "An allowed origin; any other gets 403.",
            }
        )
    return told


def _response(reply: Reply) -> Schema:
    if reply.body is None:
        return {"description": reply.meaning}
    if isinstance(reply.body, str):
        return {"description": reply.meaning, "content": {reply.body: {"schema": {"type": "string"}}}}
    schema = {"$ref": SCHEMAS.format(model=reply.body.__name__)}
    return {"description": reply.meaning, "content": {JSON: {"schema": schema}}}


def _schemas(routes: Sequence[Route]) -> Schema:
    """Every model that a route names, with all that those are made of."""
    bodies: set[type[BaseModel]] = {
        reply.body
        for route in routes
        if route.operation
        for reply in route.operation.replies.values()
        if isinstance(reply.body, type)
    }
    wanted = [
        ("PageFrame", PageFrame),
        ("ServerFrame", ServerFrame),
        *((body.__name__, body) for body in sorted(bodies | {Frames}, key=lambda one: one.__name__)),
    ]
    found: Schema = {}
    for name, model in wanted:
        schema = _schema(model)
        found.update(schema.get("$defs", {}))
        found.setdefault(name, {key: value for key, value in schema.items() if key != "$defs"})
    return dict(sorted(found.items()))


@cache
def _schema(model: Any) -> Schema:
    """A model never changes. Nobody writes into what this returns."""
    return TypeAdapter(model).json_schema(ref_template=SCHEMAS)
