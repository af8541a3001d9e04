"""OpenAPI in YAML, and what strangers put into YAML."""

from __future__ import annotations

import time

import pytest

from manyeyes_tools.probing.entries import Parameter
from manyeyes_tools.probing.openapi import base_of, document_of, entries_of
from manyeyes_tools.probing.yaml_text import read_yaml

DOCUMENT = """\
openapi: 3.0.3
info: {title: x, version: 2024-01-01}
servers: [{url: "https://example.com/v1/"}]
paths:
  /users/{id}:
    get:
      parameters:
        - {name: id, in: path, required: true, schema: {type: integer}}
        - $ref: '#/components/parameters/q'
      responses: {200: {description: ok}}
components:
  parameters:
    q: {name: q, in: query, schema: {type: string, example: abc}}
"""


def test_a_description_in_yaml_gives_the_same_entries():
    (entry,) = entries_of(DOCUMENT)
    assert (entry.method, entry.path) == ("GET", "/v1/users/{id}")
    assert entry.parameters == (Parameter("id", "path", "1"), Parameter("q", "query", "abc"))


@pytest.mark.parametrize(
    ("document", "base"),
    [
        ({"openapi": "3.1.0", "servers": [{"url": "/api/"}]}, "/api"),
        ({"openapi": "3.1.0", "servers": [{"url": "https://{host}.example/v2"}]}, "/v2"),
        ({"openapi": "3.1.0", "servers": [{"url": "/{version}"}]}, ""),
        ({"openapi": "3.1.0", "servers": "nonsense"}, ""),
        ({"openapi": "3.1.0", "servers": [{"url": "http://[::1"}]}, ""),
        ({"swagger": "2.0", "basePath": "/old/"}, "/old"),
        ({"swagger": "2.0", "basePath": 5}, ""),
    ],
)
def test_what_all_paths_begin_with(document, base):
    assert base_of(document) == base


def bomb(count, lead, item):
    return f"a0: &a0 {lead}\n" + "".join(
        f"a{n}: &a{n} {item.format(','.join([f'*a{n - 1}'] * 10))}\n" for n in range(1, count)
    )


@pytest.mark.parametrize(
    "text",
    [
        bomb(20, "[x]", "[{}]"),
        bomb(20, "{x: 1}", "{{<<: [{}]}}"),
        "[" * 100_000,
        "a: &a [*a]",
        "!!python/object/apply:os.system ['true']",
        "a: b\n" * 400_000,
        "a: [",
        "openapi: &x 3\npaths: {a: *x, b: *y}",
    ],
    ids=["aliases", "merges", "deep", "itself", "objects", "long", "broken", "unknown"],
)
def test_what_would_swell_or_run_is_no_document(text):
    began = time.process_time()
    assert read_yaml(text) is None or document_of(text) is None
    assert time.process_time() - began < 5


def test_plain_values_come_out_as_json_has_them():
    assert read_yaml("a: 2024-01-01\n200: [1, 2.5, yes, null, x]") == {
        "a": "2024-01-01",
        "200": [1, 2.5, True, None, "x"],
    }
