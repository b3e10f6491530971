"""Test DeepSpeed's configuration; the engine itself is tested on two processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from t5tune.distributed.deepspeed import build_config
from t5tune.errors import T5TuneError


def configure(path: Path, content: Any) -> dict[str, Any]:
    file = path / "zero.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return build_config(str(file), bf16=False, max_grad_norm=1.0)


def test_without_a_file_everything_is_sharded() -> None:
    config = build_config(None, bf16=True, max_grad_norm=0.3)
    assert config["zero_optimization"] == {"stage": 3}
    assert config["bf16"] == {"enabled": True}
    assert config["gradient_clipping"] == 0.3


def test_the_users_own_settings_are_kept_and_auto_is_filled(tmp_path: Path) -> None:
    own = {
        "zero_optimization": {
            "stage": 2,
            "overlap_comm": True,
            "reduce_bucket_size": "auto",
            "offload_optimizer": {"device": "cpu"},
        },
        "train_batch_size": "auto",
        "bf16": {"enabled": "auto"},
        "fp16": {"enabled": False, "loss_scale_window": 1000},
        "wall_clock_breakdown": True,
    }
    config = configure(tmp_path, own)
    assert config["zero_optimization"] == {
        "stage": 2, "overlap_comm": True, "offload_optimizer": {"device": "cpu"},
    }  # fmt: skip
    assert config["wall_clock_breakdown"] is True
    assert config["bf16"] == {"enabled": False}
    assert "train_batch_size" not in config


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "is not JSON"),
        ("[]", "does not hold a JSON object"),
        (
            {"optimizer": {"type": "Adam"}},
            "optimizer is already set by the recipe's training.optim",
        ),
        ({"train_batch_size": 32}, "already set by the recipe's training.tokens_per_batch"),
        ({"fp16": {"enabled": True}}, "already set by the recipe's training.bf16"),
        ({"bf16": {"enabled": True}}, "already set by the recipe's training.bf16"),
        ({"zero_optimization": {"stage": 0}}, "zero_optimization.stage is 0"),
        ({"zero_optimization": True}, "zero_optimization.stage is True"),
    ],
)
def test_what_contradicts_the_recipe_is_refused(tmp_path: Path, content: Any, reason: str) -> None:
    with pytest.raises(T5TuneError, match=reason) as error:
        configure(tmp_path, content)
    assert error.value.next_command


def test_its_log_goes_to_stderr() -> None:
    """Every training imports DeepSpeed if it is installed, and stdout is for data."""
    pytest.importorskip("deepspeed")
    program = (
        "import logging\n"
        "from t5tune.distributed.deepspeed import import_quietly\n"
        "assert import_quietly()\n"
        "logging.getLogger('DeepSpeed').warning('a warning of its own')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "a warning of its own" in done.stderr
    assert "Setting accelerator" not in done.stderr


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(T5TuneError, match="No such file"):
        build_config(str(tmp_path / "no.json"), bf16=False, max_grad_norm=1.0)
