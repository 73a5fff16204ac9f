"""Figures of outputs beside references, by hand."""

import pytest

from riverrun.evaluation.pair_quality import faults, quality, tag_quality


def of(outputs, references, unit="symbols", tagging=False):
    return quality(outputs, references, unit, 1.0, len(outputs), tagging)


def test_a_figure_of_too_short_outputs_is_undefined_and_not_zero():
    """BLEU counts runs of four tokens."""
    short = of(["a b c", "d e"], [["a b c"], ["d e"]])
    assert short.bleu is None
    assert short.exact_match == 1
    assert short.to_dict()["bleu"] is None


def test_one_hundred_is_one_hundred():
    whole = of(["a b c d e"], [["a b c d e"]])  # sacrebleu: 100.00000000000004
    assert (whole.bleu, whole.chrf) == (100.0, 100.0)


def test_any_reference_counts_and_errors_are_to_the_nearest():
    found = faults(["a b", "c c c"], [["x y", "a b"], ["c"]], "symbols")
    assert found == (2, 1, 2, 3)
    assert found.exact_match == 0.5
    assert found.symbol_error_rate == pytest.approx(2 / 3)
    assert faults(["abcd"], [["x"]], "char").symbol_error_rate == 4.0


def test_tags_are_counted_one_by_one():
    found = tag_quality(["D N V", "D N"], [["D N N"], ["D N"]], "symbols")
    assert found.tag_accuracy == 0.8
    assert found.accuracy_by_tag == {"N": pytest.approx(2 / 3), "D": 1.0}
    figures = of(["D N V"], [["D N N"]], tagging=True).to_dict()
    assert figures["tag_accuracy"] == pytest.approx(2 / 3)
    assert figures["accuracy_by_tag"] == {"N": 0.5, "D": 1.0}
    assert "tag_accuracy" not in of(["D N V"], [["D N N"]]).to_dict()
    assert "tags" not in figures
