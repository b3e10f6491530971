"""On PYTHONPATH: the process of rank 1 raises in its fifth step what FAIL_WITH names.

FAIL_WITH=nan makes its loss no number instead, and FAIL_WITH=weights its shard of a weight, before
weights are validated.
"""

import builtins
import os
import sys

if os.environ.get("RANK") == "1" and "FAIL_WITH" in os.environ:
    from t5tune.training.trainer import T5TuneTrainer

    compute = T5TuneTrainer.compute_loss

    def fail(self, *arguments, **keywords):
        if self.state.global_step == 4 and os.environ["FAIL_WITH"] != "weights":
            if os.environ["FAIL_WITH"] == "nan":
                return compute(self, *arguments, **keywords) * float("nan")
            print("a library's warning in rank 1", file=sys.stderr)
            raise getattr(builtins, os.environ["FAIL_WITH"])("injected into rank 1")
        return compute(self, *arguments, **keywords)

    T5TuneTrainer.compute_loss = fail

    evaluate = T5TuneTrainer.evaluate

    def ruin(self, *arguments, **keywords):
        if os.environ["FAIL_WITH"] == "weights":
            shards = [parameter.detach().to_local() for parameter in self.unwrapped.parameters()]
            next(shard for shard in shards if shard.numel()).fill_(float("nan"))
        return evaluate(self, *arguments, **keywords)

    T5TuneTrainer.evaluate = ruin
