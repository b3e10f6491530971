"""`t5tune runs`: which runs there are, what is in them, and what can go."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from t5tune.cli.completion import complete_begun_run
from t5tune.cli.results import print_data, print_result_table, print_text
from t5tune.cli.shared_options import AsTable, JsonOutput, refuse_two_forms
from t5tune.console import format_bytes, say
from t5tune.run.directory import RUNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from t5tune.experiments.watching import View
    from t5tune.run.directory import RunDirectory

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


@app.command()
def watch(
    run: Annotated[
        str | None,
        typer.Argument(
            help="A run; the one that was started last if left out.",
            autocompletion=complete_begun_run,
        ),
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the lines of the log as JSON, one by one.")
    ] = False,
) -> None:
    """Follow a run from another terminal until it ends, with curves of loss and validation.

    Ends with 0 if the run is finished, else with 1. Ctrl-C ends this command, not the run.
    """
    from t5tune.console import stderr_console
    from t5tune.experiments.found_runs import find_newest_begun, find_run
    from t5tune.experiments.watching import refuse_unfinished, watch_on_terminal

    found = find_newest_begun() if run is None else find_run(run)
    if sys.stdout.isatty() and stderr_console().is_interactive and not json_output:
        view = watch_on_terminal(found)
    else:
        view = _print_new_lines(found, as_json=json_output)
    if (error := refuse_unfinished(view)) is not None:
        raise error


def _print_new_lines(run: RunDirectory, *, as_json: bool) -> View:
    """Print the lines of a log as they come, and at the end what the run is like then."""
    import json

    from t5tune.experiments.watching import describe_line, follow_lines

    view = None
    for view, lines in follow_lines(run):  # noqa: B007 (the last one is returned)
        for line in lines:
            if as_json:
                print_data(json.dumps(line))
            else:
                print_text(describe_line(line))
        sys.stdout.flush()
    assert view is not None, "a run that has ended is told too"
    if not as_json:
        print_text(view.describe())
    return view


@app.command()
def prune(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Runs, or directories of runs; all under runs/ if left out.",
            autocompletion=complete_begun_run,
        ),
    ] = None,
    keep_checkpoints: Annotated[
        int, typer.Option(min=1, help="Newest checkpoints to keep, beside the best one.")
    ] = 1,
    older_than: Annotated[
        str | None,
        typer.Option(metavar="AGE", help="Only runs unchanged for so long: 30d, 12h, 2w, 6m."),
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option(help="Only runs in this state, as t5tune runs shows it; repeatable."),
    ] = None,
    caches: Annotated[
        bool, typer.Option("--caches", help="Remove cache/ too, which can be made again.")
    ] = False,
    whole_runs: Annotated[
        bool,
        typer.Option("--whole-runs", help="Remove everything, models and reports included."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove; without it, only say what.")] = False,
    json_output: JsonOutput = False,
) -> None:
    """Show what can be removed of runs, and how much that frees; --yes removes it.

    The best checkpoint and the last one stay, and a running run is left alone.
    """
    from t5tune.experiments.found_runs import find_named_runs, find_runs
    from t5tune.experiments.pruning import (
        PruneRules,
        Removal,
        check_rules,
        plan_pruning,
        prune_runs,
        read_age,
    )

    age = 0.0 if older_than is None else read_age(older_than)
    rules = PruneRules(keep_checkpoints, age, tuple(state or ()), caches, whole_runs)
    check_rules(rules, names_runs=bool(runs))
    planned = plan_pruning(find_named_runs(runs) if runs else find_runs(RUNS), rules)
    if yes:
        planned = prune_runs(planned, rules)
    removals = []
    spared = []
    for one in planned:
        if not isinstance(one, Removal):
            spared.append(one)
            say(f"left alone: {one.run.path}: {one.reason}")
            continue
        removals.append(one)
        if not json_output:
            size = format_bytes(one.num_bytes)
            done = "removed" if yes else "would remove"
            print_text(f"{done}  {size:>9}  {one.path}  ({one.reason})")
    total = sum(one.num_bytes for one in removals)
    if json_output:
        _print_json(
            {
                "is_removed": yes,
                "num_bytes": total,
                "removals": [one.to_json() for one in removals],
                "left_alone": {str(one.run.path): one.reason for one in spared},
            }
        )
        return
    print_text(f"{'freed' if yes else 'would free'}  {format_bytes(total)}")
    if removals and not yes:
        say(f"try: {shlex.join(['t5tune', *sys.argv[1:], '--yes'])}   # removes this")


def _print_json(values: Any) -> None:
    import json

    print_data(json.dumps(values, ensure_ascii=False, indent=2))


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print_text(line)
