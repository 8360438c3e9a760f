"""A validator for the part of JSON Schema that `z.toJSONSchema(NodeConfig)` uses.

The schema is generated from factory/contracts/node.ts when the image is baked. A keyword that is
not known here is an error when the schema is loaded, never ignored: a contract that grows beyond
this validator must fail in a test, not let a node start with an unchecked configuration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, cast

Json = Any

_ANNOTATIONS: Final = {"$schema", "$id", "title", "description", "default", "examples", "id"}
_TYPES: Final = {"object", "array", "string", "number", "integer", "boolean", "null"}
_NUMBERS: Final = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
_LENGTHS: Final = {"minLength", "maxLength", "minItems", "maxItems"}
_SUBSCHEMAS: Final = {"items", "propertyNames"}
_ALTERNATIVES: Final = {"anyOf", "oneOf"}
_KEYWORDS: Final = (
    _ANNOTATIONS
    | _NUMBERS
    | _LENGTHS
    | _SUBSCHEMAS
    | _ALTERNATIVES
    | {"type", "properties", "required", "additionalProperties", "pattern", "enum", "const"}
)


class SchemaError(ValueError):
    """The schema itself asks for something this validator does not know."""


@dataclass(frozen=True)
class Fault:
    """path: as `stores[0].endpoint`, empty for the document itself."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or 'document'}: {self.message}"


def translate_pattern(pattern: str) -> re.Pattern[str]:
    """An ECMAScript pattern as Python reads it: `$` is the very end, classes are ASCII."""
    out: list[str] = []
    in_class = False
    position = 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\" and position + 1 < len(pattern):
            escaped = pattern[position + 1]
            out.append(escaped if escaped == "/" else char + escaped)
            position += 2
            continue
        if char == "[":
            in_class = True
        elif char == "]":
            in_class = False
        out.append(r"\Z" if char == "$" and not in_class else char)
        position += 1
    try:
        return re.compile("".join(out), re.ASCII)
    except re.error as error:
        raise SchemaError(f"pattern {pattern!r}: {error}") from error


class Schema:
    """A loaded schema: every keyword known, every pattern compiled."""

    def __init__(self, document: Json) -> None:
        self._patterns: dict[str, re.Pattern[str]] = {}
        self._load(document, "")
        self._root = document

    def check(self, value: Json) -> list[Fault]:
        """All faults of a value, in the order of the schema; an empty list when it is valid."""
        return self._check(self._root, value, "")

    def _load(self, schema: Json, path: str) -> None:
        where = path or "schema"
        if not isinstance(schema, dict):
            raise SchemaError(f"{where}: a schema must be an object, not {_name(schema)}")
        unknown = sorted(set(schema) - _KEYWORDS)
        if unknown:
            raise SchemaError(f"{where}: unknown keyword {', '.join(unknown)}")
        if "type" in schema and schema["type"] not in _TYPES:
            raise SchemaError(f"{where}: unknown type {schema['type']!r}")
        if "pattern" in schema:
            self._patterns[schema["pattern"]] = translate_pattern(schema["pattern"])
        for name, child in schema.get("properties", {}).items():
            self._load(child, f"{where}.{name}")
        for keyword in _SUBSCHEMAS & set(schema):
            self._load(schema[keyword], f"{where}.{keyword}")
        for keyword in _ALTERNATIVES & set(schema):
            for index, child in enumerate(schema[keyword]):
                self._load(child, f"{where}.{keyword}[{index}]")
        extra = schema.get("additionalProperties", True)
        if not isinstance(extra, bool):
            self._load(extra, f"{where}.additionalProperties")

    def _check(self, schema: dict[str, Json], value: Json, path: str) -> list[Fault]:
        if "type" in schema and not _is(schema["type"], value):
            return [Fault(path, f"must be {_article(schema['type'])}, is {_name(value)}")]
        if "const" in schema and not _same(schema["const"], value):
            return [Fault(path, f"must be {_show(schema['const'])}, is {_show(value)}")]
        if "enum" in schema and not any(_same(choice, value) for choice in schema["enum"]):
            choices = ", ".join(_show(choice) for choice in schema["enum"])
            return [Fault(path, f"must be one of {choices}, is {_show(value)}")]
        faults: list[Fault] = []
        if isinstance(value, str):
            faults += self._check_string(schema, value, path)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            faults += _check_number(schema, value, path)
        elif isinstance(value, list):
            faults += self._check_array(schema, value, path)
        elif isinstance(value, dict):
            faults += self._check_object(schema, value, path)
        faults += self._check_alternatives(schema, value, path)
        return faults

    def _check_string(self, schema: dict[str, Json], value: str, path: str) -> list[Fault]:
        faults: list[Fault] = []
        if len(value) < schema.get("minLength", 0):
            faults.append(Fault(path, f"must have at least {schema['minLength']} characters"))
        if "maxLength" in schema and len(value) > schema["maxLength"]:
            faults.append(Fault(path, f"must have at most {schema['maxLength']} characters"))
        if "pattern" in schema and not self._patterns[schema["pattern"]].search(value):
            faults.append(Fault(path, f"{_show(value)} does not match {schema['pattern']}"))
        return faults

    def _check_array(self, schema: dict[str, Json], value: list[Json], path: str) -> list[Fault]:
        faults: list[Fault] = []
        if len(value) < schema.get("minItems", 0):
            faults.append(Fault(path, f"must have at least {schema['minItems']} entries"))
        if "maxItems" in schema and len(value) > schema["maxItems"]:
            faults.append(Fault(path, f"must have at most {schema['maxItems']} entries"))
        if "items" in schema:
            for index, item in enumerate(value):
                faults += self._check(schema["items"], item, f"{path}[{index}]")
        return faults

    def _check_object(self, schema: dict[str, Json], value: dict[str, Json], path: str) -> list[Fault]:
        faults: list[Fault] = []
        properties = cast("dict[str, Json]", schema.get("properties", {}))
        extra = schema.get("additionalProperties", True)
        for name in schema.get("required", []):
            if name not in value:
                faults.append(Fault(_join(path, name), "is missing"))
        for name, item in value.items():
            here = _join(path, name)
            if "propertyNames" in schema:
                faults += self._check(schema["propertyNames"], name, here)
            if name in properties:
                faults += self._check(properties[name], item, here)
            elif extra is False:
                known = ", ".join(sorted(properties)) or "none"
                faults.append(Fault(here, f"is not a known key (known: {known})"))
            elif isinstance(extra, dict):
                faults += self._check(extra, item, here)
        return faults

    def _check_alternatives(self, schema: dict[str, Json], value: Json, path: str) -> list[Fault]:
        faults: list[Fault] = []
        for keyword in sorted(_ALTERNATIVES & set(schema)):
            tried = [(child, self._check(child, value, path)) for child in schema[keyword]]
            passed = sum(1 for _, found in tried if not found)
            if keyword == "oneOf" and passed > 1:
                faults.append(Fault(path, f"fits {passed} alternatives, must fit exactly one"))
            elif passed == 0:
                faults += _closest(tried, value, path)
        return faults


