from .catalog import find_recipe as find_recipe
from .catalog import list_recipes as list_recipes
from .loading import load_recipe as load_recipe
from .resolved_recipe import ResolvedRecipe as ResolvedRecipe
from .schema import Recipe as Recipe
