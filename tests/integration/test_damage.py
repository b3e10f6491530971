"""Test that damage to models and exports gives one sentence and the command that mends it."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from t5tune.decoding.streaming.output import OutputFile
from t5tune.errors import T5TuneError
from t5tune.models.loading import load_tokenizer
from t5tune.run.manifest import read_manifest, write_manifest
from tests.conftest import RunCommand, TrainOnce, number_pairs, write_pairs
from tests.tiny_families import build_translator
from tests.weights import same_weights

RUN, MODEL, EXPORT = Path("runs/tiny"), Path("runs/tiny/model"), Path("runs/tiny/ctranslate2-int8")
REPORT = RUN / "eval" / "test" / "report.json"


def delete(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0b100
    path.write_bytes(content)


Damage = Callable[[Path], None]
DAMAGES = (delete, truncate, flip)


@pytest.fixture(scope="session")
def finished(train_once: TrainOnce) -> Path:
    """Return a folder with a recipe and its finished, exported run."""
    return train_once()


@pytest.fixture
def run(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the finished run into the current directory."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return RUN


def type_again(message: str, t5tune: RunCommand) -> None:
    """Run the command that a message ends with, as printed."""
    command = message.rpartition("\ntry: t5tune ")[2].strip()
    result = t5tune(*shlex.split(command, comments=True))
    assert result.code == 0, (command, result.err)


MODEL_FILES = (
    "config.json", "generation_config.json", "manifest.json", "model.safetensors", "smoke.json",
    "tokenizer.json", "tokenizer_config.json",
)  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model_is_named_by_every_command_that_opens_it(
    damage: Damage, run: Path, t5tune: RunCommand
) -> None:
    assert {path.name for path in MODEL.iterdir()} == {*MODEL_FILES, "README.md"}
    before = REPORT.read_bytes()
    whole = Path("whole")
    MODEL.rename(whole)
    for name in MODEL_FILES:
        shutil.copytree(whole, MODEL)
        damage(MODEL / name)
        for command in (
            ("translate", "--engine", "torch", "--model", RUN, "one"), ("eval", RUN),
            ("export", RUN), ("translate", "--engine", "torch", "--model", MODEL, "one"),
        ):  # fmt: skip
            # A model directory from elsewhere may have no manifest.
            if name == "manifest.json" and damage is delete and MODEL in command:
                continue
            result = t5tune(*command)
            assert result.code == 1, (command, name)
            assert f"error: {MODEL}: {name} " in result.err
            assert result.err.count("error: ") == 1
            assert f"\ntry: t5tune train {RUN}   #" in result.err
            assert result.out == ""
        assert REPORT.read_bytes() == before
        shutil.rmtree(MODEL)


def test_the_model_is_made_again_by_the_command_that_is_printed(
    run: Path, finished: Path, t5tune: RunCommand
) -> None:
    truncate(MODEL / "tokenizer.json")
    result = t5tune("eval", RUN)
    assert "   # makes it again from the checkpoints\n" in result.err
    type_again(result.err, t5tune)
    assert same_weights(run, finished / RUN)
    assert t5tune("eval", RUN).code == 0
    shutil.rmtree(RUN / "checkpoints")
    delete(MODEL / "tokenizer.json")
    result = t5tune("eval", RUN)
    assert "   # trains it again\n" in result.err
    type_again(result.err, t5tune)
    assert same_weights(run, finished / RUN)


def test_large_files_are_read_where_they_were_written_after_the_manifest(
    run: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights of real models are large, so no command hashes them at every start."""
    monkeypatch.setattr("t5tune.run.manifest.GLANCE_BYTES", 0)
    before = REPORT.read_bytes()
    flip(MODEL / "model.safetensors")
    assert t5tune("translate", "--engine", "torch", "one").code == 0
    result = t5tune("eval")
    assert result.code == 1
    assert f"error: {MODEL}: model.safetensors has changed since it was written." in result.err
    assert REPORT.read_bytes() == before
    flip(MODEL / "model.safetensors")
    assert t5tune("eval").code == 0
    flip(EXPORT / "model.bin")
    result = t5tune("eval", "--engine", "ctranslate2-int8")
    assert f"error: {EXPORT}: model.bin has changed since it was written." in result.err


