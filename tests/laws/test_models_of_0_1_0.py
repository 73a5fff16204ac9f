"""Law 4, over time: translators that version 0.1.0 wrote say what they said there."""

from pathlib import Path

import pytest

import riverrun

WRITTEN = Path(__file__).parent.parent / "written_by_0_1_0"


@pytest.mark.parametrize(
    ("name", "outputs", "log_probability", "weights"),
    [
        ("transducer", ["aː b", "aː aː b", "b aː aː b"], -0.4733, 4891),
        ("attention", ["ba", "baa", "baa"], -0.2970, 4066 - 6 * 4),  # tied: four symbols, counted twice there
        ("tagger", ["VC", "VVC", "CVVC"], -0.0075, 1250),
    ],
)
def test_they_translate_as_they_did(name, outputs, log_probability, weights):
    model = riverrun.load_translator(WRITTEN / name)
    assert model.translate(["ab", "aab", "baab"]) == outputs
    (found,) = model.translations(["aab"])
    assert found.outputs[0].log_probability == pytest.approx(log_probability, abs=1e-3)
    assert model.parameters == weights
