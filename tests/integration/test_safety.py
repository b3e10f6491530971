"""Test that files of others run nothing: a canary stands behind each of their doors."""

from __future__ import annotations

import json
import pickle
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from tests.conftest import TINY, RunCommand, write_tiny_recipe
from tests.hub.models import t5_files

CANARY = "canary"
TRANSLATE = ("translate", "--model", "./model", "one", "--max-new-tokens", "2", "--prefix", "")
DISTURB = f"import pathlib; pathlib.Path({CANARY!r}).touch()\n"
CONFIGURATION = """
from transformers import T5Config
class OtherConfig(T5Config):
    model_type = "other"
"""
MODELING = """
from transformers import T5ForConditionalGeneration
from .configuration_other import OtherConfig
class OtherModel(T5ForConditionalGeneration):
    config_class = OtherConfig
"""


class Payload:
    """Disturb the canary when unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path(CANARY),)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder with a recipe and a model whose weights are safetensors."""
    monkeypatch.chdir(tmp_path)
    write_tiny_recipe(tmp_path)
    write(tmp_path / "model", t5_files("safetensors"))
    pickle.loads(pickle.dumps(Payload()))
    assert Path(CANARY).exists(), "the payload works"
    Path(CANARY).unlink()
    yield tmp_path
    assert not Path(CANARY).exists()


def write(directory: Path, files: dict[str, bytes]) -> None:
    """Write files of a model."""
    directory.mkdir(exist_ok=True)
    for name, content in files.items():
        (directory / name).write_bytes(content)


