"""Test CONTRIBUTING.md's instructions by adding a toy part and using it from recipe to report.

Each test adds its part to a copy of the package, in as few source files as are named there.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import torch
import transformers as hf
import yaml

from tests.conftest import REPOSITORY, Result, RunCommand
from tests.extended_package import ExtendedPackage
from tests.tiny_families import build_with_new_tokenizer

TOY_FAMILY = {
    "models/families.py": [
        (
            "FAMILIES = (\n",
            '    Family("MVP", ("mvp",), 0.00321, {"mvp": "RUCAIBox"},\n'
            '           find_prefix=lambda task, source, target: f"{task} {source} {target}: "),\n',
        )
    ],
}


def read_run(directory: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the recipe of the run `tiny`, and its report."""
    run = directory / "runs" / "tiny"
    recipe = yaml.safe_load((run / "recipe.yaml").read_text(encoding="utf-8"))
    return recipe, json.loads((run / "eval/test/report.json").read_text(encoding="utf-8"))


def test_a_family_is_added_in_one_file(
    tiny_recipe: Path, tmp_path: Path, t5tune: RunCommand
) -> None:
    torch.manual_seed(5)
    build = build_with_new_tokenizer(hf.BartTokenizer, hf.MvpConfig, hf.MvpForConditionalGeneration)
    for part in build(tmp_path):
        part.save_pretrained(tmp_path / "base")
    package = ExtendedPackage(tmp_path / "package", TOY_FAMILY)
    result = package.run(
        "train", tiny_recipe, "model.from_scratch=null", "model.name=./base", "export=none",
        "training.optim=adamw_torch", "training.max_steps=2", "training.eval_steps=2",
        "decoding.max_new_tokens=3", directory=tmp_path,
    )  # fmt: skip
    assert result.code == 0, result.err
    recipe, report = read_run(tmp_path)
    assert recipe["training"]["learning_rate"] == 0.00321
    assert recipe["data"]["test"]["prefix"] == "translation en de: "
    assert report["num_examples"] == 13
    name = ["train", tiny_recipe, "model.from_scratch=null", "model.name=mvp-base"]
    assert "did you mean RUCAIBox/mvp-base?" in package.run(*name, directory=tmp_path).err
    assert "did you mean" not in t5tune(*name).err


TOY_OPTION = {
    "recipe/schema.py": [
        (
            'description="Repeat no n-gram of this many tokens; 0 allows it."\n    )\n',
            '    repetition_penalty: float = Field(default=1.0, description="Toy.")\n',
        )
    ],
    "decoding/translator.py": [
        (
            '    no_repeat_ngram_size: int = _option("no_repeat_ngram_size", 0, '
            "is_always_named=True)\n",
            '    repetition_penalty: float = _option("repetition_penalty", 1.0)\n',
        )
    ],
    "models/generation.py": [
        (
            'SEARCH = ("num_beams", "no_repeat_ngram_size", "length_penalty"',
            ', "repetition_penalty"',
        )
    ],
}


def test_a_decoding_option_is_added_in_three_files(tiny_recipe: Path, tmp_path: Path) -> None:
    package = ExtendedPackage(tmp_path / "package", TOY_OPTION)
    train = package.run(
        "train", tiny_recipe, "decoding.repetition_penalty=1000.0", directory=tmp_path
    )
    assert train.code == 0, train.err
    run = tmp_path / "runs/tiny"
    for file in ("model/generation_config.json", "ctranslate2-int8/parity.json"):
        content = json.loads((run / file).read_text(encoding="utf-8"))
        assert content.get("decoding", content)["repetition_penalty"] == 1000.0
    check_evaluation(run / "eval/test", 1000.0)
    for engine in ("torch", "ctranslate2"):
        evaluate = ("eval", "tiny", "--engine", engine)
        tried = package.run(*evaluate, "decoding.repetition_penalty=1.0", directory=tmp_path)
        assert tried.code == 0, tried.err
    [*folders] = (run / "eval").glob("*repetition_penalty=1.0*")
    assert len(folders) == 2
    for folder in folders:  # reports and cache keys leave out an option that has its default
        check_evaluation(folder, None)

    translate = ("translate", "--engine", "torch", "one two three four", "--model")
    of_run = package.run(*translate, run, directory=tmp_path)
    of_model = package.run(*translate, run / "model", directory=tmp_path)
    assert of_run.code == of_model.code == 0
    assert "t5tune does without" not in of_run.err + of_model.err
    assert of_run.out == of_model.out
    assert not repeats_words(of_run.out)


