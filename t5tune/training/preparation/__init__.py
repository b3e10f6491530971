"""What happens before step 1: the run is chosen and checked, and everything is loaded and tried.

`run_choice.py` finds the run that a command means, and `inputs.py` checks the recipe before torch
is imported. `recipe_preparation.py` has the order of the rest: `commits.py` fixes versions on the
hub, `texts.py` reads the data, `model_facts.py` finds what the recipe's choices depend on,
`rehearsal.py` tries what will be needed later, and `environment.py` records it all. `start.py` is
the result, which every process gets.
"""
