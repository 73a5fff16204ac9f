"""``riverrun evaluate``: how well a model predicts texts."""

import argparse
from typing import TYPE_CHECKING, Any

from riverrun.cli.parsing import Parser
from riverrun.cli.precision_flag import add_precision
from riverrun.cli.standard_output import print_json
from riverrun.cli.translate import add_search

if TYPE_CHECKING:
    from riverrun.data.corpus import Corpus
    from riverrun.evaluation.likelihood import Likelihood
    from riverrun.language_model import TrainedLanguageModel
    from riverrun.translator import TrainedTranslator


_ENOUGH = 50  # tokens, from which figures say something
_SAID = ("learned_share", "chose_the_weights", "held_out", "caveat")  # in words or in a column


def add_arguments(parser: Parser) -> None:
    parser.add_argument("model", help="a model directory")
    parser.add_argument(
        "file",
        nargs="+",
        help="files, directories, globs, known texts or - for standard input; each by itself",
    )
    add_search(parser, "beam", "K", "translators: hypotheses kept")
    parser.add_argument(
        "--skip-bad",
        "--data.skip-bad",
        action="store_true",
        help="translators: leave out lines that are no pair",
    )
    parser.add_argument(
        "--adapt", action="store_true", help="go on learning from each text, every piece after it was scored"
    )
    add_precision(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    from riverrun.api import load
    from riverrun.translator import TrainedTranslator

    model = load(options.model, precision=options.precision)
    if options.adapt and isinstance(model, TrainedTranslator):
        from riverrun.errors import InputError

        raise InputError("--adapt is for language models, and this is a translator")
    if isinstance(model, TrainedTranslator):
        reports = [_report_of_pairs(model, file, options) for file in options.file]
    else:
        reports = [_report(model, corpus, options.adapt) for corpus in _opened(options.file, model)]
    if options.json:
        several = {"files": [{"file": f} | each for f, each in zip(options.file, reports, strict=True)]}
        print_json(reports[0] if len(reports) == 1 else several)
        return 0
    for file, report in zip(options.file, reports, strict=True):
        if len(reports) > 1:
            print(f"{file}:")
        _print(report)
    return 0


def _report_of_pairs(model: "TrainedTranslator", file: str, options: argparse.Namespace) -> dict[str, Any]:
    from riverrun.data.corpus import open_corpus
    from riverrun.data.held_out import familiar

    figures = model.evaluate(file, beam=options.beam, skip_bad=options.skip_bad).to_dict()
    validation = model.settings.data.validation
    if file == "-" or (known := familiar(open_corpus([file]), model.facts, validation)) is None:
        return figures
    share = 0.0 if known.learned == 0 else 1.0 if isinstance(validation, str) else 1 - validation
    return figures | {"learned_share": share, "chose_the_weights": known.chose}


def _opened(files: list[str], model: "TrainedLanguageModel") -> "list[Corpus]":
    from riverrun.data.corpus import open_corpus

    return [open_corpus([file], model.reading) for file in files]  # all are there before any is evaluated


def _report(model: "TrainedLanguageModel", corpus: "Corpus", adapt: bool) -> dict[str, Any]:
    """Figures of a text; where it is known to the model, what of it was learned, and figures of the rest alone."""
    from riverrun.data.held_out import familiar

    known = familiar(corpus, model.facts, model.settings.data.validation)
    report = _figures(model, corpus, 0, adapt)
    if known is None:
        return report
    report["learned_share"] = known.learned / corpus.characters
    report["chose_the_weights"] = known.chose
    if 0 < known.learned < corpus.characters:
        report["held_out"] = _figures(model, corpus, known.learned, adapt)
    return report


def _figures(model: "TrainedLanguageModel", corpus: "Corpus", start: int, adapt: bool) -> dict[str, Any]:
    """Of a text from a character on; what is adapted begins anew with each."""
    from riverrun.errors import InputError

    scorer = model.adapting() if adapt else model.scorer
    found = scorer.likelihood(corpus.texts(start))
    if not found.tokens:
        raise InputError(f"{corpus.name}: no symbol of the model's vocabulary is in the text")
    return found.to_dict() | {"caveat": _caveat(found)}


def _caveat(found: "Likelihood") -> str:
    few = f"only {found.tokens:,} tokens: the figures say next to nothing" if found.tokens < _ENOUGH else ""
    return "; ".join(filter(None, (few, found.counts.caveat)))


def _print(report: dict[str, Any]) -> None:
    """A line for each figure; those of held-out text stand first."""
    if (said := _seen(report)) is not None:
        print(said)
    columns = {"": report}
    if "held_out" in report:
        columns = {"held out": report["held_out"], "all of it": report}
        print(f"{'':22}" + "".join(f"{name:>14}" for name in columns))
    for name in (name for name in report if name not in _SAID):
        if isinstance(report[name], dict):  # figures of parts, such as tags
            for part, figure in report[name].items():
                print(f"  {part:20}{_shown(figure):>14}")
            continue
        values = "".join(f"{_shown(each[name]):>14}" for each in columns.values())
        print(f"{name.replace('_', ' '):22}{values}")
    for name, each in columns.items():
        if each.get("caveat"):
            print(f"{name + ': ' if name else ''}{each['caveat']}")


def _seen(report: dict[str, Any]) -> str | None:
    """What the model has seen in training, in words."""
    chose = (
        "; it chose the weights, so its figures are a little too good"
        if report.get("chose_the_weights")
        else ""
    )
    match report.get("learned_share"):
        case None:
            return None
        case 0.0:
            return f"the model did not learn from this{chose}"
        case 1.0:
            return "the model has learned from all of this: its figures say nothing of other text"
        case share if "held_out" not in report:
            return f"the model has learned from {share:.0%} of these pairs: riverrun show has figures of the others"
        case share:
            return f"the model has learned from the first {share:.0%} of this; the rest was held out{chose}"


def _shown(value: float | str | None) -> str:
    match value:
        case None:
            return "undefined"
        case str():
            return value
        case float():
            return f"{value:,.4f}"
        case _:
            return f"{value:,}"
