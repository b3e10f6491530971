"""The Hugging Face hub: everything that t5tune fetches from it, sends to it and says about it.

Loading from the hub takes three steps and no other call of its libraries:

    repository = HubRepository("model", "google-t5/t5-small", revision=None)
    snapshot = find_snapshot(repository, "model.name")    # one request; its commit and files
    paths = snapshot.download(["config.json"])            # with progress; at once if cached

`find_snapshot` asks the hub once, without the library's retries. If the network or the hub
fails, it uses what the cache has for that revision, says so in one line, and keeps the process
offline from then on (`offline.py`). With `HF_HUB_OFFLINE=1` it does not ask at all.

If a library has to do the loading itself, `with reaching(repository, "data.train"):` around it
turns every failure of the network, the hub, the repository, the cache and its disk into one
`T5TuneError` that begins with that key. Other exceptions pass: they are bugs, or the caller
explains them.

`push_files` in `pushing.py` sends the files of a run; its failures are explained in the same place.

The log of the hub's library does not reach the terminal (`taming.py`): its retries are reported in
our words, its warnings and bars are dropped. This room imports neither torch nor transformers nor
datasets, and the hub's own library only when something is asked for.
"""

from t5tune.hub.explanations import reaching
from t5tune.hub.repository import HubRepository
from t5tune.hub.snapshot import Snapshot, find_snapshot

__all__ = ["HubRepository", "Snapshot", "find_snapshot", "reaching"]
