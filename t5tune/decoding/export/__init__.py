"""From a trained model to a directory that CTranslate2 translates with, and whether both agree."""
