"""Augmentation: training examples that are varied, each by its own draw.

`kinds/` has one module for each kind; `augmenter` applies those of a recipe to an example, and
`rounds` tokenizes the training data in several variants. What an example becomes depends on the
seed, the round and the number of the example alone.
"""
