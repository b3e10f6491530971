"""On PYTHONPATH: the process of rank 1 raises while it makes its fifth batch."""

import os

if os.environ.get("RANK") == "1":
    from t5tune.data import steps

    make = steps.StepCollator.__call__
    made = []

    def fail(self, step):  # type: ignore[no-untyped-def]
        made.append(step)
        if len(made) == 5:
            raise RuntimeError("injected into rank 1")
        return make(self, step)

    steps.StepCollator.__call__ = fail  # type: ignore[method-assign]
