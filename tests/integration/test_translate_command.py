"""Test `t5tune translate` in a shell: input, output, and faults."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.conftest import (
    PROGRESS_LINE,
    RunCommand,
    TrainOnce,
    listen_to_ctrl_c,
    number_pairs,
)

COMMAND = [sys.executable, "-m", "t5tune", "translate", "--model", "runs/tiny"]
# An export starts in half a second, torch in several.
EXPORTED = [*COMMAND, "--engine", "ctranslate2"]
SETTINGS = (  # some seconds, for translations that differ
    "model.from_scratch.d_model=32", "model.config.dropout_rate=0", "training.max_steps=300",
    "training.eval_steps=150", "training.tokens_per_batch=600",
    "training.label_smoothing_factor=0",
)  # fmt: skip
SENTENCES = [source for source, _ in number_pairs(625)]


@pytest.fixture(scope="session")
def finished(train_once: TrainOnce) -> Path:
    """Return a folder with a run and its export."""
    folder = train_once(*SETTINGS)
    assert (folder / "runs/tiny/ctranslate2-int8").is_dir()
    return folder


@pytest.fixture
def here(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a new folder with the run in it."""
    (tmp_path / "runs").symlink_to(finished / "runs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def start(*arguments: str | Path, command: Sequence[str] = EXPORTED, **options: Any) -> Any:
    return subprocess.Popen(
        [*command, *map(str, arguments)],
        **{
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "preexec_fn": listen_to_ctrl_c,
        }
        | options,
    )


def run(
    *arguments: str | Path, stdin: bytes = b"", command: Sequence[str] = EXPORTED, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    process = start(*arguments, command=command, **options)
    out, err = process.communicate(stdin, timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def translations(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().split("\n")[:-1]


def unusual(err: str) -> list[str]:
    """Return the lines that do not depend on what an untrained model generates."""
    usual = ("engine: ", "translating: ", "the translation of ", "continuing after ")
    return [
        line
        for line in err.split("\n")
        if line and not line.startswith(usual) and not PROGRESS_LINE.fullmatch(line)
    ]


def refusal(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return the sentence that a user sees, and require that nothing else is printed."""
    assert done.returncode == 1, done.stderr.decode()
    lines = unusual(done.stderr.decode())
    assert len(lines) == 2, lines
    assert lines[0].startswith("error: ")
    assert lines[1].startswith("try: ")
    return lines[0]


# --- Input and output ----------------------------------------------------------------------


def test_every_way_in_and_out_gives_the_same(here: Path) -> None:
    lines = [*SENTENCES[:40], "", "  ", *SENTENCES[40:200]]
    Path("in.txt").write_text("".join(line + "\n" for line in lines))
    data = Path("in.txt").read_bytes()
    piped = run(stdin=data)
    assert len(translations(piped)) == len(lines)
    alone = [translations(run(lines[i]))[0] for i in (0, 39, 150)]
    assert alone == [translations(piped)[i] for i in (0, 39, 150)]
    assert len(set(translations(piped))) > 10
    assert [i for i, line in enumerate(translations(piped)) if not line] == [40, 41]
    assert run("--input", "in.txt").stdout == piped.stdout
    with Path("in.txt").open("rb") as stream:
        assert start(stdin=stream).communicate(timeout=60)[0] == piped.stdout
    assert run("--input", "in.txt", "--output", "out.txt").returncode == 0
    assert Path("out.txt").read_bytes() == piped.stdout
    assert sorted(path.name for path in here.iterdir()) == ["in.txt", "out.txt", "runs"]


def test_torch_gives_the_same_as_the_file_at_once(here: Path, t5tune: RunCommand) -> None:
    Path("in.txt").write_text("".join(line + "\n" for line in SENTENCES[:150]))
    result = t5tune("translate", "--input", "in.txt", "--engine", "torch")
    assert result.code == 0, result.err
    from t5tune.decoding.opening import load

    opened = load("runs/tiny", engine="torch")
    found = opened.translator.translate(SENTENCES[:150], opened.options)
    assert result.out == "".join(hypothesis.text + "\n" for hypothesis in found)


def test_the_first_results_come_before_the_last_input(here: Path) -> None:
    process = start()
    for sentence in SENTENCES[:3]:
        process.stdin.write(sentence.encode() + b"\n")
        process.stdin.flush()
        readable, _, _ = select.select([process.stdout], [], [], 60)
        assert readable
        assert os.read(process.stdout.fileno(), 1000).endswith(b"\n")
    process.stdin.close()
    assert process.wait(60) == 0
    assert process.stdout.read() == b""


def test_other_search_options(here: Path) -> None:
    best = translations(run(*SENTENCES[:3]))
    done = run("--n-best", "3", SENTENCES[0], "", SENTENCES[1])
    rows = [line.split("\t") for line in translations(done)]
    assert [row[0] for row in rows] == ["1", "1", "1", "2", "3", "3", "3"]
    scores = [float(score) for _, score, _ in rows if score]
    assert scores[:3] == sorted(scores[:3], reverse=True)
    assert max(scores) < 0
    # With more beams another translation can be the best.
    same = run("--n-best", "2", "--num-beams", "2", *SENTENCES[:3])
    assert [line.split("\t")[2] for line in translations(same)][::2] == best
    found = json.loads(run("--n-best", "2", "--json", SENTENCES[0]).stdout)
    assert found["source"] == SENTENCES[0]
    assert [set(entry) for entry in found["n_best"]] == [{"text", "score"}] * 2
    assert "3 hypotheses need as many beams" in refusal(
        run("--n-best", "3", "--num-beams", "2", "one")
    )
    short = [len(line.split()) for line in translations(run("--max-new-tokens", "2", *SENTENCES))]
    assert max(short) == 2
    words = " ".join(translations(run("--no-repeat-ngram", "1", *SENTENCES[:30]))).split(" ")
    repeated = " ".join(translations(run(*SENTENCES[:30]))).split(" ")
    assert len(words) < len(repeated)
    penalized = ["--num-beams", "4", "--n-best", "1"]
    low = run(*penalized, "--length-penalty", "0", SENTENCES[0])
    high = run(*penalized, "--length-penalty", "2", SENTENCES[0])
    assert float(low.stdout.split(b"\t")[1]) < float(high.stdout.split(b"\t")[1])


def test_columns_and_fields(here: Path) -> None:
    plain = translations(run(*SENTENCES[:2]))
    table = f"id\ten\tn\n1\t{SENTENCES[0]}\tx\n2\t{SENTENCES[1]}\t\n"
    Path("in.tsv").write_text(table)
    done = run("--input", "in.tsv", "--column", "en", "--into", "de")
    assert translations(done) == [
        "id\ten\tn\tde", f"1\t{SENTENCES[0]}\tx\t{plain[0]}", f"2\t{SENTENCES[1]}\t\t{plain[1]}",
    ]  # fmt: skip
    rows = "".join(json.dumps({"en": s, "n": i}) + "\n" for i, s in enumerate(SENTENCES[:2]))
    done = run("--format", "jsonl", "--column", "en", stdin=rows.encode())
    found = [json.loads(line) for line in translations(done)]
    assert found == [
        {"en": source, "n": i, "translation": plain[i]} for i, source in enumerate(SENTENCES[:2])
    ]
    Path("bad.jsonl").write_text(rows * 100 + '{"de": "x"}\n')
    assert "Line 201 of bad.jsonl has no field 'en'" in refusal(
        run("--input", "bad.jsonl", "--column", "en")
    )
    done = run("--format", "jsonl", "--column", "en", stdin=rows.encode() + b"no JSON\n")
    assert done.stdout.count(b"\n") == 2
    assert "Line 3 of standard input is not a JSON object" in refusal(done)


def test_a_document(here: Path) -> None:
    one, two = SENTENCES[0].capitalize() + ".", SENTENCES[1].capitalize() + "."
    long = ", ".join(SENTENCES[:60])
    document = f"# {one}\n\n> {one} {two}\n\n```\n{one}\n```\n\n- {two} `code`\n- {long}\n\n"
    Path("in.md").write_text(document)
    done = run("--documents", "--input", "in.md")
    out = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    assert "was cut" not in done.stderr.decode()
    german = dict(zip((one, two), translations(run(one, two)), strict=True))
    lines = out.split("\n")
    assert lines[0] == f"# {german[one]}"
    assert lines[1:9] == [
        "", f"> {german[one]} {german[two]}", "", "```", one, "```", "", lines[8],
    ]  # fmt: skip
    assert re.fullmatch("- .+ `code`", lines[8])
    assert lines[9].startswith("- ")
    assert len(lines[9].split()) > 13  # where one translation ends, because this one has parts
    assert lines[10:] == ["", ""]
    assert run("--documents", "--format", "markdown", stdin=document.encode()).stdout == done.stdout


# --- Interrupted commands continue ---------------------------------------------------------


@pytest.fixture
def big(here: Path) -> tuple[Path, bytes]:
    """Return a file that takes a while, and its translation without interruption."""
    path = Path("big.txt")
    path.write_text("".join(line + "\n" for line in SENTENCES * 24))
    whole = run("--input", path)
    assert whole.returncode == 0
    return path, whole.stdout


def interrupt(number: int, *arguments: str | Path) -> int:
    """Start the command, and send a signal after its first output."""
    process = start(*arguments)
    journal = Path("out.txt.partial.json")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if journal.exists() and json.loads(journal.read_text())["num_items"] >= 272:
            process.send_signal(number)
            break
        time.sleep(0.002)
    process.communicate(timeout=60)
    return int(process.returncode)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, 130)],
    ids=["SIGKILL", "SIGTERM", "SIGINT"],
)
def test_the_same_command_continues(number: int, code: int, big: tuple[Path, bytes]) -> None:
    path, whole = big
    arguments = ("--input", path, "--output", "out.txt")
    assert interrupt(number, *arguments) == code
    assert not Path("out.txt").exists()
    journal = json.loads(Path("out.txt.partial.json").read_text())
    num_done = journal["num_items"]
    assert 0 < num_done < len(SENTENCES) * 24
    with Path("out.txt.partial").open("ab") as stream:
        stream.write(
            whole
        )  # as if the kill had come before the progress of a long write was recorded
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert f"continuing after {num_done:,} lines in " in done.stderr.decode()
    assert Path("out.txt").read_bytes() == whole
    assert not list(Path().glob("*.partial*"))


def test_other_commands_do_not_continue(big: tuple[Path, bytes]) -> None:
    path, whole = big
    arguments = ("--input", path, "--output", "out.txt")
    interrupt(signal.SIGKILL, *arguments)
    before = Path("out.txt.partial").read_bytes()
    assert "num_beams not given then, 1 now" in refusal(run(*arguments, "--num-beams", "1"))
    assert "as_json False then, True now" in refusal(run(*arguments, "--json"))
    content = path.read_text()
    path.write_text(content + "one more\n")
    assert "the input's SHA-256" in refusal(run(*arguments))
    path.write_text(content)
    shutil.copytree(Path("runs/tiny"), "copy", symlinks=False)
    manifest = Path("copy/model/manifest.json")
    manifest.unlink()
    assert "the model " in refusal(run(*arguments, "--model", "copy/ctranslate2-int8"))
    assert Path("out.txt.partial").read_bytes() == before
    assert run(*arguments).returncode == 0
    assert Path("out.txt").read_bytes() == whole


def test_two_commands_do_not_write_one_file(big: tuple[Path, bytes]) -> None:
    path, _ = big
    first = start("--output", "out.txt", stdin=subprocess.PIPE)
    first.stdin.write(b"one two\n")
    first.stdin.flush()
    while not Path("out.txt.partial").exists() or not Path("out.txt.partial").stat().st_size:
        time.sleep(0.02)
    assert "is being written by another process" in refusal(
        run("--input", path, "--output", "out.txt")
    )
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert Path("out.txt").read_bytes().count(b"\n") == 1


# --- Unusable input ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message", "num_lines"),
    [
        (bytes(range(256)) * 300, "line 1, byte 1 of the line, is NUL", 0),
        (b"\x7fELF\x02\x01\x01" + bytes(5000), "line 1, byte 8 of the line, is NUL", 0),
        (b"one\ntwo\nth\xe9ee\nfour\n", "is not UTF-8: line 3, byte 3 of the line, is 0xe9", 2),
        (b"one\ntw\0o\n", "line 2, byte 3 of the line, is NUL", 1),
        ("one\n".encode("utf-16"), "is UTF-16, not UTF-8", 0),
        (b"one\n" + b"x" * (17 << 20), "Line 2 of standard input is longer than 16 MB", 1),
    ],
    ids=["bytes", "program", "latin1", "nul", "utf16", "endless-line"],
)
def test_input_that_is_not_text(data: bytes, message: str, num_lines: int, here: Path) -> None:
    done = run(stdin=data)
    assert message in refusal(done)
    assert done.stdout.count(b"\n") == num_lines
    Path("in.txt").write_bytes(data)
    done = run("--input", "in.txt", "--output", "out.txt")
    assert message.replace("standard input", "in.txt") in refusal(done)
    assert done.stdout == b""
    assert sorted(path.name for path in here.iterdir()) == ["in.txt", "runs"]


def test_a_line_of_a_megabyte(here: Path) -> None:
    megabyte = " ".join(SENTENCES * 100)[:1_000_000]
    begin = time.monotonic()
    done = run(stdin=f"one\n{megabyte}\ntwo\n".encode())
    assert time.monotonic() - begin < 60
    assert len(translations(done)) == 3
    assert "line 2 was cut to the model's max_source_length of" in done.stderr.decode()
    assert translations(run("one", "two")) == translations(done)[::2]


def test_a_megabyte_for_torch(here: Path, t5tune: RunCommand) -> None:
    """The model is not a run and has no length limit."""
    shutil.copytree("runs/tiny/model", "model")
    config = json.loads(Path("model/config.json").read_text())
    del config["t5tune"]["max_source_length"]
    Path("model/config.json").write_text(json.dumps(config))
    Path("model/manifest.json").unlink()
    Path("in.txt").write_text(" ".join(SENTENCES * 100)[:1_000_000] + "\n")
    result = t5tune("translate", "--model", "model", "--num-beams", "1", "--input", "in.txt")
    assert result.code == 0, result.err
    assert result.out.count("\n") == 1
    assert "line 1 was cut to the model's max_source_length of" in result.err


@pytest.mark.parametrize("data", [b"", b"\n", b"\n \n\n"])
def test_nothing_to_translate_needs_no_model(data: bytes, here: Path) -> None:
    Path("empty.txt").write_bytes(data)
    command = [*COMMAND[:-1], "runs/tiny", "--engine", "auto"]
    shutil.copytree("runs/tiny", "hollow")
    (Path("hollow") / "model" / "model.safetensors").unlink()
    shutil.rmtree("hollow/ctranslate2-int8")
    command[command.index("runs/tiny")] = "hollow"
    for done in (run(stdin=data, command=command), run("--input", "empty.txt", command=command)):
        assert done.returncode == 0, done.stderr
        assert done.stdout == b"\n" * data.count(b"\n")
        assert done.stderr == b""
    done = run("--input", "empty.txt", "--output", "out.txt", command=EXPORTED)
    assert done.returncode == 0
    assert Path("out.txt").read_bytes() == b"\n" * data.count(b"\n")


def test_a_pipe_that_breaks(here: Path) -> None:
    script = " ".join(f"'{part}'" for part in EXPORTED)
    done = subprocess.run(
        ["bash", "-c", f"yes 'one two' | {script} | head -n 3; echo ${{PIPESTATUS[1]}}"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    *lines, code = done.stdout.splitlines()
    assert len(lines) == 3
    assert len(set(lines)) == 1
    assert code == "141"  # as with any other program in its place
    assert unusual(done.stderr) == []


@pytest.mark.stress  # tests/unit/decoding/test_streaming.py counts what is read ahead
def test_an_endless_input_does_not_take_more_memory(here: Path) -> None:
    def peak(num_lines: int) -> int:
        process = start("--num-beams", "1", "--max-new-tokens", "1", stdout=subprocess.DEVNULL)
        process.stdin.write(b"one two\n" * num_lines)
        process.stdin.flush()
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.stdin.close()
        assert process.wait(120) == 0
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])

    small, large = peak(240_000), peak(440_000)
    assert (
        large < small + 20_000
    )  # kB; as lines and hypotheses the remaining input would take five times that


def test_a_full_disk(here: Path, small_disk: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run("one", stdout=full)
    assert "standard output could not be written: No space left on device" in refusal(done)
    Path("in.txt").write_text("".join(line + "\n" for line in SENTENCES * 24))
    (small_disk / "ballast").write_bytes(bytes(960_000))
    target = small_disk / "out.txt"
    message = refusal(run("--input", "in.txt", "--output", target))
    assert message.endswith("could not be written: No space left on device.")
    assert not target.exists()
    (small_disk / "ballast").unlink()
    done = run("--input", "in.txt", "--output", target)
    assert done.returncode == 0, done.stderr
    assert "continuing after" in done.stderr.decode()
    assert target.read_bytes() == run("--input", "in.txt").stdout


def test_impossible_places(here: Path) -> None:
    Path("in.txt").write_text("one\n")
    Path("folder").mkdir()
    assert "There is no file 'nope.txt'" in refusal(run("--input", "nope.txt"))
    assert "'folder' cannot be read: Is a directory" in refusal(run("--input", "folder"))
    assert "is a directory" in refusal(run("--input", "in.txt", "--output", "folder"))
    assert "cannot be written: No such file or directory" in refusal(
        run("--input", "in.txt", "--output", "nowhere/out.txt")
    )
    assert "is not a regular file" in refusal(run("--input", "in.txt", "--output", "/dev/null"))
    assert "is both input and output" in refusal(run("--input", "in.txt", "--output", "in.txt"))
    Path("link.txt").symlink_to("in.txt")
    assert "is both input and output" in refusal(run("--input", "in.txt", "--output", "link.txt"))
    with Path("in.txt").open("ab") as stream:
        assert "is both input and output" in refusal(run("--input", "in.txt", stdout=stream))
    assert Path("in.txt").read_text() == "one\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "xml"], "no format xml"),
        (["--format", "jsonl"], "needs the place of the source"),
        (["--column", "1"], "--column is for --format csv or jsonl or tsv"),
        (
            ["--format", "tsv", "--column", "1", "--n-best", "2"],
            "--n-best does not fit into --format tsv",
        ),
        (["--documents", "--json"], "--documents cannot be combined"),
        (["--documents", "--n-best", "2"], "--documents cannot be combined"),
        (["--format", "markdown"], "is for documents"),
        (["--format", "jsonl", "--column", "a", "--json"], "--json is for lines of text"),
    ],
)
def test_options_that_exclude_each_other(arguments: list[str], message: str, here: Path) -> None:
    assert message in refusal(run(*arguments))


# --- Progress ------------------------------------------------------------------------------


def with_progress_from_the_start(*arguments: str) -> list[str]:
    """Return a command that shows progress at once, though the model is fast."""
    program = (
        "import sys, t5tune.console as p, t5tune.terminal_line as line\n"
        "line.SHOWN_AFTER_SECONDS = p.SILENT_SECONDS = p.LINE_SECONDS = 0.0\n"
        "from t5tune.cli.app import main\n"
        f"sys.argv = ['t5tune', *{[*EXPORTED[3:], *arguments]!r}]\n"
        "main()\n"
    )
    return [sys.executable, "-c", program]


def test_a_terminal_shows_speed_and_time_left(here: Path) -> None:
    Path("in.txt").write_text("".join(line + "\n" for line in SENTENCES * 40))
    command = with_progress_from_the_start("--input", "in.txt", "--output", "out.txt")
    child = pexpect.spawn(
        command[0], command[1:], dimensions=(40, 140), encoding="utf-8", timeout=120
    )
    child.expect(pexpect.EOF)
    child.close()
    seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", child.before)
    assert child.exitstatus == 0, seen
    # The speed is known from the second window of lines on; a busy machine may draw few of them.
    assert re.search(r"translating .*[0-9,]+/25,000 lines [0-9.,]+/s \d:\d\d left", seen), seen


def test_elsewhere_speed_and_time_left_are_lines(here: Path) -> None:
    Path("in.txt").write_text("".join(line + "\n" for line in SENTENCES * 10))
    done = run(command=with_progress_from_the_start("--input", "in.txt", "--output", "out.txt"))
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.decode().split("\n") if line.startswith("translating")]
    sign = r"translating: [0-9,]+/6,250 lines, \d+ s, [0-9.,]+ lines/s, \d+:\d\d left"
    assert [line for line in lines if re.fullmatch(sign, line)]
    assert lines[-1].startswith("translating: 6,250/6,250 lines, ")
