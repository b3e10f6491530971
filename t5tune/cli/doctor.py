"""`t5tune doctor`: what this machine offers, and what on it breaks t5tune."""

from __future__ import annotations

from typing import Annotated

import typer

from t5tune.cli.results import print_data, print_text


def doctor(
    json_output: Annotated[
        bool, typer.Option("--json", help="Print as JSON, for a bug report.")
    ] = False,
) -> None:
    """Examine this machine: versions, GPUs, precision, cores, caches, disks, the hub.

    Names what is known to break t5tune or to slow it down, with the command that mends it. Exits
    with 1 if something is broken. Nothing that is printed tells of the user.
    """
    import json
    from dataclasses import asdict

    from t5tune.doctor.anonymity import make_anonymous
    from t5tune.doctor.checkup import examine
    from t5tune.doctor.checkup_text import format_checkup
    from t5tune.doctor.known_faults import find_faults
    from t5tune.errors import T5TuneError

    checkup = examine()
    findings = find_faults(checkup)
    if json_output:
        values = {**checkup.to_json(), "findings": list(map(asdict, findings))}
        print_data(json.dumps(make_anonymous(values), ensure_ascii=False, indent=2))
    else:
        for line in format_checkup(checkup, findings):
            print_text(make_anonymous(line))
    broken = [finding for finding in findings if finding.is_broken]
    if broken:
        more = f" ({len(broken) - 1} more above)" if len(broken) > 1 else ""
        raise T5TuneError(
            make_anonymous(f"{broken[0].what}{more}"), next_command=make_anonymous(broken[0].mend)
        )