def test_a_report_is_not_replaced_by_that_of_another_model(
    run: Path, finished: Path, t5tune: RunCommand
) -> None:
    """The other model is intact, has its own manifest, and replaces the run's model."""
    facts = read_manifest(MODEL) or {}
    del facts["files"]
    flip(MODEL / "smoke.json")
    write_manifest(MODEL, facts)
    before = {path: path.read_bytes() for path in (RUN / "eval").rglob("*") if path.is_file()}
    result = t5tune("eval")
    assert result.code == 1
    assert (
        f"error: {MODEL}: this is not the model that the training of the run ended with."
        in result.err
    )
    assert before == {path: path.read_bytes() for path in before}
    # It can be evaluated by itself.
    result = t5tune("eval", MODEL, "--recipe", RUN / "recipe.yaml")
    assert result.code == 0, result.err
    assert "BLEU" in result.out
    assert before == {path: path.read_bytes() for path in before}


def test_a_run_from_before_its_model_was_recorded_is_evaluated(
    run: Path, t5tune: RunCommand
) -> None:
    environment = json.loads((RUN / "environment.json").read_text())
    del environment["model_files_sha256"]
    (RUN / "environment.json").write_text(json.dumps(environment))
    assert t5tune("eval").code == 0


EXPORT_FILES = (
    "config.json", "manifest.json", "model.bin", "parity.json", "shared_vocabulary.json",
    "t5tune.json", "tokenizer.json",
)  # fmt: skip


@pytest.mark.parametrize("first", [0, *(pytest.param(i, marks=pytest.mark.stress) for i in (1, 2))])
def test_a_damaged_export_is_named_and_not_used(first: int, run: Path, t5tune: RunCommand) -> None:
    assert {path.name for path in EXPORT.iterdir()} == set(EXPORT_FILES)
    whole = Path("whole")
    EXPORT.rename(whole)
    expected = t5tune("translate", "one two").out
    for number, name in enumerate(EXPORT_FILES, start=first):
        shutil.copytree(whole, EXPORT)
        DAMAGES[number % 3](EXPORT / name)
        result = t5tune("translate", "--engine", "ctranslate2", "one two")
        assert result.code == 1, name
        assert f"{EXPORT}: {name} " in result.err
        assert f"\ntry: t5tune export {RUN}\n" in result.err
        alone = t5tune("translate", "--model", EXPORT, "one two")
        assert alone.code == 1
        assert f"error: {EXPORT}: {name} " in alone.err
        assert f"\ntry: t5tune export {RUN}\n" in alone.err
        by_default = t5tune("translate", "one two")
        assert by_default.code == 0
        assert f"not used: {EXPORT}: {name} " in by_default.err
        assert f": t5tune export {RUN}\n" in by_default.err
        assert by_default.out == expected
        assert f"bad  {EXPORT}  export: {name} " in t5tune("verify").out
        shutil.rmtree(EXPORT)


