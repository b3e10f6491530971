"""The page at `/`, on which people translate in a browser.

It is one document, made of the files in `page_files` and of what it shares with reports. Its policy
lets it ask this server and nothing else.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from t5tune.reporting.html.page import build_policy, read_template
from t5tune.serving.service import service_of

_SHARED_SCRIPTS = ("look.js", "differences.js")
_SCRIPTS = (
    "requests.js", "words.js", "editor.js", "pointing.js", "panel.js", "others.js",
    "alternatives.js", "languages.js", "start.js",
)  # fmt: skip


async def show_page(request: Request) -> Response:
    """Return the page, unless the server is to have none."""
    if not service_of(request).settings.has_page:
        raise HTTPException(404, "This server has no page")
    page, policy = _build()
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-cache",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(page, media_type="text/html", headers=headers)


@cache
def _build() -> tuple[str, str]:
    """Return the document and its security policy."""
    style = read_template("look.css") + _read("page.css")
    script = "\n".join([*map(read_template, _SHARED_SCRIPTS), *map(_read, _SCRIPTS)])
    page = _read("page.html")
    for name, content in (("style", style), ("script", script)):
        page = page.replace(f"<{name}></{name}>", f"<{name}>{content}</{name}>")
    own = ("connect-src 'self'", "img-src data:", "frame-ancestors 'none'")
    return page, "; ".join([build_policy(style, script), *own])


def _read(name: str) -> str:
    return files("t5tune.serving").joinpath("page_files", name).read_text(encoding="utf-8")


ROUTES = [Route("/", show_page)]
