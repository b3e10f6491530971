"""Test sets of sacreBLEU through its own code: from its cache, from a server, without either."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sacrebleu
from huggingface_hub import constants
from sacrebleu import utils
from sacrebleu.dataset.plain_text import PlainTextDataset

from t5tune.data.readers.file_check import find_problems
from t5tune.data.readers.sources import load_split
from t5tune.data.store.data_identity import identify_data
from t5tune.errors import T5TuneError
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.reporting.model_card.facts import describe_data
from tests.tiny_sections import as_data


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(utils, "SACREBLEU_DIR", str(tmp_path / "cache"))
    for name, dataset in sacrebleu.DATASETS.items():
        monkeypatch.setattr(dataset, "_outdir", str(tmp_path / "cache" / name))
        monkeypatch.setattr(dataset, "_rawdir", str(tmp_path / "cache" / name / "raw"))
    return tmp_path / "cache"


def load(name: str, *languages: str) -> list[tuple[str, list[str]]]:
    data = as_data(DataEntry(sacrebleu=name))
    rows = load_split(data, "test", *(languages or ("en", "de")))
    return [(source, texts) for source, texts in rows]


def refuse(name: str, *languages: str) -> T5TuneError:
    with pytest.raises(T5TuneError) as caught:
        load(name, *languages)
    return caught.value


def fill(cache: Path, name: str, pair: str, **texts: str) -> None:
    (cache / name).mkdir(parents=True)
    for field, text in texts.items():
        path = cache / name / f"{name.replace('/', '_')}.{pair}.{field}"
        path.write_text(text, encoding="utf-8")


def test_a_set_in_the_cache(cache: Path) -> None:
    fields = {"src": "a\nb\u2028c\n", "ref": "A\nB\n", "docid": "1\n1\n", "origlang": "en\nen\n"}
    fill(cache, "wmt20", "en-de", **fields, genre="n\nn\n")
    assert load("wmt20") == [("a", ["A"]), ("b\u2028c", ["B"])]
    assert load("wmt20", "en_XX", "deu_Latn") == load("wmt20")
    data = as_data(DataEntry(sacrebleu="wmt20"))
    assert describe_data(data.train.place) == "wmt20 of sacreBLEU"
    paths = [path.name for path in identify_data(data, "train", "en", "de").states]
    assert paths == ["wmt20.en-de.src", "wmt20.en-de.ref"]


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlainTextDataset]:
    """A set with two references on a server, registered as sacreBLEU's own are."""
    with tarfile.open(tmp_path / "tiny.tgz", "w:gz") as archive:
        for name, text in (("t.en", "a\nb\n"), ("t.de", "A\nB\n"), ("t2.de", "Ä\nB\n")):
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    dataset = PlainTextDataset(
        "tiny",
        data=[f"http://127.0.0.1:{server.server_address[1]}/tiny.tgz"],
        md5=[hashlib.md5((tmp_path / "tiny.tgz").read_bytes()).hexdigest()],
        langpairs={"en-de": ["t.en", "t.de", "t2.de"]},
    )
    dataset._outdir, dataset._rawdir = (
        str(tmp_path / "cache/tiny"),
        str(tmp_path / "cache/tiny/raw"),
    )
    monkeypatch.setattr(PlainTextDataset, "fieldnames", lambda *_: ["src", "ref:A", "ref:B"])
    monkeypatch.setitem(sacrebleu.DATASETS, "tiny", dataset)
    yield dataset
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_set_is_loaded_once_with_all_references(
    served: PlainTextDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [("a", ["A", "Ä"]), ("b", ["B", "B"])]
    assert load("tiny") == expected
    served.data = ["http://127.0.0.1:1/tiny.tgz"]
    assert load("tiny") == expected
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert load("tiny") == expected


def test_what_was_not_loaded_is_told_with_the_command(
    served: PlainTextDataset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (
        "sacrebleu -t tiny -l en-de --echo src > /dev/null   "
        "# loads it, where the network can be reached"
    )
    address = served.data
    served.data = ["http://127.0.0.1:1/tiny.tgz"]
    error = refuse("tiny")
    file = cache / "tiny/tiny.en-de.src"
    assert error.message.startswith(
        f"data.test.sacrebleu: tiny (en-de) is not in sacreBLEU's cache: {file} is missing, and "
    )
    assert "refused" in error.message
    assert error.next_command == command
    served.data, served.md5 = address, ["0" * 32]
    error = refuse("tiny")
    assert "what was loaded of tiny is not what sacreBLEU knows" in error.message
    assert (error.next_command or "").startswith(f"rm -r {cache / 'tiny'}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    error = refuse("tiny")
    assert f"{file} is missing, and the network is switched off" in error.message
    assert error.next_command == command


def test_what_sacrebleu_does_not_have() -> None:
    assert "has no test set 'wmt20x'; did you mean wmt20" in refuse("wmt20x").message
    assert "data.test.sacrebleu: wmt20 has no de-ja (pairs: " in refuse("wmt20", "de", "ja").message
    data = as_data(DataEntry(sacrebleu="wmt20"))
    assert not list(find_problems(data, "en", "de"))
    [problem, *_] = find_problems(data, "en", "tlh")
    assert problem.message.startswith("data.train.sacrebleu: wmt20 has no en-tlh (pairs: ")
    [problem, *_] = find_problems(data, None, None)
    assert "needs languages" in problem.message