def _closest(tried: list[tuple[dict[str, Json], list[Fault]]], value: Json, path: str) -> list[Fault]:
    """The faults of the alternative that the value was meant as, told by its literal members."""
    meant = [
        found
        for schema, found in tried
        if isinstance(value, dict)
        and any(
            "const" in child and name in value and _same(child["const"], value[name])
            for name, child in schema.get("properties", {}).items()
        )
    ]
    if len(meant) == 1:
        return meant[0]
    kinds = [
        _show(child["const"])
        for schema, _ in tried
        for name, child in schema.get("properties", {}).items()
        if name == "kind" and "const" in child
    ]
    if isinstance(value, dict) and len(kinds) == len(tried):
        given = _show(value["kind"]) if "kind" in value else "missing"
        return [Fault(_join(path, "kind"), f"must be one of {', '.join(kinds)}, is {given}")]
    shapes = " or ".join(
        "{" + ", ".join(schema["properties"]) + "}" if "properties" in schema else _describe(schema)
        for schema, _ in tried
    )
    if not isinstance(value, dict):
        return [Fault(path, f"must be {shapes}, is {_name(value)}")]
    overlapping = [found for schema, found in tried if set(value) & set(schema.get("properties", {}))]
    if len(overlapping) == 1:
        return overlapping[0]
    return [Fault(path, f"must be exactly one of {shapes}")]


def _check_number(schema: dict[str, Json], value: float, path: str) -> list[Fault]:
    faults: list[Fault] = []
    if "minimum" in schema and value < schema["minimum"]:
        faults.append(Fault(path, f"must be at least {schema['minimum']}, is {value}"))
    if "maximum" in schema and value > schema["maximum"]:
        faults.append(Fault(path, f"must be at most {schema['maximum']}, is {value}"))
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        faults.append(Fault(path, f"must be above {schema['exclusiveMinimum']}, is {value}"))
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        faults.append(Fault(path, f"must be below {schema['exclusiveMaximum']}, is {value}"))
    return faults


def _is(kind: str, value: Json) -> bool:
    if kind == "null":
        return value is None
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return whole and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, {"object": dict, "array": list, "string": str}[kind])


def _same(expected: Json, value: Json) -> bool:
    """Equality of JSON values: Python's own holds 1 and True for the same."""
    return isinstance(expected, bool) == isinstance(value, bool) and bool(expected == value)


def _name(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"


def _article(kind: str) -> str:
    return kind if kind == "null" else f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"


def _describe(schema: dict[str, Json]) -> str:
    return _article(str(schema["type"])) if "type" in schema else "another shape"


def _show(value: Json) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