def test_an_export_is_made_again_by_the_command_that_is_printed(
    run: Path, t5tune: RunCommand
) -> None:
    flip(EXPORT / "tokenizer.json")
    type_again(t5tune("translate", "--engine", "ctranslate2", "one").err, t5tune)
    assert "engine: ctranslate2-int8" in t5tune("translate", "one").err
    delete(EXPORT / "t5tune.json")
    type_again(t5tune("translate", "--engine", "ctranslate2", "one").err, t5tune)
    assert "engine: ctranslate2-int8" in t5tune("translate", "one").err
    options = ("--quantization", "float32", "--patience", "1.5")
    assert t5tune("export", *options).code == 0
    truncate(RUN / "ctranslate2-float32" / "model.bin")
    result = t5tune("translate", "--engine", "ctranslate2-float32", "one")
    assert f"not used: {EXPORT}" not in result.err
    result = t5tune("translate", "--model", RUN / "ctranslate2-float32", "one")
    assert f"\ntry: t5tune export {RUN} --quantization float32 --patience 1.5\n" in result.err
    type_again(result.err, t5tune)
    assert t5tune("export", "--output-dir", "my export", *options).code == 0
    truncate(Path("my export/model.bin"))
    result = t5tune("translate", "--model", "my export", "one")
    assert (
        "\ntry: t5tune export RUN --output-dir 'my export' --quantization float32 --patience 1.5\n"
        in result.err
    )


