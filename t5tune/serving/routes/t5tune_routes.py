"""Routes of our own: n-best lists with scores, alignments, continuations, line by line.

docs/serving.md says what they take and return.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, TypeVar

from anyio.to_thread import run_sync
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from t5tune.decoding.documents.splitting import Segment
from t5tune.serving.request_bodies import read_json
from t5tune.serving.request_queue import Found, Search
from t5tune.serving.routes.libretranslate_texts import AUTO, check_texts, divide
from t5tune.serving.served_languages import Choice, describe_language
from t5tune.serving.served_model import Direction, ServedModel
from t5tune.serving.service import Service, service_of
from t5tune.serving.split_texts import split_texts

MOST_PAIRS = 100  # that are aligned for one request

Text = str


class ModelFields(BaseModel):
    """What says which model is asked.

    Attributes:
        model: Name of a model; the first one for the languages if left out.
        source: Language of the texts; it may be left out where that leaves one choice.
        target: Language of the translations, likewise.
        api_key: Key of the client.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str = ""
    source: str = ""
    target: str = ""
    api_key: str = ""


class TranslationFields(ModelFields):
    """Fields of `/t5tune/translate`."""

    texts: list[Text]
    num_hypotheses: Annotated[int, Field(ge=1)] = 1
    alignments: bool = False
    split: bool = True


class PairFields(ModelFields):
    """Fields of `/t5tune/align`."""

    sources: Annotated[list[Text], Field(max_length=MOST_PAIRS)]
    hypotheses: Annotated[list[Text], Field(max_length=MOST_PAIRS)]


class ContinuationFields(ModelFields):
    """Fields of `/t5tune/continue`."""

    text: Text
    prefix: str = ""
    num_hypotheses: Annotated[int, Field(ge=1)] = 5


class StreamFields(ModelFields):
    """Fields of `/t5tune/stream`."""

    text: Text
    split: bool = True


Fields = TypeVar("Fields", bound=ModelFields)


async def _read(request: Request, kind: type[Fields]) -> Fields:
    """Return the fields of a request from a client that may ask.

    Raises:
        HTTPException: They are wrong, or the client may not ask.
    """
    values = await read_json(request)
    service_of(request).admit(request, values)
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise HTTPException(400, f"Invalid request: {place}: {first['msg']}") from None


async def _choose(service: Service, fields: ModelFields, texts: Sequence[str]) -> Choice:
    languages = service.languages
    source: str | None = fields.source
    if source == AUTO:
        found = await run_sync(languages.detect, texts, languages.sources() or [""])
        source = str(found[0]["language"])
    codes: list[str | None] = []
    for given in (source, fields.target):
        code = languages.find(given) if given else None
        if given and code is None:
            raise HTTPException(400, f"{given} is not supported")
        codes.append(code)
    names = [fields.model] if fields.model else [model.name for model in service.models]
    for name in names:
        try:
            choice = languages.choose_named(name, *codes)
        except KeyError:
            known = ", ".join(model.name for model in service.models)
            raise HTTPException(
                400, f"Invalid request: there is no model {name}; there are {known}"
            ) from None
        if choice is not None:
            return choice
    sides = [code or "any language" for code in codes]
    raise HTTPException(400, f"No model translates from {sides[0]} to {sides[1]}")


async def list_models(request: Request) -> Response:
    """List the models with their directions, and the limits of requests."""
    service = service_of(request)
    limits = service.limits
    return JSONResponse(
        {
            "models": [_describe(service, model) for model in service.models],
            "key_required": bool(service.keys),
            "limits": {
                "texts": limits.texts,
                "characters": limits.characters,
                "hypotheses": limits.hypotheses,
                "body_bytes": limits.body_bytes,
            },
        }
    )


def _describe(service: Service, model: ServedModel) -> dict[str, Any]:
    engine = model.engine
    return {
        "name": model.name,
        "task": model.task,
        "engine": engine.name,
        "num_beams": engine.options.num_beams,
        "directions": [_describe_direction(service, one) for one in model.directions],
        "has_alignments": engine.has_alignments,
        "has_continuations": engine.has_continuations,
    }


def _describe_direction(service: Service, direction: Direction) -> dict[str, Any]:
    sides = (("source", direction.source_lang), ("target", direction.target_lang))
    return {
        side: None if language is None else describe_language(service.languages.code_of(language))
        for side, language in sides
    }


