"""All recipes, by name."""

from riverrun.config.building import closest_name
from riverrun.errors import InputError
from riverrun.recipes import alphabet, convolution, luxun, nietzsche, translation
from riverrun.recipes.recipe import Recipe

RECIPES = {
    recipe.name: recipe
    for recipe in (
        alphabet.RECIPE,
        nietzsche.TUTORIAL_2015,
        nietzsche.BOOK,
        nietzsche.OURS,
        luxun.WORDS,
        luxun.CLAUSES,
        luxun.UNITS,
        translation.ADDITION,
        translation.ENGLISH_CHINESE,
        translation.ENGLISH_FRENCH,
        convolution.RECIPE,
    )
}


def find_recipe(name: str) -> Recipe:
    """The recipe of that name; raises InputError with the nearest one."""
    if name not in RECIPES:
        known = list(RECIPES)
        raise InputError(
            f"no recipe is called {name}{closest_name(name, known) or '; known are ' + ', '.join(known)}"
        )
    return RECIPES[name]
