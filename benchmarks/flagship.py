"""Train recipes/wmt-en-de.yaml, unmodified, from a hub on loopback: time, memory, files, requests.

.venv/bin/python benchmarks/flagship.py DIRECTORY [--pairs N] [--change KEY=VALUE]

DIRECTORY keeps the two repositories for the next time: `wmt/wmt14` with N pairs of pseudo-text from
benchmarks/corpus.py (all 4,508,785 unless told otherwise), laid out as on the hub, and
`google-t5/t5-small` with random weights and a vocabulary of 32,000 pieces. Three commands follow,
each ended by SIGTERM during its first step, which it ends: `cold` with empty caches, `warm` as
a new run, and `resumed`, which continues the cold run. Printed for each:

- when each part of it ended, in seconds since the command was typed, and the seconds that
  processors had worked for it until then;
- the greatest memory before the first step and during the steps: of the main process (resident,
  and how much of that no file backs), and of all processes together (pages that several share are
  counted once);
- what was requested from the hub, and which files came.

A sample is taken every quarter of a second, and every second after the first minute; this is also
how exact the times are.
"""

from __future__ import annotations

import argparse
import mmap
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from corpus import CHUNK, NUM_PAIRS, PairGenerator, train_tokenizer, write_parquet

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from tests.hub.data_sets import front_matter, translation_table  # noqa: E402
from tests.hub.server import Hub, Request  # noqa: E402

MODEL, DATA = "google-t5/t5-small", "wmt/wmt14"
HELD_OUT = {"validation": 3000, "test": 3003}  # newstest2013 and newstest2014
SAMPLE_SECONDS, SLOW_SAMPLE_SECONDS = 0.25, 1.0
SETTLED_SECONDS = 60.0  # after which samples are rarer, since they cost what they measure
SETTLE = 10.0  # seconds from the announcement of the first step until a signal is waited for
MIB = 2**20

LOAD = """
import time
start = time.perf_counter()
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
imported = time.perf_counter()
AutoTokenizer.from_pretrained("FOLDER")
AutoModelForSeq2SeqLM.from_pretrained("FOLDER")
print(f"{imported - start:.1f} {time.perf_counter() - imported:.1f}")
"""


