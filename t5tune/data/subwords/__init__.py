"""Subword sampling: words in other pieces than the tokenizer's best ones.

`unigram` draws among all segmentations by their probability (Kudo 2018), `bpe` leaves out merges
(Provilkov et al. 2020). The libraries sample too, but from a generator without a seed; here a draw
belongs to an example. `sampler` finds out what a tokenizer has and resamples its ids.
"""