def change(path: Path, **fields: object) -> None:
    """Change fields of a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def disturbing_code(model: Path, name: str) -> None:
    """Add a Python file that disturbs the canary."""
    (model / name).parent.mkdir(exist_ok=True)
    (model / name).write_text(DISTURB)


def pickled_beside(model: Path) -> None:
    torch.save({"shared.weight": Payload()}, model / "pytorch_model.bin")


def pickled_part(model: Path) -> None:
    (model / "model.safetensors").rename(model / "half.safetensors")
    torch.save({"shared.weight": Payload()}, model / "part.bin")
    parts = {"shared.weight": "part.bin", "encoder.final_layer_norm.weight": "half.safetensors"}
    index = {"metadata": {}, "weight_map": parts}
    (model / "model.safetensors.index.json").write_text(json.dumps(index))


def pickled_only(model: Path) -> None:
    (model / "model.safetensors").unlink()
    pickled_beside(model)


def code_of_a_known_type(model: Path) -> None:
    disturbing_code(model, "other.py")
    change(model / "config.json", auto_map={"AutoModelForSeq2SeqLM": "other.Other"})


def code_of_an_unknown_type(model: Path) -> None:
    disturbing_code(model, "other.py")
    auto_map = {"AutoConfig": "other.Other", "AutoModelForSeq2SeqLM": "other.Other"}
    change(model / "config.json", model_type="other", auto_map=auto_map)


def code_of_a_tokenizer(model: Path) -> None:
    disturbing_code(model, "other.py")
    auto_map = {"AutoTokenizer": ["other.Other", None]}
    change(model / "tokenizer_config.json", tokenizer_class="Other", auto_map=auto_map)


def code_of_generation(model: Path) -> None:
    disturbing_code(model, "custom_generate/generate.py")
    change(model / "generation_config.json", custom_generate="./model")


def pickled_adapter(model: Path) -> None:
    torch.save({"lora": Payload()}, model / "adapter_model.bin")
    adapter = {"peft_type": "LORA", "base_model_name_or_path": "./model", "r": 1}
    (model / "adapter_config.json").write_text(json.dumps(adapter))


def template_of_a_chat(model: Path) -> None:
    spell = f"{{{{ ().__class__.__base__.__subclasses__() }}}}{{% set x = {DISTURB!r} %}}"
    (model / "chat_template.jinja").write_text(spell)


@pytest.mark.parametrize(
    "place",
    [pickled_beside, code_of_a_known_type, code_of_generation, template_of_a_chat],
)
def test_a_model_is_loaded_without_the_canary_beside_it(
    place: Callable[[Path], None], folder: Path, t5tune: RunCommand
) -> None:
    place(folder / "model")
    translated = t5tune(*TRANSLATE)
    assert translated.code == 0, translated.err


@pytest.mark.parametrize(
    ("place", "option"),
    [
        (pickled_part, "--allow-pickle"),
        (pickled_only, "--allow-pickle"),
        (pickled_adapter, None),
        (code_of_an_unknown_type, "--allow-code"),
        (code_of_a_tokenizer, "--allow-code"),
    ],
)
def test_a_model_that_needs_the_canary_is_refused(
    place: Callable[[Path], None], option: str | None, folder: Path, t5tune: RunCommand
) -> None:
    place(folder / "model")
    refused = t5tune(*TRANSLATE)
    assert refused.code == 1
    about, command = refused.err.splitlines()[-2:]
    assert about.startswith("error: model")
    if option is not None:
        assert shlex.split(command) == ["try:", "t5tune", *TRANSLATE, option]
    if option == "--allow-pickle":  # only tensors are read
        allowed = t5tune(*TRANSLATE, option)
        assert allowed.code == 1
        assert "error: model: " in allowed.err


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"name": "!!python/object/apply:pathlib.Path.touch [canary]"}, "tiny.yaml:1"),
        ({"data": {"train": {"file": "train.pkl"}}}, "train.pkl"),
        ({"model": {"name": "./model", "trust_remote_code": True}}, "only --allow-code"),
        ({"evaluation": {"metrics": ["chrf", "evaluate:./metric.py"]}}, "only --allow-code"),
    ],
)
def test_a_canary_in_a_recipe_stays_untouched(
    changes: dict[str, Any], part: str, folder: Path, t5tune: RunCommand
) -> None:
    Path("train.pkl").write_bytes(pickle.dumps(Payload()))
    disturbing_code(folder, "metric.py")
    content = {**TINY, **changes}
    content["data"] = {**TINY["data"], **content["data"]}  # type: ignore[dict-item]
    text = yaml.safe_dump(content, sort_keys=False).replace("'!!", "!!").replace("]'", "]")
    Path("tiny.yaml").write_text(text)
    refused = t5tune("train", "tiny.yaml")
    assert refused.code == 1
    assert part in refused.err


def test_code_of_a_model_runs_only_if_recipe_and_command_both_want_it(
    folder: Path, t5tune: RunCommand
) -> None:
    model = folder / "model"
    (model / "configuration_other.py").write_text(CONFIGURATION)
    (model / "modeling_other.py").write_text(MODELING)
    classes = {"AutoConfig": "configuration_other.OtherConfig"}
    classes["AutoModelForSeq2SeqLM"] = "modeling_other.OtherModel"
    change(model / "config.json", model_type="other", auto_map=classes)
    content = {**TINY, "model": {"name": "./model"}, "export": "none"}
    Path("tiny.yaml").write_text(yaml.safe_dump(content))
    train = ("train", "tiny.yaml", "training.max_steps=1", "training.eval_steps=null")
    for given in ((), ("--allow-code",), ("model.trust_remote_code=true",)):
        refused = t5tune(*train, *given)
        assert refused.code == 1
        words = {"model.trust_remote_code=true", "--allow-code"} - set(given)
        proposed = shlex.split(refused.err.splitlines()[-1])
        assert proposed[: -len(words)] == ["try:", "t5tune", *train, *given]
        assert set(proposed[-len(words) :]) == words
    trained = t5tune(*train, "model.trust_remote_code=true", "--allow-code")
    assert trained.code == 0, trained.err
    for command in (("translate", "one", "--model", "runs/tiny"), ("eval",)):
        refused = t5tune(*command)
        assert refused.code == 1, "what the run's recipe wants is not enough"
        assert "no recipe can allow, only --allow-code" in refused.err
        assert t5tune(*command, "--allow-code").code == 0
    elsewhere = ("translate", "one", "--model", "runs/tiny/model", "--prefix", "")
    assert t5tune(*elsewhere).code == 1
    assert t5tune(*elsewhere, "--allow-code").code == 0
