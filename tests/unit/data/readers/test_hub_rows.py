"""Test data sets of the hub: which files are loaded, and that rows stay as they are."""

from __future__ import annotations

import gc
import gzip
import io
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import constants, hf_hub_download

from t5tune.data.examples import load_examples
from t5tune.data.readers import hub_beginnings, hub_parquet
from t5tune.data.readers.hub_commits import hub_splits, pin_commits
from t5tune.data.readers.sources import load_split, open_split
from t5tune.errors import T5TuneError
from t5tune.recipe.catalog import recipes_directory
from t5tune.recipe.loading import load_recipe
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.data_section import DataSection
from tests.hub.data_sets import (
    SPLITS,
    add_shipped_data,
    front_matter,
    json_files,
    json_lines,
    parquet,
    translation_files,
    translation_table,
)
from tests.hub.server import Hub
from tests.tiny_sections import as_data

WMT = "wmt/wmt14"
Rows = list[tuple[str, str]]


@pytest.fixture(autouse=True)
def _cache_of_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")


def load(hub: str = WMT, split: str = "train", **fields: object) -> Rows:
    entry = DataEntry.model_validate({"hub": hub, "split": split, **fields})
    dataset = load_split(as_data(entry), "train", "en", "de")
    return [(source, texts[0]) for source, texts in dataset]


def load_wmt(split: str = "train", **fields: object) -> Rows:
    return load(WMT, split, **{"config": "de-en", **fields})


def refusal(hub: str = WMT, split: str = "train", **fields: object) -> tuple[str, str]:
    with pytest.raises(T5TuneError) as caught:
        load(hub, split, **fields)
    assert caught.value.next_command
    assert "\n" not in caught.value.message
    return caught.value.message, caught.value.next_command


def loaded(hub: Hub) -> list[str]:
    """Return the downloaded data files, without their directories."""
    paths = [path.rpartition("/")[2] for path in hub.paths("GET") if "/resolve/" in path]
    return [path for path in paths if path != "README.md"]


def test_only_the_shards_that_hold_the_first_rows_are_loaded(hub_here: Hub) -> None:
    hub_here.add("datasets", WMT, translation_files())
    assert load_wmt(max_examples=50) == SPLITS["train"][:50]
    assert loaded(hub_here) == ["train-00000-of-00003.parquet"]
    assert load_wmt(max_examples=51) == SPLITS["train"][:51]
    assert loaded(hub_here) == ["train-00000-of-00003.parquet", "train-00001-of-00003.parquet"]


def test_a_split_loads_its_own_shards_alone(hub_here: Hub) -> None:
    hub_here.add("datasets", WMT, translation_files())
    assert load_wmt("validation") == SPLITS["validation"]
    assert loaded(hub_here) == ["validation-00000-of-00001.parquet"]


