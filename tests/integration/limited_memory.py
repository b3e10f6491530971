"""`t5tune train` in a process that may take so many MiB more once everything is imported.

python tests/integration/limited_memory.py MEBIBYTES RECIPE [KEY=VALUE ...]     0 sets no limit
"""

from __future__ import annotations

import resource
import sys

# Imported before the limit and not used here, so that the limit measures training alone.
import psutil
import sacrebleu  # noqa: F401

import t5tune.training.session  # noqa: F401
from t5tune.cli.app import main

if __name__ == "__main__":
    mebibytes = int(sys.argv.pop(1))
    if mebibytes:
        limit = psutil.Process().memory_info().vms + mebibytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    sys.argv.insert(1, "train")
    main()