def build_model(folder: Path) -> None:
    """Save a model of t5-small's shape and weights of other libraries, which nobody needs."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    if not (folder / "tokenizer.json").exists():
        train_tokenizer(folder)
    torch.manual_seed(0)
    config = T5Config(decoder_start_token_id=0)  # its defaults are the shape of t5-small
    T5ForConditionalGeneration(config).save_pretrained(folder)
    for name in ("pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "rust_model.ot"):
        (folder / name).write_bytes(b"\0" * 10_000_000)
    (folder / "README.md").write_bytes(b"---\nlicense: apache-2.0\n---\n# Random weights\n")


def build_data(folder: Path, num_pairs: int) -> None:
    """Write two configurations with all splits; the shards of the second one are small."""
    config = folder / "de-en"
    if not config.exists():
        unfinished = folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        write_parquet(unfinished, num_pairs)
        unfinished.rename(config)
    first = -(-NUM_PAIRS // CHUNK)  # chunks that no number of training pairs reaches
    for split, num in HELD_OUT.items():
        ((sources, targets),) = PairGenerator().chunks(num, first)
        table = translation_table(list(zip(sources, targets, strict=True)))
        (config / f"{split}-00000-of-00001.parquet").write_bytes(table)
        first += 1
    shutil.rmtree(folder / "cs-en", ignore_errors=True)
    (folder / "cs-en").mkdir()
    for path in config.glob("*.parquet"):
        (folder / "cs-en" / path.name).write_bytes(translation_table([("a", "b")], ("en", "cs")))
    configs = [
        {
            "config_name": name,
            "data_files": [
                {"split": split, "path": f"{name}/{split}-*"} for split in ("train", *HELD_OUT)
            ],
        }
        for name in ("cs-en", "de-en")
    ]
    (folder / "README.md").write_bytes(front_matter(configs=configs))


def map_files(folder: Path) -> dict[str, bytes | memoryview]:
    """Return the files of a repository, on the disk until they are requested."""
    files: dict[str, bytes | memoryview] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as stream:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        files[path.relative_to(folder).as_posix()] = memoryview(mapped)
    return files


@dataclass(frozen=True)
class Sample:
    """Describe a moment of a command; memory is in bytes.

    Attributes:
        seconds: Since the command was typed.
        processors: Seconds that processors have worked for it.
        highest: Greatest resident memory of the main process so far.
        anonymous: Memory of the main process that no file backs.
        together: Memory of all processes, with shared pages counted once.
        num_processes: That were running.
    """

    seconds: float
    processors: float
    highest: int
    anonymous: int
    together: int
    num_processes: int


@dataclass
class Course:
    """Record a command from its start to its end.

    Attributes:
        samples: In order.
        ends: Of its parts: sample by name.
        lines: That it printed.
        code: With which it ended.
    """

    samples: list[Sample] = field(default_factory=list)
    ends: dict[str, Sample] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    code: int = 0


def take_sample(pid: int, start: float) -> Sample:
    """Measure a process and all that it has started; this takes milliseconds."""
    everyone = [pid, *_children(pid)]
    sizes = [_read_sizes(Path(f"/proc/{one}/smaps_rollup")) for one in everyone]
    return Sample(
        time.monotonic() - start,
        sum(_processor_seconds(one) for one in everyone),
        _read_sizes(Path(f"/proc/{pid}/status")).get("VmHWM", 0),
        sizes[0].get("Anonymous", 0),
        sum(size.get("Pss", 0) for size in sizes),
        len(everyone),
    )


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_children(int(child))]
    return found


def _read_sizes(path: Path) -> dict[str, int]:
    with suppress(OSError):
        fields = [line.split() for line in path.read_text().splitlines()]
        return {each[0][:-1]: int(each[1]) * 1024 for each in fields if each[-1] == "kB"}
    return {}


def _processor_seconds(pid: int) -> float:
    """Return the seconds of a process, with those of children that have ended."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def follow(command: Sequence[str], environment: dict[str, str], hub: Hub, run: Path) -> Course:
    """Run a training up to its first step, interrupt it there, and wait for its end."""
    course, start = Course(), time.monotonic()
    log = run / "log.jsonl"
    step = 1 + (len(log.read_text().splitlines()) if log.is_file() else 0)
    is_interrupted = False
    process = subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert process.stderr is not None
    reader = threading.Thread(target=lambda: course.lines.extend(process.stderr or ()))
    reader.start()
    stores = Path(environment["T5TUNE_CACHE"]) / "tokens"
    while process.poll() is None:
        sample = take_sample(process.pid, start)
        if sample.highest:
            course.samples.append(sample)
            note_ends(course, sample, hub, stores, log, step)
        begun = course.ends.get("the first step begins")
        if begun and not is_interrupted and time.monotonic() - start > begun.seconds + SETTLE:
            is_interrupted = True
            process.terminate()  # a shell's background jobs ignore Ctrl-C
        is_long = sample.seconds > SETTLED_SECONDS
        time.sleep(SLOW_SAMPLE_SECONDS if is_long else SAMPLE_SECONDS)
    reader.join()
    course.code = process.returncode
    return course


def note_ends(course: Course, sample: Sample, hub: Hub, stores: Path, log: Path, step: int) -> None:
    """Note which parts of the command have ended by now."""
    names = [path.name for path in stores.iterdir()] if stores.is_dir() else []
    is_building = any(name.endswith(".tmp") for name in names)
    ends = course.ends
    if hub.requests:
        ends.setdefault("imports, up to the first request", sample)
    if is_building:
        ends.setdefault("model and data are there", sample)
    elif "model and data are there" in ends:
        ends.setdefault("tokens are stored", sample)
    if any(line.startswith("training: ") for line in list(course.lines)):
        ends.setdefault("the first step begins", sample)
    if log.is_file() and f'"step": {step},' in log.read_text():
        ends.setdefault("step", sample)