@pytest.mark.parametrize(
    ("fields", "message", "next_command"),
    [
        ({"config": "de-en", "split": "trian"},
         "data.train.split: the data set wmt/wmt14 (de-en) has no split 'trian'; "
         "did you mean train? (splits: train, validation, test)",
         "the same command with data.train.split=train"),
        ({"config": "de-en", "split": "test+dev[:3]"},
         "data.train.split: the data set wmt/wmt14 (de-en) has no split 'dev'; "
         "did you mean validation? (splits: train, validation, test)",
         "the same command with data.train.split=validation"),
        ({"config": "de-em"},
         "data.train.config: the data set wmt/wmt14 has no configuration de-em; did you mean "
         "de-en? (configurations: cs-en, de-en)",
         "the same command with data.train.config=de-en"),
        ({},
         "data.train: the data set wmt/wmt14 has several configurations, and the recipe names "
         "none of them: cs-en, de-en.",
         "the same command with data.train.config=cs-en   # for example"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_before_anything_is_loaded(
    hub_here: Hub, fields: dict[str, str], message: str, next_command: str
) -> None:
    hub_here.add("datasets", WMT, translation_files())
    assert refusal(**fields) == (message, next_command)
    assert loaded(hub_here) == []


TRAIN, VALIDATION, TEST = (list(SPLITS[name]) for name in ("train", "validation", "test"))


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("train[:60]", TRAIN[:60]),
        ("train[:1000]", TRAIN),
        ("train[40:60]", TRAIN[40:60]),
        ("train[10%:20%]", TRAIN[15:30]),
        ("train[:1%](pct1_dropremainder)", TRAIN[:1]),
        ("train[-5:]", TRAIN[-5:]),
        ("train[145:]+test[:-10]", TRAIN[145:] + TEST[:3]),
        ("validation + test", VALIDATION + TEST),
        ("all", TRAIN + VALIDATION + TEST),
    ],
)
def test_slices_mean_what_they_mean_to_datasets(hub_here: Hub, split: str, expected: Rows) -> None:
    hub_here.add("datasets", WMT, translation_files())
    assert load_wmt(split) == expected
    assert load_wmt(split, max_examples=4) == expected[:4]


def test_splits_are_told_by_file_names_where_no_front_matter_does(hub_here: Hub) -> None:
    hub_here.add("datasets", "bentrevett/multi30k", json_files())
    assert load("bentrevett/multi30k", "validation") == VALIDATION
    assert loaded(hub_here) == ["val.jsonl"]
    message, _ = refusal("bentrevett/multi30k", "val")
    assert "no split 'val'; did you mean validation? (splits: train, validation, test)" in message


STRANGE = [("NA", "null"), ("007", "1e5"), ("2024-01-01", "nan"), ("a\u2028b", " c\rd ")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.jsonl", json_lines(STRANGE)),
        ("train.csv", 'en,de\r\nNA,null\r\n007,1e5\r\n2024-01-01,nan\r\na\u2028b," c\rd "\r\n'),
        ("train.tsv", "en\tde\nNA\tnull\n007\t1e5\n2024-01-01\tnan\na\u2028b\t c\rd \n"),
        ("train.parquet", translation_table(STRANGE)),
    ],
)
def test_text_of_the_hub_stays_as_it_is(hub_here: Hub, name: str, content: bytes | str) -> None:
    raw = content.encode() if isinstance(content, str) else content
    hub_here.add("datasets", "a/b", {name: raw})
    assert load("a/b") == STRANGE


def options(**what: object) -> bytes:
    data_files = [{"split": "train", "path": "x.csv"}]
    return front_matter(configs=[{"config_name": "c", "data_files": data_files, **what}])


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"README.md": options(sep=";"), "x.csv": b"en;de\na,1;b\n"}, [("a,1", "b")]),
        ({"README.md": options(sep="\t"), "x.csv": b"en\tde\na,1\tNA\n"}, [("a,1", "NA")]),
        ({"README.md": options(names=["en", "de"]), "x.csv": b"a,007\n"}, [("a", "007")]),
        ({"train.jsonl.gz": gzip.compress(json_lines(TEST))}, TEST),
        ({"train.parquet": parquet(pa.table({"en": ["a"], "de": ["b"]}))}, [("a", "b")]),
    ],
    ids=["separator", "tabs", "names", "compressed", "columns"],
)
def test_what_the_front_matter_says_of_a_file_holds(
    hub_here: Hub, files: dict[str, bytes], expected: Rows
) -> None:
    hub_here.add("datasets", "a/b", files)
    assert load("a/b", max_examples=100) == expected
    assert load("a/b") == expected


def test_files_in_an_archive_are_found(hub_here: Hub) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("inner/train.jsonl", json_lines(TEST))
    hub_here.add("datasets", "a/b", {"data.zip": stream.getvalue()})
    assert load("a/b") == TEST


