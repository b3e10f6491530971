"""`t5tune push`: send a finished run to the hub."""

from __future__ import annotations

from typing import Annotated

import typer

from t5tune.cli.completion import complete_run
from t5tune.cli.results import print_data, print_text
from t5tune.console import say


def push(
    run: Annotated[str, typer.Argument(help="A finished run.", autocompletion=complete_run)],
    repository: Annotated[
        str, typer.Argument(metavar="REPO", help="OWNER/NAME on the hub; created if it is new.")
    ],
    yes: Annotated[
        bool, typer.Option("--yes", help="Push; without it, only what would be pushed is shown.")
    ] = False,
    public: Annotated[
        bool, typer.Option("--public", help="Let everybody see the repository; private otherwise.")
    ] = False,
    licence: Annotated[
        str | None,
        typer.Option("--license", help="Licence for the model card, such as apache-2.0."),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Push model, card, report, recipe and exports to the hub; first show what that would be.

    Without --yes nothing is sent and no network is needed. The same command again continues a push
    that was interrupted. The token is that of hf auth login, or HF_TOKEN.
    """
    import json
    import shlex
    import sys

    from t5tune.hub.pushing import check_name, push_files
    from t5tune.hub.repository import HubRepository
    from t5tune.reporting.pushed_files import list_pushed_files
    from t5tune.run.directory import choose_run_directory

    check_name(repository)
    directory = choose_run_directory(run)
    files = list_pushed_files(directory, repository, licence)
    sizes = {
        path: len(content) if isinstance(content, bytes) else content.stat().st_size
        for path, content in sorted(files.items())
    }
    shown = {"repository": HubRepository("model", repository).page, "public": public}
    if not json_output:
        for path, size in sizes.items():
            print_text(f"{size:>15,}  {path}")
        visibility = "public" if public else "private"
        print_text(f"{sum(sizes.values()):>15,}  bytes to {shown['repository']} ({visibility})")
    commit = None
    if yes:
        pushed = push_files(repository, files, f"Push the run {directory.name}", is_public=public)
        commit = pushed.commit
        say(f"pushed: {pushed.url}, commit {commit[:7]}")
        say(f'try: t5tune translate --model {repository} "text"')
    else:
        say("nothing has been sent")
        say(f"try: {shlex.join(['t5tune', *sys.argv[1:], '--yes'])}")
    if json_output:
        print_data(json.dumps({**shown, "commit": commit, "files": sizes}, ensure_ascii=False))
