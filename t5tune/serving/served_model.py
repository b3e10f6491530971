"""A model that is served: its name, its languages, its queue."""

from __future__ import annotations

import logging
import shlex
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from t5tune.decoding.engines import AUTO, TORCH
from t5tune.decoding.opening import load
from t5tune.decoding.translator import Translator
from t5tune.errors import T5TuneError
from t5tune.models.model_names import choose_model
from t5tune.recipe.loading import load_resolved_recipe
from t5tune.run.directory import RunDirectory
from t5tune.serving.request_log import log
from t5tune.serving.request_queue import RequestQueue, Search
from t5tune.serving.served_engine import ServedEngine

TRANSLATION = "translation"


@dataclass(frozen=True)
class Direction:
    """Languages of a model, as it spells them; None where it has none."""

    source_lang: str | None
    target_lang: str | None

    def __str__(self) -> str:
        return f"{self.source_lang} to {self.target_lang}"


@dataclass(frozen=True)
class ModelSource:
    """A model as it was named on the command line.

    Attributes:
        name: Name that requests choose it by.
        path: Run, model directory, export or hub id.
        is_named: Whether the user gave the name.
        engine: As in `t5tune.load`.
        source_lang: Language of its texts, unless it is a run that says so itself.
        target_lang: Language of its translations, likewise.
        allow_code: As in `t5tune.load`, like the next one.
        allow_pickle: See there.
    """

    name: str
    path: str
    is_named: bool = False
    engine: str = AUTO
    source_lang: str | None = None
    target_lang: str | None = None
    allow_code: bool = False
    allow_pickle: bool = False

    @property
    def run(self) -> RunDirectory | None:
        """The run that the model, or the export, belongs to."""
        for directory in (Path(self.path), Path(self.path).parent):
            if RunDirectory(directory).is_run:
                return RunDirectory(directory)
        return None


def read_source(word: str, **options: Any) -> ModelSource:
    """Return the model that an argument names: a run, or NAME=RUN.

    Args:
        word: The argument.
        options: Further fields of `ModelSource`.

    Raises:
        T5TuneError: It does not exist.
    """
    name, equals, path = word.partition("=")
    if not equals or Path(word).exists():
        chosen = choose_model(word)
        own = Path(chosen).resolve().name if Path(chosen).is_dir() else chosen
        return ModelSource(own, chosen, **options)
    if not name:
        raise T5TuneError(
            f"{word} has no name before the equals sign.", next_command=f"t5tune serve NAME={path}"
        )
    return ModelSource(name, choose_model(path), is_named=True, **options)


class ServedModel:
    """A model that translates for requests.

    Attributes:
        source: How it was named.
        task: Task of its run, as in a recipe.
        directions: Languages that it translates between, that of its recipe first.
    """

    def __init__(
        self, source: ModelSource, make_queue: Callable[[str, ServedEngine], RequestQueue]
    ) -> None:
        self.source = source
        run = source.run
        recipe = None if run is None else load_resolved_recipe(run.recipe)
        self.task = TRANSLATION if recipe is None else recipe.task
        self.engine = self.open_engine()
        own = (None, None) if recipe is None else (recipe.source_lang, recipe.target_lang)
        languages = self.engine.directions or [
            (own[0] or source.source_lang, own[1] or source.target_lang)
        ]
        self.directions = [Direction(*one) for one in languages]
        self.queue = make_queue(source.name, self.engine)

    @property
    def name(self) -> str:
        """Name that requests choose it by."""
        return self.source.name

    @property
    def has_languages(self) -> bool:
        """Whether requests can choose it by its languages."""
        return any(one.source_lang and one.target_lang for one in self.directions)

    def open_engine(self) -> ServedEngine:
        """Open what is on disk now, and translate something with it.

        Raises:
            T5TuneError: It cannot be opened.
        """
        source, run = self.source, self.source.run
        # A run knows its languages; one with several directions turns for each request.
        languages = (None, None) if run is not None else (source.source_lang, source.target_lang)
        opened = load(
            source.path,
            engine=source.engine,
            source_lang=languages[0],
            target_lang=languages[1],
            allow_code=source.allow_code,
            allow_pickle=source.allow_pickle,
        )

        def load_in_torch(path: str) -> Translator:
            try:
                return load(path, engine=TORCH, allow_code=source.allow_code).open().translator
            except T5TuneError as error:  # of which the log would have the type alone
                problem = f"{error.message} {error.next_command or ''}".strip()
                log("not loaded", level=logging.ERROR, model=source.name, problem=problem)
                raise

        has_weights = run is not None and run.has_model
        return ServedEngine(
            opened,
            translates=self.task == TRANSLATION,
            load_in_torch=partial(load_in_torch, str(run.path)) if run and has_weights else None,
        )

    def use(self, engine: ServedEngine) -> None:
        """Translate with another engine from the next batch on."""
        self.engine = engine
        self.queue.replace(engine)

    def search(self, direction: Direction, num_hypotheses: int | None = None) -> Search:
        """Return the search of texts in one of its directions."""
        if not self.engine.directions:
            return Search(num_hypotheses=num_hypotheses)
        return Search(direction.source_lang, direction.target_lang, num_hypotheses)


def check_models(models: Sequence[ServedModel]) -> None:
    """Refuse models that requests could not tell apart.

    Raises:
        T5TuneError: Two have the same name, or the same languages without names of their own.
    """
    for name, count in Counter(model.name for model in models).items():
        if count > 1:
            raise T5TuneError(
                f"{count} models have the name {name}.",
                next_command=_naming_command(models),
            )
    first: dict[Direction, ServedModel] = {}
    for model in models:
        for direction in model.directions:
            other = first.setdefault(direction, model)
            if other is not model and not (model.source.is_named and other.source.is_named):
                languages = f"from {direction}" if model.has_languages else "between no languages"
                raise T5TuneError(
                    f"{other.source.path} and {model.source.path} both translate {languages}, and "
                    "have no names by which requests can choose.",
                    next_command=f"{_naming_command(models)}   # the first is the default",
                )


def _naming_command(models: Sequence[ServedModel]) -> str:
    words = [
        f"{model.name if model.source.is_named else f'NAME{number}'}={model.source.path}"
        for number, model in enumerate(models, start=1)
    ]
    return shlex.join(["t5tune", "serve", *words])
