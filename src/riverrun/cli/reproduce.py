"""``riverrun reproduce``: published results, run again."""

import argparse
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from riverrun.cli.parsing import Parser
from riverrun.cli.standard_output import print_json

if TYPE_CHECKING:
    from riverrun.recipes.recipe import ComparisonRow, Experiment, Outcome, Recipe


def add_arguments(parser: Parser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="recipes; without any, they are listed")
    parser.add_argument("-o", "--output", default="reproduced", help="directory for models and pages")
    parser.add_argument("--epochs", type=float, metavar="N", help="another budget for every experiment")
    parser.add_argument("--seeds", type=int, metavar="N", help="at most so many seeds for each experiment")
    parser.add_argument(
        "--data", default=".", metavar="DIR", help="directory with the texts (default: this one)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    from riverrun.recipes.catalogue import RECIPES, find_recipe
    from riverrun.recipes.running import run as perform

    if not options.names:
        return _list(list(RECIPES.values()), options.json)
    recipes = [find_recipe(name) for name in options.names]
    runs = [
        perform(each, _folder(each, options), options.epochs, options.seeds, Path(options.data), _announce)
        for each in recipes
    ]  # all are checked before the first begins
    reports = [_reproduce(*each, options) for each in zip(recipes, runs, strict=True)]
    if options.json:
        print_json({"recipes": reports})
    return 0


def _list(recipes: "list[Recipe]", as_json: bool) -> int:
    if as_json:
        listed = [{"name": r.name, "title": r.title, "citation": r.citation} for r in recipes]
        print_json({"recipes": listed})
    else:
        for recipe in recipes:
            print(f"{recipe.name:16} {recipe.title}\n{'':16} {recipe.citation}")
    return 0


def _folder(recipe: "Recipe", options: argparse.Namespace) -> Path:
    return Path(options.output) / recipe.name


def _reproduce(recipe: "Recipe", outcomes: "Iterator[Outcome]", options: argparse.Namespace) -> dict:
    from riverrun.recipes.recipe import comparison_rows
    from riverrun.recipes.running import with_budget
    from riverrun.reporting.recipe_report import write_recipe_report

    began = time.perf_counter()
    if not options.json:
        print(f"{recipe.name}: {recipe.title}\n  {recipe.citation}\n")
        print(textwrap.fill(recipe.about, 110, initial_indent="  ", subsequent_indent="  ") + "\n")
        for experiment in (with_budget(each, options.epochs) for each in recipe.experiments):
            print(f"  {experiment.name:20} {experiment.budget}; {experiment.note}")
        print("\n" + _line("", "figure", "published", "ours", "", "seconds"))
    seen, table = [], []
    for outcome in outcomes:
        seen.append(outcome)
        table += (found := comparison_rows(outcome))
        for row in found if not options.json else ():
            print(_row(row), flush=True)
    page = write_recipe_report(_folder(recipe, options), recipe, seen)
    seconds = time.perf_counter() - began
    print(f"{recipe.name}: {seconds:.0f} s in all; the page is {page}", file=sys.stderr)
    return {
        "name": recipe.name,
        "citation": recipe.citation,
        "about": recipe.about,
        "rows": [row.to_dict() for row in table],
        "seconds": round(seconds, 2),
        "page": str(page),
    }


def _announce(experiment: "Experiment") -> None:
    print(f"{experiment.name}: training for {experiment.budget}", file=sys.stderr)


def _row(row: "ComparisonRow") -> str:
    published = "" if row.published is None else f"{row.published:.4g}"
    ours = f"{row.mean:.4f}" + (f" ± {row.spread:.4f}" if len(row.values) > 1 else "")
    return _line(row.experiment, row.figure, published, ours, row.verdict, f"{row.seconds:.0f}")


def _line(experiment: str, figure: str, published: str, ours: str, verdict: str, seconds: str) -> str:
    return f"  {experiment:20} {figure:48} {published:>9}  {ours:18} {verdict:10} {seconds:>8}"