def test_a_second_time_needs_no_network(hub_here: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = hub_here.add("datasets", WMT, translation_files()).branches["main"]
    assert load_wmt(max_examples=60) == TRAIN[:60]
    hub_here.requests.clear()
    assert load_wmt(revision=commit, max_examples=60) == TRAIN[:60]
    assert hub_here.requests == []  # the hub is not asked again about a known commit
    hub_here.faults.add("/", status=503)
    assert load_wmt(max_examples=60) == TRAIN[:60]
    message, next_command = refusal(config="de-en")
    assert message.startswith("data.train: wmt/wmt14 is not in the cache, and the hub (http://")
    assert next_command.startswith("check the network")


def test_shards_of_another_program_are_not_taken_for_all(
    hub_here: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = translation_files(configs=("de-en",))
    hub_here.add("datasets", WMT, files)
    for path in files:
        if "train-00001" not in path:
            hf_hub_download(WMT, path, repo_type="dataset")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    message, next_command = refusal(config="de-en")
    assert message.startswith("data.train: the data set wmt/wmt14 is not in the cache, and HF_HUB")
    assert next_command.startswith("HF_HUB_OFFLINE=0")


SCRIPTED = {"README.md": b"# x\n", "news.py": b"import datasets\n"}


def test_of_a_script_the_converted_branch_is_proposed_and_works(hub_here: Hub) -> None:
    hub_here.add("datasets", "acme/news", SCRIPTED)
    message, next_command = refusal("acme/news", config="de-en")
    assert message == (
        "data.train: the data set acme/news is read by a script (news.py), which is not run, and "
        "the hub has not converted it."
    )
    converted = {
        f"{config}/{split}/0000.parquet": translation_table(SPLITS[split], ("en", config[:2]))
        for config in ("cs-en", "de-en")
        for split in ("train", "test")
    }
    hub_here.add("datasets", "acme/news", converted, branch="refs/convert/parquet")
    message, next_command = refusal("acme/news", config="de-en")
    assert message.endswith("as Parquet files too, on the branch refs/convert/parquet.")
    assert "data.train.revision=refs/convert/parquet" in next_command
    assert load("acme/news", config="de-en", revision="refs/convert/parquet") == TRAIN
    hub_here.requests.clear()
    message, _ = refusal("acme/news", config="en-de", revision="refs/convert/parquet")
    assert "has no configuration en-de; did you mean de-en? (configurations: cs-en, de-en)" in (
        message
    )


def test_a_gated_data_set_says_where_access_is_asked_for(
    hub_here: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_here.add("datasets", WMT, translation_files()).token = "hf_right"
    page = f"{hub_here.address}/datasets/{WMT}"
    message, next_command = refusal(config="de-en")
    assert message.startswith("data.train: the data set wmt/wmt14 is open only to those who")
    assert next_command == f"ask for access at {page}, then: hf auth login   # or set HF_TOKEN"
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    message, next_command = refusal(config="de-en")
    assert message.endswith("and the account of this token is not among them.")
    assert next_command == f"ask for access at {page}, then the same command again"
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert load_wmt() == TRAIN


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        *((place, {"status": 503}) for place in ("/api/", "README.md", "train-00001", "/refs")),
        ("/api/", {"body": "<h1>Welcome to the hotel</h1>"}),
        ("README.md", {"reset_after": 10}),
        ("train-00001", {"status": 403}),
        ("train-00001", {"reset_after": 10}),
        ("train-00001", {"cut_after": 10}),
    ],
)
def test_every_failure_is_one_sentence(hub_here: Hub, place: str, fault: dict[str, object]) -> None:
    hub_here.add("datasets", WMT, translation_files())
    hub_here.add("datasets", "acme/news", SCRIPTED)
    hub_here.faults.add(place, **fault)
    name = "acme/news" if place == "/refs" else WMT
    message, _ = refusal(name, config="de-en")
    assert message.startswith("data.train: ")
    hub_here.faults.clear()


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"README.md": b"# x\n"}, "holds no file of data."),
        ({"README.md": b"---\nconfigs: 3\n---\n", "train.jsonl": b"{}"}, "does not tell"),
        ({"README.md": b"---\na: [\n---\n", "train.jsonl": b"{}"}, "does not tell its splits: "),
        ({"README.md": options(), "y.csv": b""}, "x.csv"),
        ({"README.md": options().replace(b"x.csv", b"/etc/passwd"), "x.csv": b""}, "/etc/passwd"),
        ({"README.md": options().replace(b"x.csv", b"../*"), "x.csv": b"a"}, "no file of data"),
        ({"train.jsonl": b"{\n"}, "train.jsonl, line 1 is not"),
        ({"train.parquet": b"PAR1x"}, "train.parquet is not a readable Parquet file"),
        ({"train.jsonl.gz": gzip.compress(b"{\n")}, "is not readable as json"),
    ],
)  # fmt: skip
def test_a_repository_that_is_not_right_is_named(
    hub_here: Hub, files: dict[str, bytes], reason: str
) -> None:
    hub_here.add("datasets", "a/b", files)
    message, _ = refusal("a/b")
    assert reason in message
    # The file itself may be named, but no other place on this machine.
    assert "/tmp" not in re.sub(r"\S+/snapshots/[0-9a-f]{40}/", "", message)


