"""The vocabulary of a run: that of its model, with tokens that the recipe adds, or a learned one.

`model_tokenizer` finds the tokenizer that training uses. `learned_vocabulary` learns one from the
training data (`vocabulary_texts`), once; `added_vocabulary` adds tokens and a language to a
pretrained one.
"""
