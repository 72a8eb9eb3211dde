"""What a browser gets where the real programs have pages: where the API is. There are no pages."""

from __future__ import annotations

from opsrange.wire import Response


def instead_of_a_page(program: str, *examples: str) -> Response:
    """An HTML page that names API paths to try.

    Args:
        program: its name, e.g. ``Prometheus``.
        examples: paths with their queries.
    """
    links = "".join(f'<li><a href="{path}">{path}</a></li>' for path in examples)
    text = (
        f"<!doctype html><title>{program}</title><p>{program} answers its API here; it has no pages."
        f"</p><ul>{links}</ul>\n"
    )
    return Response(200, text.encode(), "text/html; charset=utf-8")
