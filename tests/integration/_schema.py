"""The part of JSON Schema 2020-12 that docs/policy.schema.json uses, in a page: no package is needed to judge a policy."""
import re

KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_kind(value, kind):
    if isinstance(kind, list):
        return any(is_kind(value, k) for k in kind)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, KINDS[kind])


def object_errors(value, schema, root, path):
    properties, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    others = schema.get("additionalProperties", True)
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", 10**9):
        yield f"{path}: {len(value)} members"
    for key in schema.get("required", []):
        if key not in value:
            yield f"{path}.{key}: missing"
    for key, needed in schema.get("dependentRequired", {}).items():
        if key in value and not set(needed) <= set(value):
            yield f"{path}.{key}: needs {needed}"
    for key, member in value.items():
        named = [properties[key]] if key in properties else [s for p, s in patterns.items() if re.search(p, key)]
        if not named and others is False:
            yield f"{path}.{key}: unknown"
        for sub in named or ([others] if isinstance(others, dict) else []):
            yield from errors(member, sub, root, f"{path}.{key}")


def array_errors(value, schema, root, path):
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10**9):
        yield f"{path}: {len(value)} items"
    for i, item in enumerate(value):
        yield from errors(item, schema.get("items", {}), root, f"{path}[{i}]")


def plain_errors(value, schema, path):
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9):
            yield f"{path}: {len(value)} characters"
        if "pattern" in schema and not re.search(schema["pattern"].replace("$", r"\Z"), value):
            yield f"{path}: not of the form {schema['pattern']}"
    elif isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{path}: {value} is out of range"


def errors(value, schema, root, path="policy"):
    if "$ref" in schema:
        yield from errors(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, path)
        return
    if "type" in schema and not is_kind(value, schema["type"]):
        yield f"{path}: not of type {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: not one of {schema['enum']}"
    if "const" in schema and (value != schema["const"] or isinstance(value, bool)):
        yield f"{path}: not {schema['const']}"
    if "anyOf" in schema and all(list(errors(value, s, root, path)) for s in schema["anyOf"]):
        yield f"{path}: none of the forms"
    for part in schema.get("allOf", []):
        yield from errors(value, part, root, path)
    if "not" in schema and not list(errors(value, schema["not"], root, path)):
        yield f"{path}: of a form that is refused"
    if isinstance(value, dict):
        yield from object_errors(value, schema, root, path)
    elif isinstance(value, list):
        yield from array_errors(value, schema, root, path)
    else:
        yield from plain_errors(value, schema, path)
