"""LibreTranslate's routes for texts, with its fields, shapes and error texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from t5tune.scoring.english_names import name_language
from t5tune.serving.ascii_json import AsciiJSON
from t5tune.serving.request_bodies import read_fields, text_of
from t5tune.serving.served_languages import describe_language
from t5tune.serving.served_model import Direction, ServedModel
from t5tune.serving.service import Service, service_of
from t5tune.serving.split_texts import HTML, TEXT, SplitText, split_texts

AUTO = "auto"
_WITHOUT_LANGUAGES = (
    "No model here has languages, by which this route chooses one; "
    'POST {"texts": ["..."]} to /t5tune/translate, as JSON'
)
FORMATS = {"text": TEXT, "html": HTML}


def miss(name: str) -> HTTPException:
    """Return the refusal of a request without a field."""
    return HTTPException(400, f"Invalid request: missing {name} parameter")


def refuse_language(language: str) -> HTTPException:
    """Return the refusal of a language that is not served."""
    return HTTPException(400, f"{language} is not supported")


@dataclass(frozen=True)
class Chosen:
    """What a request is answered with.

    Attributes:
        model: The model; None where source and target are the same language.
        direction: Its direction, likewise.
        detected: The language that was detected, and how sure it is in percent, if it was.
    """

    model: ServedModel | None
    direction: Direction | None
    detected: dict[str, object] | None


async def choose(
    service: Service, texts: Sequence[str], source: str, target: str, model: str = ""
) -> Chosen:
    """Choose the model for the languages of a request.

    Raises:
        HTTPException: A language is not served, or not together with the other one.
    """
    languages = service.languages
    if not languages.codes:
        raise HTTPException(400, _WITHOUT_LANGUAGES)
    detected = None
    if source == AUTO and languages.sources():
        detected = (await run_sync(languages.detect, texts, languages.sources()))[0]
        source = str(detected["language"])
    codes = languages.find(source), languages.find(target)
    for code, given in zip(codes, (source, target), strict=True):
        if code is None:
            raise refuse_language(given)
    source_code, target_code = str(codes[0]), str(codes[1])
    if model:
        try:
            found = languages.choose_named(model, source_code, target_code)
        except KeyError:
            raise HTTPException(400, f"Invalid request: there is no model {model}") from None
    elif source_code == target_code:
        return Chosen(None, None, detected)
    else:
        found = languages.choose(source_code, target_code)
    if found is None:
        raise HTTPException(
            400,
            f"{name_language(target_code)} ({target_code}) is not available as a target language "
            f"from {name_language(source_code)} ({source_code})",
        )
    return Chosen(*found, detected)


async def translate(request: Request) -> Response:
    """Translate one text, or several."""
    service = service_of(request)
    fields = await read_fields(request)
    service.admit(request, fields)
    q = fields.get("q")
    for name in ("q", "source", "target"):
        if not fields.get(name):
            raise miss(name)
    texts = check_texts(service, q if isinstance(q, list) else [q])
    num_alternatives = _count_alternatives(service, fields.get("alternatives"))
    text_format = text_of(fields, "format") or "text"
    if text_format not in FORMATS:
        raise HTTPException(400, f"{text_format} format is not supported")
    chosen = await choose(
        service,
        texts,
        text_of(fields, "source"),
        text_of(fields, "target"),
        text_of(fields, "model"),
    )
    translations = await _translate(request, chosen, texts, text_format, num_alternatives)
    is_list = isinstance(q, list)
    answer: dict[str, Any] = {"translatedText": [best for best, *_ in translations]}
    if chosen.detected is not None:
        answer["detectedLanguage"] = [chosen.detected] * len(texts)
    if num_alternatives:
        answer["alternatives"] = [rest for _, *rest in translations]
    return AsciiJSON(answer if is_list else {name: one for name, (one,) in answer.items()})


async def _translate(
    request: Request, chosen: Chosen, texts: Sequence[str], text_format: str, num_alternatives: int
) -> list[list[str]]:
    """Return the translations of each text, best first and each once."""
    model, direction = chosen.model, chosen.direction
    if model is None or direction is None:
        return [[text] for text in texts]
    split = await split_texts(texts, model, direction, FORMATS[text_format])
    search = model.search(direction, num_alternatives + 1 if num_alternatives else None)
    sources = [source for one in split for source in one.sources]
    found = await service_of(request).translate(request, model, sources, search)
    return [
        _list_translations(one, some, num_alternatives)
        for one, some in zip(split, divide(found, split), strict=True)
    ]


def divide(found: Sequence[Any], split: Sequence[SplitText]) -> list[Sequence[Any]]:
    """Return what was found for the sentences of each text."""
    parts, done = [], 0
    for one in split:
        parts.append(found[done : done + len(one.sources)])
        done += len(one.sources)
    return parts


def _list_translations(split: SplitText, found: Sequence[Any], num_alternatives: int) -> list[str]:
    most = max(map(len, found), default=1)
    all_of_them = [split.join(found, place) for place in range(min(most, num_alternatives + 1))]
    return list(dict.fromkeys(all_of_them))


def check_texts(service: Service, values: Sequence[Any]) -> list[str]:
    """Return the texts of a request.

    Raises:
        HTTPException: One is not a text, one is too long, or there are too many.
    """
    limits = service.limits
    if not all(isinstance(value, str) for value in values):
        raise HTTPException(400, "Invalid request: q parameter is not a text")
    largest = max(map(len, values), default=0)
    for size, limit in ((len(values), limits.texts), (largest, limits.characters)):
        if size > limit:
            raise HTTPException(
                400, f"Invalid request: request ({size}) exceeds text limit ({limit})"
            )
    return list(values)


def _count_alternatives(service: Service, value: Any) -> int:
    try:
        number = max(0, int(value or 0))
    except (TypeError, ValueError, OverflowError):
        raise HTTPException(
            400, "Invalid request: alternatives parameter is not a number"
        ) from None
    most = service.limits.hypotheses - 1
    if number > most:
        raise HTTPException(400, f"Invalid request: alternatives parameter must be <= {most}")
    return number


async def detect(request: Request) -> Response:
    """Say which of the server's languages a text is in."""
    service = service_of(request)
    fields = await read_fields(request)
    service.admit(request, fields)
    q = fields.get("q")
    if not q:
        raise miss("q")
    texts = check_texts(service, q if isinstance(q, list) else [q])
    codes = service.languages.codes
    found = await run_sync(service.languages.detect, texts, codes) if codes else []
    return AsciiJSON(found)


async def list_languages(request: Request) -> Response:
    """List the languages, each with those that it can be translated to."""
    languages = service_of(request).languages
    return AsciiJSON(
        [
            {**describe_language(code), "targets": languages.targets(code)}
            for code in languages.codes
        ]
    )


ROUTES = [
    Route("/translate", translate, methods=["POST"]),
    Route("/detect", detect, methods=["POST"]),
    Route("/languages", list_languages),
]