def test_of_a_large_parquet_file_the_first_groups_are_enough(
    hub_here: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_beginnings, "SMALL", 0)
    hub_here.add("datasets", WMT, translation_files())
    assert load_wmt(max_examples=12) == TRAIN[:12]
    ranges = [r.range for r in hub_here.requests if "train-00000" in r.path and r.method == "GET"]
    assert len(ranges) > 1
    assert None not in ranges
    assert load_wmt("train[:3%]") == TRAIN[:4]
    hub_here.faults.add("/", status=503)
    assert load_wmt(max_examples=15) == TRAIN[:15]
    assert load_wmt("train[:3%]") == TRAIN[:4]
    message, _ = refusal(config="de-en", max_examples=30)
    assert message.startswith("data.train: wmt/wmt14 is not in the cache")


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        (
            "train.jsonl",
            ["\n", *(f'{{"en": "{i}", "de": "ü\\u2028{i}"}}\r\n' for i in range(3000))],
        ),
        ("train.csv", ["en,de\n", *(f'{i},"ü\n\n""\u2028{i}"\n' for i in range(3000))]),
    ],
)
def test_of_a_large_text_file_the_first_lines_are_enough(
    hub_here: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, rows: list[str]
) -> None:
    text = "".join(rows).encode()
    (tmp_path / name).write_bytes(text)
    local = as_data(DataEntry(file=str(tmp_path / name)))
    expected = [(one.source, one.references[0]) for one in load_split(local, "train", "en", "de")]
    monkeypatch.setattr(hub_beginnings, "SMALL", 0)
    monkeypatch.setattr(hub_beginnings, "_BLOCK_BYTES", 1000)
    hub_here.add("datasets", "a/b", {"README.md": b"# a", name: text})
    assert load("a/b", max_examples=100) == expected[:100]
    ranges = [r.range for r in hub_here.requests if name in r.path and r.method == "GET"]
    assert 1 < len(ranges) < 8
    assert None not in ranges
    assert load("a/b", max_examples=101) == expected[:101]
    hub_here.faults.add("/", status=503)
    assert load("a/b", "train[:100]", max_examples=40) == expected[:40]
    message, _ = refusal("a/b", max_examples=200)
    assert message.startswith("data.train: a/b is not in the cache")


