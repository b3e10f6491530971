from .examples import Examples as Examples
from .examples import load_examples as load_examples
from .readers.sources import load_split as load_split