def check_evaluation(folder: Path, penalty: float | None) -> None:
    """Require repeated words in some hypotheses without the penalty, and in none with it."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["decoding"].get("repetition_penalty") == penalty
    lines = (folder / "hypotheses.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 13
    assert any(map(repeats_words, lines)) == (penalty is None)


def repeats_words(line: str) -> bool:
    return len(set(line.split())) < len(line.split())


TOY_FORMAT = {
    "files/formats/colon_separated.py": '''"""Two columns, which colons separate."""

from pathlib import Path

from t5tune.files.file_format import FileFormat, FileOptions
from t5tune.files.table import Table, name_columns
from t5tune.files.text_files import read_lines


def _open(path: Path, options: FileOptions) -> Table:
    rows = [(i, line.split(" : ")) for i, line in enumerate(read_lines(path), start=1)]
    return name_columns(lambda: iter(rows), options.columns, path)


def _read_columns(path: Path, _options: FileOptions) -> list[str]:
    return read_lines(path)[0].split(" : ")


FORMAT = FileFormat("colons", (".colons",), _open, _read_columns)
'''
}


def test_a_file_format_is_added_in_one_file(
    tiny_recipe: Path, tmp_path: Path, t5tune: RunCommand
) -> None:
    for split in ("train", "validation", "test"):
        text = (tmp_path / f"{split}.tsv").read_text(encoding="utf-8").replace("\t", " : ")
        (tmp_path / f"{split}.colons").write_text(text, encoding="utf-8")
    (tmp_path / "test.colons").rename(tmp_path / "test.txt")
    train = [
        "train", tiny_recipe, "data.train.file=train.colons",
        "data.validation.file=validation.colons", "data.test.file=test.txt",
        "data.test.format=colons", "training.max_steps=2", "training.eval_steps=2", "export=none",
    ]  # fmt: skip
    refused = t5tune(*train)
    assert refused.code == 1
    assert "data.test.format" in refused.err
    assert "jsonl, parquet, spreadsheet, text, tmx, tsv or xliff" in refused.err.replace("'", "")

    package = ExtendedPackage(tmp_path / "package", TOY_FORMAT)
    trained = package.run(*train, directory=tmp_path)
    assert trained.code == 0, trained.err
    recipe, report = read_run(tmp_path)
    assert recipe["data"]["test"]["format"] == "colons"
    assert report["num_examples"] == 13
    wrong = package.run("validate", tiny_recipe, "data.test.format=colon", directory=tmp_path)
    assert "did you mean colons?" in wrong.err


TOY_PLACE = {
    "recipe/places.py": [
        (
            '        for name in self.references:\n            yield "references", [name]\n',
            """

@dataclass(frozen=True)
class AlternatingLines(Place):
    chosen_by: ClassVar[tuple[str, ...]] = ("lines_file",)
    file_keys: ClassVar[tuple[str, ...]] = ("lines_file",)

    lines_file: str
""",
        ),
        ("PLACES: tuple[type[Place], ...] = (", "AlternatingLines, "),
    ],
    "data/readers/sources.py": [
        (
            "    return open_tables(tables, place, request)\n",
            """

def _open_alternating_lines(place: AlternatingLines, request: Request) -> OpenSplit:
    [path] = find_files([place.lines_file], request.where, "lines_file")
    lines = read_lines(path)
    rows = [(i, lines[i : i + 2]) for i in range(0, len(lines), 2)]
    table = name_columns(lambda: iter(rows), ["source", "target"], path)
    return open_tables([table], place, request)
