"""What a call must be, beside having a value from outside, to do harm: each by the name that `sinks` uses.

A condition takes the frame, the call and the value that comes to it, and gives the value that does the harm, or None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.conditions.of_code import (
    called_attribute,
    code,
    compiled,
    format_string,
    loader,
    named_by_caller,
    numpy,
    request_only,
    template,
    torch,
    yaml,
)
from manyeyes_tools.evidence.taint.conditions.of_commands import command, program, shell, shell_program
from manyeyes_tools.evidence.taint.conditions.of_documents import log, lxml, pandas_text, sax, xml
from manyeyes_tools.evidence.taint.conditions.of_fields import model, whole_request
from manyeyes_tools.evidence.taint.conditions.of_files import (
    archive,
    archive_content,
    file,
    path_object,
    rooted_file,
    saved_upload,
    upload_name,
)
from manyeyes_tools.evidence.taint.conditions.of_pages import (
    address,
    declared_html,
    handler_address,
    handler_error,
    handler_write,
    host,
    html_response,
    markup,
    raw_head,
)
from manyeyes_tools.evidence.taint.conditions.of_queries import (
    built_text,
    document,
    mongo_code,
    raw_text,
    statement,
    strict_statement,
    xpath_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.values import Value

CONDITIONS: dict[str, Callable[[Frame, Site, Value], Value | None]] = {
    "statement": statement, "strict statement": strict_statement, "built": built_text, "raw text": raw_text,
    "document": document, "mongo code": mongo_code, "command": command, "shell": shell,
    "shell program": shell_program, "program": program, "code": code, "compiled": compiled,
    "request only": request_only, "called attribute": called_attribute, "named by caller": named_by_caller,
    "loader": loader, "yaml": yaml, "torch": torch, "numpy": numpy, "template": template, "format": format_string,
    "markup": markup, "html response": html_response, "declared html": declared_html, "handler write": handler_write,
    "handler address": handler_address, "handler error": handler_error, "address": address, "host": host,
    "file": file, "rooted file": rooted_file, "path object": path_object, "saved upload": saved_upload,
    "upload name": upload_name, "archive": archive, "archive content": archive_content, "lxml": lxml, "xml": xml,
    "sax": sax, "log": log, "raw head": raw_head, "pandas text": pandas_text, "model": model,
    "whole request": whole_request, "xpath text": xpath_text,
}  # fmt: skip
"""The conditions by their names."""