def test_an_export_with_damage_that_a_glance_does_not_see(
    run: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The damaged vocabulary has many megabytes and its original size."""
    monkeypatch.setattr("t5tune.run.manifest.GLANCE_BYTES", 0)
    for name in ("tokenizer.json", "shared_vocabulary.json", "model.bin"):
        content = (EXPORT / name).read_bytes()
        (EXPORT / name).write_bytes(b"\xff" * len(content))
        result = t5tune("translate", "--engine", "ctranslate2", "one")
        assert result.code == 1
        assert f"error: {EXPORT}: {name} has changed since it was written." in result.err
        (EXPORT / name).write_bytes(content)


def test_an_output_is_not_continued_with_another_patience(
    run: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("in.txt").write_text("one two\nthree\n")
    command = ("translate", "--input", "in.txt", "--output", "out.txt")
    with monkeypatch.context() as patch:
        patch.setattr(OutputFile, "finish", lambda _: None)  # as if killed a moment before
        assert t5tune(*command).code == 0
    assert t5tune("export", "--patience", "1").code == 0
    result = t5tune(*command)
    assert result.code == 1
    assert (
        "out.txt.partial was started with other settings: the export's patience not given then, "
        "1.0 now." in result.err
    )
    assert t5tune("export").code == 0
    assert "continuing after 2 lines" in t5tune(*command).err


def test_a_test_set_is_compared_with_what_was_trained_on(
    run: Path, finished: Path, t5tune: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T5TUNE_CACHE", str(Path("cache").absolute()))  # where others left nothing
    kept = RUN / "cache" / "overlaps"
    recipe = RUN / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace(str(finished), str(Path.cwd())))
    assert "is not compared" not in t5tune("eval").err
    write_pairs(Path(), "train", number_pairs(150, 300))  # the test set is now part of it
    assert "is not compared" not in t5tune("eval").err, "it was measured when that was so"
    shutil.rmtree(kept)
    result = t5tune("eval", "--json")
    assert (
        "the test set is not compared with the training data: data.train is not what it was when "
        f"{RUN} was trained\n" in result.err
    )
    assert "exact" not in json.dumps(json.loads(result.out)["findings"])
    assert not kept.exists()


@pytest.fixture
def bare(run: Path) -> Path:
    """Return a model directory without manifest and card, as people share them."""
    bare = Path("bare")
    shutil.copytree(MODEL, bare)
    for name in ("manifest.json", "README.md", "smoke.json"):
        (bare / name).unlink()
    return bare


def test_a_directory_without_a_manifest_translates(bare: Path, t5tune: RunCommand) -> None:
    expected = t5tune("translate", "--engine", "torch", "one two").out
    assert t5tune("translate", "--model", bare, "one two").out == expected
    (bare / "notes.json").write_text("[1, 2]")  # only the user's own
    assert t5tune("translate", "--model", bare, "one two").out == expected


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("model.safetensors", b"", "model.safetensors is empty"),
        ("model.safetensors", b"\xff" * 999, "model.safetensors is cut off, or no file of weights"),
        ("model.safetensors", b"\x02\0\0\0\0\0\0\0[]", "model.safetensors has a damaged header"),
        ("config.json", b"[]", "config.json does not hold a JSON object"),
        ("generation_config.json", None, "generation_config.json is missing"),
        ("generation_config.json", b"\xff\xfe", "generation_config.json is not JSON"),
        ("generation_config.json", b"3", "generation_config.json does not hold a JSON object"),
        ("tokenizer.json", None, "there is no tokenizer: neither tokenizer.json nor spiece.model"),
        ("tokenizer.json", b"{", "tokenizer.json is not JSON"),
        ("tokenizer.json", b"[" * 99_999, "tokenizer.json is not JSON"),
        ("tokenizer_config.json", b"null", "tokenizer_config.json does not hold a JSON object"),
    ],
)
def test_damage_without_a_manifest_is_one_sentence(
    name: str, content: bytes | None, problem: str, bare: Path, t5tune: RunCommand
) -> None:
    if content is None:
        (bare / name).unlink()
    else:
        (bare / name).write_bytes(content)
    for command in (
        ("translate", "--model", bare, "one two"),
        ("eval", bare, "--recipe", RUN / "recipe.yaml"),
        ("train", "tiny.yaml", "model={name: ./bare}", "name=on-top"),
    ):
        result = t5tune(*command)
        assert result.code == 1, result.err
        assert f"error: {bare}: {problem}" in result.err
        assert f"\ntry: ls -l {bare}   # then copy it again from where it came from" in result.err


def test_truncated_weights_without_a_manifest(bare: Path, t5tune: RunCommand) -> None:
    weights = bare / "model.safetensors"
    whole = weights.stat().st_size
    weights.write_bytes(weights.read_bytes()[:-1])
    result = t5tune("translate", "--model", bare, "one two")
    assert result.code == 1
    assert (
        f"error: {bare}: model.safetensors has {whole - 1:,} bytes instead of {whole:,}."
        in result.err
    )


def test_a_model_in_parts_lacks_one(bare: Path, t5tune: RunCommand) -> None:
    from transformers import AutoModelForSeq2SeqLM

    model = AutoModelForSeq2SeqLM.from_pretrained(bare)
    (bare / "model.safetensors").unlink()
    model.save_pretrained(bare, max_shard_size="10KB")
    assert t5tune("translate", "--model", bare, "one two").code == 0
    parts = sorted(bare.glob("model-*.safetensors"))
    parts[1].unlink()
    result = t5tune("translate", "--model", bare, "one two")
    assert result.code == 1
    assert f"{parts[1].name} is missing, which model.safetensors.index.json names" in result.err


TOKENIZER_FILES = {
    "t5": ("tokenizer.json",),
    "umt5": ("tokenizer.json",),
    "byt5": ("tokenizer_config.json",),
    "bart": ("tokenizer.json",),
    "nllb": ("tokenizer.json",),
    "pegasus": ("tokenizer.json",),
    "marian": ("source.spm", "target.spm", "vocab.json"),
    "m2m100": ("sentencepiece.bpe.model", "vocab.json"),
}


@pytest.mark.parametrize("family", TOKENIZER_FILES)
def test_a_tokenizer_that_lacks_a_file_is_refused(family: str, tmp_path: Path) -> None:
    """Transformers would build an empty one, to which every text is unknown."""
    build_translator(family, tmp_path / "build").tokenizer.save_pretrained(tmp_path / "whole")
    shutil.copy(tmp_path / "build" / "config.json", tmp_path / "whole")
    load_tokenizer(str(tmp_path / "whole"))
    for name in TOKENIZER_FILES[family]:
        directory = tmp_path / f"without-{name}"
        shutil.copytree(tmp_path / "whole", directory)
        (directory / name).unlink()
        with pytest.raises(T5TuneError, match=f"{directory}: .*(there is no tokenizer|{name})"):
            load_tokenizer(str(directory))
