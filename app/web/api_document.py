"""The OpenAPI document, arranged for reading: chapters, operations, fields. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Spec = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 4
"""Schemas nested further than this are named and not unfolded."""


@dataclass(frozen=True)
class Field:
    """One value that goes in or comes out; `name` of a nested one is a path such as `entries[].kind`."""

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True)
class Answer:
    """What an operation may answer."""

    status: str
    description: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked."""

    method: str
    path: str
    summary: str
    description: str
    policy: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answers: tuple[Answer, ...]

    @property
    def anchor(self) -> str:
        """An id for linking to it."""
        return f"{self.method}{self.path}".replace("/", "-").replace("{", "").replace("}", "").lower()


@dataclass(frozen=True)
class Chapter:
    """The operations under one tag."""

    tag: str
    description: str
    operations: tuple[Operation, ...]


def chapters(spec: Spec, policies: Mapping[tuple[str, str], str]) -> list[Chapter]:
    """The document by tag, in the order of its tags; `policies` says who may call (method, path)."""
    by_tag: dict[str, list[Operation]] = {tag["name"]: [] for tag in spec.get("tags", ())}
    for path, item in spec.get("paths", {}).items():
        shared = item.get("parameters", [])
        for method in METHODS:
            if method in item:
                operation = _operation(spec, method, path, item[method], shared, policies)
                for tag in item[method].get("tags", ("",)):
                    by_tag.setdefault(tag, []).append(operation)
    described = {tag["name"]: tag.get("description", "") for tag in spec.get("tags", ())}
    return [Chapter(tag, described.get(tag, ""), tuple(found)) for tag, found in by_tag.items() if found]


def _operation(
    spec: Spec,
    method: str,
    path: str,
    said: Spec,
    shared: list[Spec],
    policies: Mapping[tuple[str, str], str],
) -> Operation:
    parameters = [_resolve(spec, each) for each in [*shared, *said.get("parameters", [])]]
    return Operation(
        method=method.upper(),
        path=path,
        summary=said.get("summary", ""),
        description=said.get("description", ""),
        policy=policies.get((method.upper(), path), ""),
        parameters=tuple(
            Field(p["name"], _kind(spec, p.get("schema", {})), p.get("required", False), _about(p))
            for p in parameters
        ),
        body=tuple(_content(spec, said.get("requestBody", {}))),
        answers=tuple(sorted(_answers(spec, said.get("responses", {})), key=lambda answer: answer.status)),
    )


def _answers(spec: Spec, responses: Spec) -> Iterator[Answer]:
    for status, said in responses.items():
        found = _resolve(spec, said)
        if str(status) != "default":
            yield Answer(str(status), found.get("description", ""), tuple(_content(spec, found)))


def _content(spec: Spec, holder: Spec) -> Iterator[Field]:
    for media in holder.get("content", {}).values():
        yield from _fields(spec, media.get("schema", {}), "", 0)


def _fields(spec: Spec, schema: Spec, prefix: str, depth: int) -> Iterator[Field]:
    found = _resolve(spec, schema)
    if found.get("type") == "array":
        yield from _fields(spec, found.get("items", {}), f"{prefix}[]", depth)
        return
    for name, member in found.get("properties", {}).items():
        full = _resolve(spec, member)
        path = f"{prefix}.{name}" if prefix else name
        yield Field(path, _kind(spec, member), name in found.get("required", ()), _about(full))
        if depth < DEEPEST:
            yield from _fields(spec, member, path, depth + 1)


def _kind(spec: Spec, schema: Spec) -> str:
    """A schema's type in a few words: `integer (≥ 1)`, `reserved | paid`, `array of string`."""
    found = _resolve(spec, schema)
    if "enum" in found:
        return " | ".join(str(choice) for choice in found["enum"])
    kind = found.get("type", "object")
    if isinstance(kind, list):
        kind = " or ".join(kind)
    if kind == "array":
        return f"array of {_kind(spec, found.get('items', {}))}"
    form = found.get("format")
    bounds = [f"{sign} {found[name]}" for name, sign in _BOUNDS.items() if name in found]
    extra = ", ".join(([form] if form else []) + bounds)
    return f"{kind} ({extra})" if extra else str(kind)


_BOUNDS = {"minimum": "≥", "maximum": "≤", "minLength": "length ≥", "maxLength": "length ≤"}


def _about(schema: Spec) -> str:
    return str(schema.get("description", schema.get("schema", {}).get("description", "")))


def _resolve(spec: Spec, schema: Any) -> Spec:
    """Follow `$ref` to where it leads; a name alone is a shared response."""
    if isinstance(schema, str):
        schema = {"$ref": f"#/components/responses/{schema}"}
    while "$ref" in schema:
        found: Any = spec
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found.get(step, {})
        schema = found
    resolved: Spec = schema
    return resolved
