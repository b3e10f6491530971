"""Export of a trained model to CTranslate2, and the comparison of the two."""