@pytest.mark.parametrize(
    "content",
    [
        "en,de\na,b\rc,d\n" + "e,f\n" * 50,  # CR ends a row, which our copy does not see
        "en,de\na,b\nc,d\n",
    ],
)
def test_a_file_that_is_not_cut_is_loaded(
    hub_here: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    (tmp_path / "a.csv").write_text(content, newline="")
    local = as_data(DataEntry(file=str(tmp_path / "a.csv"), max_examples=5))
    expected = [(one.source, one.references[0]) for one in load_split(local, "train", "en", "de")]
    monkeypatch.setattr(hub_beginnings, "SMALL", 0)
    hub_here.add("datasets", "a/b", {"train.csv": content.encode()})
    assert load("a/b", max_examples=5) == expected
    assert not list(Path(constants.HF_HUB_CACHE).rglob("*first*"))


def test_the_first_groups_of_a_large_file_are_copied_some_at_a_time(
    hub_here: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory holds no more than one request's groups, however many rows are wanted."""
    monkeypatch.setattr(hub_beginnings, "SMALL", 0)
    monkeypatch.setattr(hub_parquet, "_REQUEST", 400_000)  # bytes; a group has a third of that
    letters = random.Random(0)
    rows = [(letters.randbytes(600).hex(), letters.randbytes(60).hex()) for _ in range(10_000)]
    sides = {name: [row[i] for row in rows] for i, name in enumerate(("en", "de"))}
    hub_here.add("datasets", "a/b", {"train.parquet": parquet(pa.table(sides), 200)})
    most = 0

    class Watched(pq.ParquetWriter):  # type: ignore[misc]
        def write_table(self, table: pa.Table) -> None:
            nonlocal most
            most = max(most, pa.total_allocated_bytes() - before)
            super().write_table(table)

    monkeypatch.setattr(pq, "ParquetWriter", Watched)
    before = pa.total_allocated_bytes()
    assert load("a/b", max_examples=4_500) == rows[:4_500]
    assert 0 < most < 2_000_000
    assert len([r for r in hub_here.requests if r.range]) < 30


def test_what_the_libraries_print_does_not_leak(
    hub_here: Hub, capfd: pytest.CaptureFixture[str]
) -> None:
    datasets.enable_progress_bars()
    files = {f"{split}.jsonl.gz": gzip.compress(json_lines(SPLITS[split])) for split in SPLITS}
    hub_here.add("datasets", "a/b", {"README.md": b"# No front matter\n", **files})
    assert load("a/b") == TRAIN
    assert capfd.readouterr().err == ("data: loading a/b, split train from the hub or its cache\n")


def test_the_data_of_every_recipe_that_ships_is_found(hub_here: Hub) -> None:
    add_shipped_data(hub_here)
    num = 0
    for path in sorted(recipes_directory().glob("*.yaml")):
        recipe = load_recipe(path)
        for split, _ in hub_splits(recipe.data.entries):
            examples = load_examples(recipe.data, split, recipe.source_lang, recipe.target_lang)
            assert all(examples.sources)
            assert all(all(texts) for texts in examples.references)
            num += 1
    assert num == 21  # of seven recipes


def test_a_folder_laid_out_as_a_repository_may_stand_for_one(hub_here: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "wmt"
    for name, content in translation_files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    assert load(str(folder), "train[10%:20%]", config="de-en") == TRAIN[15:30]
    message, _ = refusal(str(folder), "trian", config="de-en")
    assert "has no split 'trian'; did you mean train?" in message
    assert hub_here.requests == []


def test_all_splits_are_looked_at_before_the_first_is_loaded(hub_here: Hub) -> None:
    commit = hub_here.add("datasets", WMT, translation_files()).branches["main"]
    splits = {"train": "train", "validation": "validation", "test": "tset"}
    entries = {key: {"hub": WMT, "config": "de-en", "split": s} for key, s in splits.items()}
    with pytest.raises(
        T5TuneError, match=r"data\.test\.split: .* no split 'tset'; did you mean te"
    ):
        pin_commits(DataSection.model_validate(entries), {})
    assert loaded(hub_here) == []
    entries["test"]["split"] = "test"
    pinned = pin_commits(DataSection.model_validate(entries), {})
    assert [entry.revision for _, entry in hub_splits(pinned.entries)] == [commit] * 3
    assert loaded(hub_here) == []


@pytest.mark.parametrize(
    ("build", "split"),
    [
        (translation_files, "train"),
        (json_files, "train"),
        (json_files, "train[10:90]"),
        (json_files, "train[:50%]+validation"),
    ],
)
def test_streamed_files_leave_nothing_in_the_cache(
    hub_here: Hub, tmp_path: Path, build: Callable[[], dict[str, bytes]], split: str
) -> None:
    hub_here.add("datasets", WMT, build())
    fields = {"config": "de-en"} if build is translation_files else {}
    entry = {"hub": WMT, "split": split, **fields}
    train = {**entry, "streaming": True}
    data = DataSection.model_validate({"train": train, "validation": entry})
    opened = open_split(data, "train", "en", "de")
    seen, most = [], 0
    for _ in range(2):  # passes
        seen.append([(one.source, one.references[0]) for one in opened.read()])
        most = max(most, len(list_data_files(tmp_path)))
    assert most == 1, "the one that was read last"
    del opened
    gc.collect()
    assert list_data_files(tmp_path) == []
    assert seen == [load(WMT, split, **fields)] * 2


def list_data_files(folder: Path) -> list[Path]:
    return [
        path for path in folder.rglob("*") if path.suffix in (".parquet", ".jsonl", ".incomplete")
    ]


def test_a_format_of_the_library_is_not_streamed(hub_here: Hub) -> None:
    hub_here.add("datasets", WMT, {"train.xml": b"<a>one</a>\n"})
    entry = {"hub": WMT, "split": "train"}
    data = DataSection.model_validate({"train": {**entry, "streaming": True}, "validation": entry})
    with pytest.raises(T5TuneError, match=r"data\.train\.streaming: train\.xml is not read row"):
        open_split(data, "train", "en", "de")


def test_plain_text_is_streamed_line_by_line(hub_here: Hub) -> None:
    hub_here.add("datasets", WMT, {"train.txt": "one\u2028\n\ntwo\n".encode()})
    entry = {"hub": WMT, "split": "train"}
    data = DataSection.model_validate(
        {"train": {**entry, "streaming": True}, "validation": entry, "denoise": {}}
    )
    texts = [(one.source, one.references) for one in open_split(data, "train").read()]
    assert texts == [(text, [text]) for text in ("one\u2028", "", "two")]
