"""Regularizers: what a recipe adds to training against overfitting, noise and forgetting.

`kinds/` has a module for each; `recipe_regularizers.py` builds those of a recipe, and `in_force.py`
has them together, for the trainer.
"""
