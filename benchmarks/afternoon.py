"""Time the way from a file to a served model by the clock, with the commands of docs/tutorial.md.

.venv/bin/python benchmarks/afternoon.py DIRECTORY --data DATA [--case NAME …] [--change KEY=VALUE]

DATA holds multi30k/ (train.en, train.de). The machine should have nothing else to do. The cases:

    captions-3000.csv     the first captions of Multi30k, in English and German
    captions-10000.csv    more of them
    captions-2000.xlsx    fewer, as a spreadsheet program saves them
    phrases.tsv           the phrasebook that ships, with the `--minutes 5` of docs/tutorial.md

Each is drafted by `t5tune init FILE --yes --model scratch` and goes through validate, data, plan,
train, eval, translate and serve, each a process of its own. Printed are the seconds of each command
by the clock; serve's are those until it has answered a request. The drafts are trained as they are,
unless `--change` gives other values.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CASES = ("captions-3000.csv", "captions-10000.csv", "captions-2000.xlsx", "phrases.tsv")
TEXT = "Two dogs run across the grass."
ADDRESS = re.compile(rb"http://127\.0\.0\.1:\d+")


def build_file(name: str, data: Path, directory: Path) -> Path:
    """Write the table of a case, and return its place."""
    path = directory / name
    if name == "phrases.tsv":
        return Path(shutil.copy(ROOT / "recipes" / "phrasebook" / "train.tsv", path))
    number = int(re.findall(r"\d+", name)[0])
    sides = (
        (data / "multi30k" / f"train.{language}").open(encoding="utf-8")
        for language in ("en", "de")
    )
    rows = [[side.strip() for side in pair] for pair in islice(zip(*sides, strict=True), number)]
    rows.insert(0, ["English", "German"])
    if path.suffix == ".xlsx":
        import openpyxl

        workbook = openpyxl.Workbook()
        for row in rows:
            workbook.active.append(row)
        workbook.save(path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    return path


def run(directory: Path, *arguments: str) -> tuple[float, str]:
    """Run a command, and return its seconds and what it printed on stdout."""
    start = time.perf_counter()
    with (directory / f"{arguments[0]}.log").open("wb") as log:
        done = subprocess.run(
            [sys.executable, "-m", "t5tune", *arguments],
            stdout=subprocess.PIPE, stderr=log, cwd=directory, check=False,
        )  # fmt: skip
    if done.returncode:
        sys.exit(Path(log.name).read_text(encoding="utf-8"))
    return time.perf_counter() - start, done.stdout.decode()


def serve(directory: Path, model: str) -> float:
    """Return the seconds from the command to the first answer."""
    command = [sys.executable, "-m", "t5tune", "serve", model, "--port", "0"]
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            assert process.stdout is not None
            address = next(found[0] for line in process.stdout if (found := ADDRESS.search(line)))
            body = json.dumps({"q": TEXT, "source": "en", "target": "de"}).encode()
            request = urllib.request.Request(
                address.decode() + "/translate", body, {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                seconds = time.perf_counter() - start
                print(f"  serve: {TEXT} -> {json.load(answer)['translatedText']}")
        finally:
            process.send_signal(signal.SIGTERM)
    return seconds


def time_case(file: Path, directory: Path, changes: Sequence[str]) -> None:
    """Print what each command took, and the scores."""
    minutes = ("--minutes", "5") if file.name == "phrases.tsv" else ()
    init = ("init", file.name, "--yes", "--model", "scratch", *minutes, "--json", "--overwrite")
    seconds: dict[str, float] = {}
    seconds["init"], printed = run(directory, *init)
    recipe = Path(json.loads(printed)["recipe"]).name
    for command in ("validate", "data", "plan", "train"):
        seconds[command], printed = run(directory, command, recipe, *changes)
    name = Path(recipe).stem
    seconds["eval"], printed = run(directory, "eval", f"runs/{name}")
    seconds["translate"], translation = run(directory, "translate", "--model", f"runs/{name}", TEXT)
    seconds["serve"] = serve(directory, f"runs/{name}")
    print("\n".join(f"  {line}" for line in printed.splitlines()))
    print(f"  translate: {translation.strip()}")
    each = ", ".join(f"{command} {taken:.1f}" for command, taken in seconds.items())
    log = (directory / "runs" / name / "log.jsonl").read_text(encoding="utf-8").splitlines()
    last = json.loads(log[-1])
    total = sum(seconds.values())
    print(f"  {total:.0f} s = {total / 60:.1f} minutes: {each}; {last['step']} steps", flush=True)


def main() -> None:
    """Time every case, one after the other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--change", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    for name in options.case or CASES:
        directory = options.directory.resolve() / Path(name).stem
        directory.mkdir(parents=True)
        file = build_file(name, options.data.resolve(), directory)
        print(f"{name} (load {os.getloadavg()[0]:.1f})", flush=True)
        time_case(file, directory, options.change)


if __name__ == "__main__":
    main()
