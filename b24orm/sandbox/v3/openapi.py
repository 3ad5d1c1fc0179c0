"""The OpenAPI document: what is served, and nothing else.

Facts: api-reference/rest-v3.md, "OpenAPI documentation", which shows the outline; the document follows the installed
modules, not the scopes of the caller. How a portal words its schemas is not documented, these are the sandbox's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from b24orm.sandbox.v3.dto import Dto, Kind, Property
from b24orm.sandbox.v3.method import Method, Parameter

__all__ = ["document"]

_TYPES: Mapping[Kind, dict[str, Any]] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "DateTime": {"type": "string", "format": "date-time"},
    "object": {"type": "object"},
}
_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "validation": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
}
_BATCH = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["method", "query"],
        "properties": {"method": {"type": "string"}, "query": {"type": "object"}, "as": {"type": "string"}},
    },
}


def document(methods: Mapping[str, Method]) -> dict[str, Any]:
    """The document about *methods*, by the names that they are called by."""
    modules = sorted({_tag(name) for name in methods})
    dtos: dict[str, Dto] = {}
    paths = {f"/{name}": _path(name, methods[name]) for name in sorted(methods)}
    for method in methods.values():
        _collect(method.answer.objects, dtos)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Bitrix24 REST V3 API", "version": "1.0.0"},
        "servers": [],
        "tags": [{"name": module, "description": f"{module} module methods"} for module in modules],
        "paths": paths,
        "components": {"schemas": {name: _schema(dto) for name, dto in sorted(dtos.items())} | {"Error": _ERROR}},
    }


def _tag(name: str) -> str:
    return name.partition(".")[0]


def _collect(objects: Iterable[Dto], found: dict[str, Dto]) -> None:
    for dto in objects:
        if dto.name not in found:
            found[dto.name] = dto
            _collect((one.relation.to() for one in dto.properties if one.relation is not None), found)


def _path(name: str, method: Method) -> dict[str, Any]:
    answer: dict[str, Any] = dict(method.answer.schema)
    if not method.bare:
        answer = {"type": "object", "properties": {"result": answer, "time": {"type": "object"}}}
    called: dict[str, Any] = {
        "tags": [_tag(name)],
        "summary": method.title,
        "responses": {
            "200": {"description": "Success", "content": _json(answer)},
            "400": {"description": "Error", "content": _json({"$ref": "#/components/schemas/Error"})},
        },
    }
    if name == "batch":
        return {"post": called | {"requestBody": {"content": _json(_BATCH)}}}
    if not method.parameters:
        return {"post": called, "get": called}
    needed = [one.name for one in method.parameters if one.required]
    body: dict[str, Any] = {"type": "object", "properties": {one.name: _asked(one) for one in method.parameters}}
    return {"post": called | {"requestBody": {"content": _json(body | ({"required": needed} if needed else {}))}}}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _asked(one: Parameter) -> dict[str, Any]:
    if one.kind == "array":
        return {"type": "array", "items": dict[str, Any](), **one.schema}
    return _TYPES[one.kind] | dict(one.schema)


def _schema(dto: Dto) -> dict[str, Any]:
    return {"type": "object", "properties": {one.name: _typed(one) for one in dto.properties}}


def _typed(one: Property) -> dict[str, Any]:
    if one.relation is not None:
        related = {"$ref": f"#/components/schemas/{one.relation.to().name}"}
        return {"type": "array", "items": related} if one.relation.many else related
    if one.kind == "array":
        return {"type": "array", "items": _TYPES[one.element] if one.element else {}, "nullable": True}
    return _TYPES[one.kind] | ({"nullable": True} if one.nullable else {})