""",
        ),
        ("    TableFile: _open_table_files,\n", "    AlternatingLines: _open_alternating_lines,\n"),
        ("from t5tune.recipe.places import (\n", "    AlternatingLines,\n"),
        (
            "from t5tune.errors import T5TuneError\n",
            "from t5tune.files.table import name_columns\n"
            "from t5tune.files.text_files import read_lines\n",
        ),
    ],
    # The keys of all places are in the section, where users look for them.
    "recipe/sections/data_entry.py": [
        (
            'description="Text file with one target per line, a pattern, or a list."\n    )\n',
            '    lines_file: str | None = Field(default=None, description="Toy.")\n',
        )
    ],
}


def test_a_kind_of_place_is_added_in_two_files_and_the_schema(
    tiny_recipe: Path, tmp_path: Path
) -> None:
    package = ExtendedPackage(tmp_path / "package", TOY_PLACE)
    (tmp_path / "data").mkdir()
    for split in ("train", "validation", "test"):
        rows = (tmp_path / f"{split}.tsv").read_text(encoding="utf-8").splitlines()[1:]
        text = "\n".join(rows).replace("\t", "\n") + "\n"
        (tmp_path / f"data/{split}.txt").write_text(text, encoding="utf-8")
    content = yaml.safe_load(tiny_recipe.read_text(encoding="utf-8"))
    content["data"] = {
        split: {"lines_file": f"data/{split}.txt"} for split in ("train", "validation", "test")
    }
    content["training"].update(max_steps=2, eval_steps=2)
    tiny_recipe.write_text(yaml.safe_dump(content), encoding="utf-8")
    # Paths are relative to the recipe, wherever the command runs.
    trained = package.run("train", tiny_recipe, "export=none", directory=tmp_path / "package")
    assert trained.code == 0, trained.err
    recipe, report = read_run(tmp_path / "package")
    assert recipe["data"]["test"]["lines_file"] == str(tmp_path / "data/test.txt")
    assert report["num_examples"] == 13
    card = tmp_path / "package/runs/tiny/model/README.md"
    assert "test.txt" in card.read_text(encoding="utf-8")

    def refuse(*changes: str) -> str:
        return package.run("validate", tiny_recipe, *changes, directory=tmp_path).err

    assert "data.test.lines_file: absent.txt is not there" in refuse(
        "data.test.lines_file=absent.txt"
    )
    assert "give one of `lines_file`, `hub`, `file`, `sacrebleu`, `from`, or" in refuse(
        "data.test.file=test.tsv"
    )
    assert "`columns` requires `file`" in refuse("data.test.columns=[a]")


TOY_INPUT_FORMAT = {
    "decoding/streaming/input_formats/properties.py": '''"""A key and a text on each line."""

from t5tune.decoding.streaming.input_format import Entry, InputFormat, refuse_line
from t5tune.decoding.streaming.items import Lines


class PropertiesFormat:
    def __init__(self, name):
        self.name = name

    def parse(self, line):
        key, equals, text = line.text.partition("=")
        if not equals:
            raise refuse_line(self.name, line.number, "has no text after a key")
        return Entry(line, text)

    def render(self, entry, hypotheses):
        key = entry.line.text.partition("=")[0]
        return f"{key}={hypotheses[0].text if hypotheses else ''}\\n"


FORMAT = InputFormat(
    "properties",
    "a key and a text per line",
    lambda layout, name, with_n_best: Lines(PropertiesFormat(name)),
    endings=(".properties",),
)
'''
}


def test_an_input_format_of_translate_is_added_in_one_file(
    tmp_path: Path, t5tune: RunCommand
) -> None:
    with tarfile.open(REPOSITORY / "tests/data/old_run.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    (tmp_path / "in.properties").write_text("hello=Good morning.\nnone=\n", encoding="utf-8")
    (tmp_path / "bad.txt").write_text("hello\n", encoding="utf-8")
    package = ExtendedPackage(tmp_path / "package", TOY_INPUT_FORMAT)

    def translate(*arguments: str) -> Result:
        return package.run(
            "translate", "--model", "runs/phrasebook", *arguments, directory=tmp_path
        )

    alone = translate("Good morning.")
    assert alone.code == 0, alone.err
    done = translate("--input", "in.properties")
    assert done.out == f"hello={alone.out}none=\n"
    assert "no format property; did you mean properties?" in translate("--format", "property").err
    refused = translate("--input", "bad.txt", "--format", "properties")
    assert "Line 1 of bad.txt has no text after a key." in refused.err
    many = translate("--input", "in.properties", "--n-best", "2")
    assert "--n-best does not fit" in many.err
    assert "properties (a key and a text per line)" in " ".join(translate("--help").out.split())
    assert "properties" not in t5tune("translate", "--help").out
