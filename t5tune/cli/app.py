"""The command line: it registers every command and turns errors into sentences."""

from __future__ import annotations

import atexit
import gc
import os
import shlex
import sys
from typing import NoReturn

import typer

from t5tune import __version__
from t5tune.cli import cache, recipes, runs
from t5tune.cli.compare import compare
from t5tune.cli.data import data
from t5tune.cli.doctor import doctor
from t5tune.cli.evaluate import evaluate
from t5tune.cli.export import export
from t5tune.cli.import_command import AS_THEY_ARE, import_command
from t5tune.cli.init import init
from t5tune.cli.plan import plan
from t5tune.cli.prepare import prepare
from t5tune.cli.push import push
from t5tune.cli.reproduce import reproduce
from t5tune.cli.results import print_data
from t5tune.cli.score import score
from t5tune.cli.score_pairs import score_pairs
from t5tune.cli.serve import serve
from t5tune.cli.signals import leaving_on_signals
from t5tune.cli.streams import prepare_streams
from t5tune.cli.sweep import sweep
from t5tune.cli.train import train
from t5tune.cli.translate import TranslateCommand, translate
from t5tune.cli.validate import validate
from t5tune.cli.verify import verify
from t5tune.console import say
from t5tune.distributed.failures import end_with_failure, format_error, leave
from t5tune.distributed.processes import are_several, place, were_several
from t5tune.distributed.worker import follow_launcher, has_launcher
from t5tune.errors import T5TuneError
from t5tune.files.writing import UNWRITABLE, find_error_number, refuse_writing

app = typer.Typer(
    name="t5tune",
    help="Fine-tune encoder-decoder models: one recipe in, a model and a report out.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(init)
app.command()(train)
app.command(name="eval")(evaluate)
app.command(cls=TranslateCommand)(translate)
app.command()(score)
app.command(name="score-pairs")(score_pairs)
app.command()(compare)
app.command()(sweep)
app.add_typer(runs.app, name="runs")
app.add_typer(recipes.app, name="recipes")
app.add_typer(cache.app, name="cache")
app.command()(plan)
app.command()(data)
app.command()(prepare)
app.command(name="import", context_settings=AS_THEY_ARE)(import_command)
app.command()(validate)
app.command()(verify)
app.command()(export)
app.command()(serve)
app.command()(push)
app.command()(doctor)
app.command()(reproduce)


def _print_version(wanted: bool) -> None:
    if wanted:
        print_data(f"t5tune {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Fine-tune encoder-decoder models: one recipe in, a model and a report out."""


def main() -> None:
    """Run the command line. Exit codes: 0, 1 (user error), 2 (usage), 130 and 143 (signals)."""
    # Otherwise the exiting interpreter collects garbage among all objects of Transformers, and
    # the command seems to hang for more than a second.
    atexit.register(gc.freeze)
    prepare_streams()
    if has_launcher():
        follow_launcher()
    try:
        with leaving_on_signals():
            _run()
    except SystemExit as ended:
        if were_several():
            # Threads of torch sometimes abort an interpreter that exits normally.
            leave(ended.code if isinstance(ended.code, int) else 0)
        raise
    except T5TuneError as error:
        _end_with(error)
    except Exception as error:
        number = find_error_number(error)
        if number in UNWRITABLE:
            _end_with(_refuse_writing(error, number))
        if isinstance(error, PermissionError) and error.filename is not None:
            _end_with(_refuse_permission(error))
        _end_if_several(error)
        raise


def _run() -> None:
    """Run the command and flush what it printed."""
    try:
        app()
    finally:
        sys.stdout.flush()


def _refuse_writing(error: BaseException, number: int) -> T5TuneError:
    name = getattr(error, "filename", None)
    if name is not None:
        return refuse_writing(name, number)
    return T5TuneError(
        f"A file could not be written: {os.strerror(number)}.",
        next_command="df -h . ${TMPDIR:-/tmp}   # then the same command; it continues a run",
    )


def _refuse_permission(error: PermissionError) -> T5TuneError:
    return T5TuneError(
        f"{error.filename}: {error.strerror}.",
        next_command=f"ls -ld {shlex.quote(str(error.filename))}",
    )


def _end_with(error: T5TuneError) -> NoReturn:
    _end_if_several(error)
    if os.environ.get("T5TUNE_DEBUG") == "1":
        raise error
    say(format_error(error))
    sys.exit(1)


def _end_if_several(error: Exception) -> None:
    """Report the error to the launcher and exit at once if this is one of several processes."""
    if are_several():
        end_with_failure(error, place().rank)