async def translate(request: Request) -> Response:
    """Translate texts; each sentence comes with its hypotheses and, if wanted, its alignment."""
    start = time.perf_counter()
    service = service_of(request)
    fields = await _read(request, TranslationFields)
    texts = check_texts(service, fields.texts)
    num = fields.num_hypotheses
    if num > service.limits.hypotheses:
        raise HTTPException(
            400, f"Invalid request: num_hypotheses must be <= {service.limits.hypotheses}"
        )
    model, direction = await _choose(service, fields, texts)
    _check_ability(model, "alignments", is_wanted=fields.alignments)
    split = await split_texts(texts, model, direction, is_whole=not fields.split)
    # A score comes with a list of several, which is searched for in another way.
    search = model.search(direction, num if num > 1 else None)
    sources = [source for one in split for source in one.sources]
    found = await service.translate(request, model, sources, search)
    aligned: list[Any] = [None] * len(sources)
    if fields.alignments:
        best = [hypotheses[0].text for hypotheses in found]
        aligned = await _align(model, sources, best, search)
    parts = zip(split, divide(found, split), divide(aligned, split), strict=True)
    return JSONResponse(
        {
            **_describe_answer(service, (model, direction)),
            "seconds": round(time.perf_counter() - start, 4),
            "translations": [
                {
                    "translation": one.join(some),
                    "segments": _list_segments(list(one.pair(some)), iter(alignments)),
                }
                for one, some, alignments in parts
            ],
        }
    )


def _describe_answer(service: Service, choice: Choice) -> dict[str, Any]:
    model, direction = choice
    codes = {
        side: language and service.languages.code_of(language)
        for side, language in (("source", direction.source_lang), ("target", direction.target_lang))
    }
    return {"model": model.name, "engine": model.engine.name, **codes}


def _list_segments(pairs: Sequence[tuple[Segment, Found]], alignments: Any) -> list[dict[str, Any]]:
    segments = []
    for segment, hypotheses in pairs:
        text = segment.render(hypotheses[0].text) if hypotheses else segment.before
        segments.append(
            {
                "before": segment.before,
                "source": segment.source,
                "text": text[len(segment.before) :],
                "hypotheses": [{"text": one.text, "score": one.score} for one in hypotheses],
                "alignment": next(alignments) if segment.source else None,
            }
        )
    return segments


def _check_ability(model: ServedModel, name: str, *, is_wanted: bool = True) -> None:
    is_able = getattr(model.engine, f"has_{name}")
    if is_wanted and not is_able:
        raise HTTPException(400, f"Invalid request: the model {model.name} has no {name}")


async def _align(
    model: ServedModel, sources: Sequence[str], hypotheses: Sequence[str], search: Search
) -> list[dict[str, Any] | None]:
    return await run_sync(model.engine.align, sources, hypotheses, search)


async def align(request: Request) -> Response:
    """Align sources with hypotheses, word by word."""
    service = service_of(request)
    fields = await _read(request, PairFields)
    sources, hypotheses = (
        check_texts(service, some) for some in (fields.sources, fields.hypotheses)
    )
    if len(sources) != len(hypotheses):
        raise HTTPException(
            400, f"Invalid request: {len(sources)} sources, {len(hypotheses)} hypotheses"
        )
    model, direction = await _choose(service, fields, sources)
    _check_ability(model, "alignments")
    found = await _align(model, sources, hypotheses, model.search(direction))
    return JSONResponse({**_describe_answer(service, (model, direction)), "alignments": found})


async def continue_(request: Request) -> Response:
    """Continue a translation that begins with given words, in several ways."""
    service = service_of(request)
    fields = await _read(request, ContinuationFields)
    text, prefix = check_texts(service, [fields.text, fields.prefix])
    model, direction = await _choose(service, fields, [text])
    _check_ability(model, "continuations")
    num = min(fields.num_hypotheses, service.limits.hypotheses)
    search = model.search(direction, num)
    found = await run_sync(model.engine.continue_, text, prefix, search)
    return JSONResponse(
        {
            **_describe_answer(service, (model, direction)),
            "hypotheses": [{"text": one.text, "score": one.score} for one in found],
        }
    )


async def stream(request: Request) -> Response:
    """Translate a long text, and send each sentence as soon as it and those before it are done."""
    service = service_of(request)
    fields = await _read(request, StreamFields)
    if not fields.text:
        raise HTTPException(400, "Invalid request: missing text parameter")
    # The body has a limit, and that of the characters is for texts that are answered at once.
    text = fields.text
    choice = await _choose(service, fields, [text])
    model, direction = choice
    (split,) = await split_texts([text], model, direction, is_whole=not fields.split)
    job = service.submit(request, model, split.sources, model.search(direction))

    async def write_lines() -> AsyncIterator[str]:
        try:
            yield _line({**_describe_answer(service, choice), "num_sentences": len(split.sources)})
            results = job.each()
            for segment in split.segments:
                best = (await anext(results))[0].text if segment.source else ""
                yield _line(
                    {"source": segment.source, "text": segment.render(best), "translation": best}
                )
            yield _line({"done": True})
        except Exception:
            yield _line({"error": "Cannot translate text: the server's log says why"})
            raise
        finally:
            service.cancel(model, job)

    return StreamingResponse(write_lines(), media_type="application/x-ndjson")


def _line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False) + "\n"


ROUTES = [
    Route("/t5tune/models", list_models),
    Route("/t5tune/translate", translate, methods=["POST"]),
    Route("/t5tune/align", align, methods=["POST"]),
    Route("/t5tune/continue", continue_, methods=["POST"]),
    Route("/t5tune/stream", stream, methods=["POST"]),
]
