"""What training would see of its data, found without weights: `t5tune data`.

`data_preview` opens and prepares the data as training does, up to its tokens. `split_looks` counts
the tokens of each split, `augmentation_preview` shows what becomes of some examples. The result is
a `DataOverview` (`data/overview/`).
"""
