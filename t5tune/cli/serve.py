"""`t5tune serve`: an HTTP server that translates, for clients of LibreTranslate and a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from t5tune.cli.completion import complete_run
from t5tune.cli.results import print_data
from t5tune.cli.shared_options import (
    AllowModelCode,
    AllowPickle,
    Engine,
    SourceLang,
    TargetLang,
    proposing_permission,
)

_NEEDED = ("starlette", "uvicorn", "multipart", "prometheus_client")


def serve(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[[NAME=]RUN]...",
            help="Runs, exports, model directories or hub ids, each perhaps with a name by which "
            "requests choose it; the newest run if left out.",
            autocompletion=complete_run,
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 is all of this machine.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one, which is printed.")
    ] = 5000,
    api_keys: Annotated[
        Path | None,
        typer.Option(
            help="File with the keys of clients, one on each line; else T5TUNE_API_KEYS has them."
        ),
    ] = None,
    cors_origins: Annotated[
        list[str] | None,
        typer.Option(
            "--cors-origin", help="Web site whose pages may ask, or * for all; may be repeated."
        ),
    ] = None,
    requests_per_minute: Annotated[
        int | None,
        typer.Option(min=1, help="Most requests of a key, or of an address without one."),
    ] = None,
    max_body: Annotated[
        int, typer.Option(min=1, help="Most bytes of a request, files included.")
    ] = 2_000_000,
    max_texts: Annotated[int, typer.Option(min=1, help="Most texts of a request.")] = 1000,
    max_characters: Annotated[
        int, typer.Option(min=1, help="Most characters of a text.")
    ] = 100_000,
    max_waiting: Annotated[
        int,
        typer.Option(min=1, help="Texts waiting for a model at which requests are refused."),
    ] = 4000,
    texts_per_batch: Annotated[
        int, typer.Option(min=1, help="Most texts that are translated together.")
    ] = 128,
    reload_seconds: Annotated[
        float,
        typer.Option(min=0, help="Seconds between looks for a newer model on disk; 0 for none."),
    ] = 5.0,
    log_file: Annotated[
        Path | None,
        typer.Option("--log", help="File for the log; standard error if left out."),
    ] = None,
    page: Annotated[bool, typer.Option(help="Show browsers a page that translates, at /.")] = True,
    source_lang: SourceLang = None,
    target_lang: TargetLang = None,
    engine: Engine = "auto",
    allow_code: AllowModelCode = False,
    allow_pickle: AllowPickle = False,
) -> None:
    """Serve models over HTTP: a page for browsers, and the routes of LibreTranslate."""
    _check_extra()
    from t5tune.models.model_names import choose_model
    from t5tune.serving.served_model import read_source
    from t5tune.serving.server import serve as run_server
    from t5tune.serving.server_settings import Limits, ServerSettings

    sources = [
        read_source(
            word,
            engine=engine,
            source_lang=source_lang,
            target_lang=target_lang,
            allow_code=allow_code,
            allow_pickle=allow_pickle,
        )
        for word in models or [choose_model(None)]
    ]
    limits = Limits(
        body_bytes=max_body,
        texts=max_texts,
        characters=max_characters,
        requests_per_minute=requests_per_minute,
        waiting_texts=max_waiting,
    )
    settings = ServerSettings(
        host,
        port,
        limits,
        api_keys,
        tuple(cors_origins or ()),
        texts_per_batch,
        reload_seconds,
        log_file,
        page,
    )
    with proposing_permission():
        run_server(sources, settings, print_data)


def _check_extra() -> None:
    from importlib.util import find_spec

    from t5tune.errors import T5TuneError

    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise T5TuneError(
            f"t5tune serve needs {', '.join(missing)}, which is not installed.",
            next_command="pip install 't5tune[serve]'",
        )
