"""LibreTranslate's routes for files, and what its web page asks for."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from t5tune.serving.ascii_json import AsciiJSON
from t5tune.serving.request_bodies import read_fields, text_of
from t5tune.serving.routes.libretranslate_texts import AUTO, choose, miss
from t5tune.serving.served_languages import describe_language
from t5tune.serving.service import service_of
from t5tune.serving.split_texts import HTML, MARKDOWN, TEXT, split_texts

FILE_FORMATS = {
    ".txt": TEXT, ".md": MARKDOWN, ".markdown": MARKDOWN, ".html": HTML, ".htm": HTML,
}  # fmt: skip
DOWNLOAD = "download_file"
TIMEOUT = 500  # milliseconds after which LibreTranslate's page asks, when somebody stops typing


async def translate_file(request: Request) -> Response:
    """Translate a file, and say where it can be downloaded."""
    service = service_of(request)
    fields = await read_fields(request)
    service.admit(request, fields)
    file = fields.get("file")
    if not isinstance(file, UploadFile):
        raise miss("file")
    for name in ("source", "target"):
        if not text_of(fields, name):
            raise miss(name)
    if not file.filename:
        raise HTTPException(400, "Invalid request: empty file")
    name = PurePosixPath(file.filename.replace("\\", "/")).name
    text_format = FILE_FORMATS.get(PurePosixPath(name).suffix.lower())
    if text_format is None:
        raise HTTPException(400, "Invalid request: file format not supported")
    text = _decode(await file.read())
    source, target = text_of(fields, "source"), text_of(fields, "target")
    chosen = await choose(service, [text], source, target, text_of(fields, "model"))
    if chosen.model is not None and chosen.direction is not None:
        model = chosen.model
        (split,) = await split_texts([text], model, chosen.direction, text_format)
        search = model.search(chosen.direction)
        text = split.join(await service.translate(request, model, split.sources, search))
    address = service.files.keep(name, text.encode())
    url = request.url_for(DOWNLOAD, filename=address)
    return AsciiJSON({"translatedFileUrl": str(url)})


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise HTTPException(400, "Invalid request: the file is not in UTF-8") from None


async def download_file(request: Request) -> Response:
    """Return a translated file."""
    found = service_of(request).files.find(request.path_params["filename"])
    if found is None:
        raise HTTPException(404, "Invalid filename")
    disposition = f"attachment; filename*=utf-8''{quote(found.name)}"
    return Response(
        found.content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": disposition},
    )


async def tell_settings(request: Request) -> Response:
    """Tell a page like LibreTranslate's what it may ask for."""
    service = service_of(request)
    languages, limits = service.languages, service.limits
    source, target = _first_pair(languages.sources(), languages.targets)
    return AsciiJSON(
        {
            "charLimit": limits.characters,
            "frontendTimeout": TIMEOUT,
            "apiKeys": bool(service.keys),
            "keyRequired": bool(service.keys),
            "suggestions": False,
            "filesTranslation": True,
            "supportedFilesFormat": list(FILE_FORMATS),
            "language": {"source": source, "target": target},
        }
    )


def _first_pair(sources: list[str], targets: Any) -> tuple[dict[str, str], dict[str, str]]:
    if not sources:
        nothing = {"code": "", "name": ""}
        return nothing, nothing
    others = [target for target in targets(sources[0]) if target != sources[0]]
    return {"code": AUTO, "name": "Auto Detect"}, describe_language(others[0])


ROUTES = [
    Route("/translate_file", translate_file, methods=["POST"]),
    Route("/download_file/{filename}", download_file, name=DOWNLOAD),
    Route("/frontend/settings", tell_settings),
]
