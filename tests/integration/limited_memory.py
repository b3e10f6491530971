"""Run `t5tune train` with a limit on the MiB that it may take after all imports.

python tests/integration/limited_memory.py MEBIBYTES RECIPE [KEY=VALUE ...]     0 sets no limit
"""

from __future__ import annotations

import resource
import sys
from typing import Any

# Imported before the limit but not used here, so that the limit covers only training.
import psutil
import sacrebleu  # noqa: F401

import t5tune.training.session as session
from t5tune.cli.app import main
from t5tune.reporting.evaluation import Evaluation, evaluate_model

HARD_LIMIT = resource.getrlimit(resource.RLIMIT_AS)[1]


def evaluate_without_limit(*arguments: Any, **others: Any) -> Evaluation:
    resource.setrlimit(resource.RLIMIT_AS, (HARD_LIMIT, HARD_LIMIT))
    return evaluate_model(*arguments, **others)


if __name__ == "__main__":
    mebibytes = int(sys.argv.pop(1))
    if mebibytes:
        limit = psutil.Process().memory_info().vms + mebibytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, HARD_LIMIT))
        session.evaluate_model = evaluate_without_limit
    sys.argv.insert(1, "train")
    main()
