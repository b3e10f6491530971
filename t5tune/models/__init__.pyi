from .families import Family as Family
from .families import find_family as find_family
from .loading import load_config as load_config
from .loading import load_model as load_model
from .loading import load_tokenizer as load_tokenizer
