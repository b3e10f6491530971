"""`t5tune runs`: which runs there are, what is in them, and what can go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from t5tune.cli.completion import complete_begun_run
from t5tune.cli.results import print_data, print_result_table, print_text
from t5tune.cli.shared_options import AsTable, JsonOutput, refuse_two_forms
from t5tune.console import say
from t5tune.run.directory import RUNS

if TYPE_CHECKING:
    from collections.abc import Iterable

LIST = "list"


class RunsGroup(TyperGroup):
    """The commands about runs, of which `list` may be left out."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` before arguments that do not begin with a command."""
        is_known = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        if not is_known and not ctx.resilient_parsing:
            args = [LIST, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=RunsGroup,
    help="List runs (without a command), show, compare, follow or prune them.",
)
Run = Annotated[
    str,
    typer.Argument(
        help="A run: a name under runs/, or a directory.", autocompletion=complete_begun_run
    ),
]


@app.command(name=LIST)
def list_(
    directory: Annotated[
        Path, typer.Argument(help="Directory that holds runs, or directories of runs.")
    ] = RUNS,
    json_output: JsonOutput = False,
    form: AsTable = None,
) -> None:
    """List runs, the last one that was started or continued first.

    Their states: running, interrupted, finished, failed, damaged. The score is that of the report
    with its 95 % interval, or the best validation so far. Nothing is hashed.
    """
    from t5tune.experiments.found_runs import find_runs
    from t5tune.experiments.run_table import build_run_table, summarize_runs

    refuse_two_forms(as_json=json_output, form=form)
    summaries = summarize_runs(find_runs(directory))
    if json_output:
        _print_json([one.to_json() for one in summaries])
        return
    if not summaries and form is None:
        say(f"there are no runs in {directory}")
        say("try: t5tune train RECIPE")
        return
    print_result_table(build_run_table(summaries, directory), form)


@app.command()
def show(run: Run, json_output: JsonOutput = False) -> None:
    """Show what a run records: state, scores, checkpoints, sizes, data, versions, machine."""
    from t5tune.experiments.found_runs import find_run
    from t5tune.experiments.run_details import describe_run, read_details

    found = find_run(run)
    details = read_details(found)
    if json_output:
        _print_json(details.to_json())
    else:
        _print_lines(describe_run(found, details))


@app.command()
def diff(
    first: Run,
    second: Run,
    split: Annotated[str, typer.Option(help="Split whose evaluations are compared.")] = "test",
    json_output: JsonOutput = False,
) -> None:
    """Show how a run differs from another: recipe, data, versions, and scores with paired tests."""
    from t5tune.cli.compare import print_compared
    from t5tune.experiments.found_runs import find_run
    from t5tune.experiments.run_difference import compare_runs, describe_difference

    difference = compare_runs(find_run(first), find_run(second), split)
    if json_output:
        _print_json(difference.to_json())
        return
    _print_lines(describe_difference(difference))
    if difference.comparison is not None:
        print_compared(difference.comparison)


def _print_json(values: Any) -> None:
    import json

    print_data(json.dumps(values, ensure_ascii=False, indent=2))


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print_text(line)
