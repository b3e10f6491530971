"""Newer models on disk, which take the place of those that are served."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from t5tune.decoding.engines import AUTO, choose_export
from t5tune.decoding.export.settings import list_exports
from t5tune.errors import T5TuneError
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import MANIFEST
from t5tune.serving.request_log import LOGGER, log
from t5tune.serving.served_model import ModelSource, ServedModel
from t5tune.serving.server_metrics import ServerMetrics

State = tuple[tuple[str, int, int], ...]  # name, inode and time of each manifest


class ModelWatch:
    """A look at the disk now and then, and the exchange of models that have changed there.

    A model is loaded beside the one that translates, which is let go of after its last batch. It
    is loaded when two looks have found the same, so that it is not read while it is written.

    Args:
        models: The models that are served.
        metrics: What is counted.
    """

    def __init__(self, models: Sequence[ServedModel], metrics: ServerMetrics) -> None:
        self._models = models
        self._metrics = metrics
        self._served = {model.name: read_state(model.source) for model in models}
        self._seen = dict(self._served)

    async def watch(self, seconds: float) -> None:
        """Look at the disk every so many seconds, for ever."""
        while True:
            await asyncio.sleep(seconds)
            await self.look()

    async def look(self) -> None:
        """Look at the disk once, and exchange what has changed since the last look but one."""
        for model in self._models:
            state = await asyncio.to_thread(read_state, model.source)
            was_seen = self._seen[model.name] == state
            self._seen[model.name] = state
            if was_seen and state != self._served[model.name]:
                self._served[model.name] = state
                await asyncio.to_thread(self._exchange, model)

    def _exchange(self, model: ServedModel) -> None:
        try:
            problem = _find_obstacle(model)
            if problem is None:
                engine = model.open_engine()
                if engine.directions == model.engine.directions:
                    model.use(engine)
                    log("reloaded", model=model.name, engine=engine.name)
                    self._metrics.reloads.labels(model.name, "done").inc()
                    return
                problem = "it has other directions now: start the server again"
        except T5TuneError as error:
            problem = f"{error.message} {error.next_command or ''}".strip()
        except Exception:  # whatever is on disk now, what is in memory goes on translating
            logging.getLogger(LOGGER).exception("a newer model could not be loaded")
            problem = "an error, which the line before names"
        log("not reloaded", level=logging.WARNING, model=model.name, reason=problem)
        self._metrics.reloads.labels(model.name, "failed").inc()


def read_state(source: ModelSource) -> State:
    """Return what tells whether a model on disk is still the same; empty for one of the hub."""
    return tuple(_read_manifests(source))


def _read_manifests(source: ModelSource) -> Iterator[tuple[str, int, int]]:
    path = Path(source.path)
    run = RunDirectory(path)
    directories = [run.model, *list_exports(run)] if run.is_run else [path]
    for directory in directories:
        for name in (MANIFEST, "config.json"):
            try:
                status = (directory / name).stat()
            except OSError:
                continue
            yield str(directory / name), status.st_ino, status.st_mtime_ns
            break


def _find_obstacle(model: ServedModel) -> str | None:
    """Return why what is on disk does not take the place of what is served yet."""
    source = model.source
    if not model.engine.is_export or source.engine != AUTO:
        return None
    if choose_export(source.path, source.engine) is None:
        return f"the model is newer than its export: t5tune export {source.path}"
    return None