def describe(name: str, course: Course, requests: Sequence[Request], hub: Hub) -> Iterator[str]:
    """Yield the lines about a command."""
    yield f"\n{name}: ended with {course.code}"
    ends = course.ends
    for part, sample in ends.items():
        what = "the first step has ended" if part == "step" else part
        yield (f"  {what:<36} {sample.seconds:8.1f} s   processors {sample.processors:8.1f} s")
    begins = ends["the first step begins"].seconds
    for part, samples in (
        # The sample that saw the announcement has a part of the first step in it.
        ("before the steps", [one for one in course.samples if one.seconds < begins]),
        ("during the steps", [one for one in course.samples if one.seconds >= begins]),
    ):
        yield (
            f"  memory {part}: main process {max(s.highest for s in samples) / MIB:,.0f} MiB "
            f"resident, {max(s.anonymous for s in samples) / MIB:,.0f} of its own; all "
            f"{max(s.num_processes for s in samples)} processes "
            f"{max(s.together for s in samples) / MIB:,.0f}"
        )
    methods = Counter(request.method for request in requests)
    yield f"  requests: {sum(methods.values())} ({dict(methods) or 'none'})"
    for path, count in Counter(
        request.path for request in requests if request.method == "GET"
    ).items():
        yield f"    {count} x {path.partition('?')[0]}{_size_of(path, hub)}"


def _size_of(path: str, hub: Hub) -> str:
    for (kind, name), repository in hub.repositories.items():
        start = f"/{'datasets/' if kind == 'datasets' else ''}{name}/resolve/"
        if path.startswith(start):
            file = path.removeprefix(start).partition("/")[2]
            return f"   {len(repository.files()[file]) / 1e6:,.1f} MB"
    return ""


def size_of(folder: Path) -> float:
    """Return the size of the files in a folder, links not followed, in MB."""
    return sum(p.lstat().st_size for p in folder.rglob("*") if not p.is_dir()) / 1e6


def main() -> None:
    """Build the repositories, train three times and print what was seen."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument(
        "--change",
        dest="changes",
        action="append",
        default=[],
        help="such as data.train.max_examples=200000",
    )
    parser.add_argument("--pairs", type=int, default=NUM_PAIRS)
    options = parser.parse_args()
    model, data = options.directory / "model", options.directory / f"wmt14-{options.pairs}"
    if not (data / "README.md").exists():
        build_data(data, options.pairs)
    if not (model / "README.md").exists():
        build_model(model)
    print(f"{options.pairs:,} pairs; load of the machine {os.getloadavg()[0]:.1f}", flush=True)
    with Hub() as hub, tempfile.TemporaryDirectory(dir=options.directory) as temporary:
        hub.add("models", MODEL, map_files(model))
        hub.add("datasets", DATA, map_files(data))
        train_three_times(hub, Path(temporary), options.changes)


def train_three_times(hub: Hub, folder: Path, changes: Sequence[str]) -> None:
    """Train cold, warm and resumed, with caches in an empty folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "T5TUNE_"))}
    own = {"HF_ENDPOINT": hub.address, "HF_HOME": str(folder / "hf")}
    environment = {**kept, **own, "T5TUNE_CACHE": str(folder / "t5tune")}
    command = [sys.executable, "-m", "t5tune", "train", str(REPOSITORY / "recipes/wmt-en-de.yaml")]
    command += ["training.logging_steps=1", *changes, "--output-dir"]
    for name, run in (("cold", "cold"), ("warm", "warm"), ("resumed", "cold")):
        hub.requests.clear()
        where = folder / "runs" / run
        course = follow([*command, str(where)], environment, hub, where)
        if course.code != 128 + signal.SIGTERM:
            sys.exit("".join(course.lines))
        print("\n".join(describe(name, course, list(hub.requests), hub)), flush=True)
        print("".join(f"    | {line}" for line in course.lines), flush=True)
    (snapshot,) = (folder / "hf" / "hub").glob("models--*/snapshots/*")
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD.replace("FOLDER", str(snapshot))],
        env={**environment, "HF_HUB_OFFLINE": "1"}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    imported, read = loaded.stdout.split()
    print(f"torch and transformers alone: {imported} s to import, {read} s to load the model")
    print(f"on disk: {size_of(folder / 't5tune'):,.0f} MB of tokens, "
          f"{size_of(folder / 'hf'):,.0f} MB from the hub")  # fmt: skip


if __name__ == "__main__":
    main()
