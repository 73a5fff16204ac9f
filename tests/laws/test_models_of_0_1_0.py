"""Law 4, over time: models that version 0.1.0 wrote say what they said there."""

import shutil
from pathlib import Path

import pytest

import riverrun
import tiny
from riverrun.config.building import build_settings
from riverrun.errors import ModelError, OutputError
from riverrun.training import checkpoints
from riverrun.training.run import Request

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


# What 0.1.0 itself wrote and measured. The prompt of subwords is empty: how a prompt ends is read otherwise now.
LANGUAGE_MODELS = [
    ("characters", "the spirit ", "aiatailt a rae is t asas", 3.77229, 812),
    ("bytes_in_windows", "the spirit ", "irrsritree ase os s rtlr", 3.60122, 2517),
    (
        "words_by_convolution",
        "the spirit ",
        "ours spirit ours where\nan a that a where ours that\nwhere!",
        1.96894,
        1087,
    ),
    ("subwords", "", " w\n  w w  an si ee wee  se we w an w an", 3.95647, 2544),
    ("one_hot_in_windows", "the spirit ", "ariaarns i  a  is t asas", 3.91568, 1060),
]


@pytest.mark.parametrize(("name", "prompt", "text", "bits", "weights"), LANGUAGE_MODELS)
def test_they_write_and_score_as_they_did(name, prompt, text, bits, weights):
    model = riverrun.load(WRITTEN / name)
    assert model.generate(prompt, 24, temperature=0.8, top_k=8, seed=3) == text
    assert model.score("an age is a river\n").bits_per_character == pytest.approx(bits, abs=1e-5)
    assert model.parameters == weights


def test_a_checkpoint_is_a_model_too():
    (step,) = checkpoints.list_steps(WRITTEN / "characters" / "checkpoints")
    model = riverrun.load(step)
    assert model.generate("the spirit ", 24, temperature=0.8, top_k=8, seed=3) == LANGUAGE_MODELS[0][2]


class TestItsRuns:
    """They are gone on with by 0.1.0 alone, and that is said in a line before anything is touched."""

    def test_by_the_note(self, corpus, tmp_path):
        folder = shutil.copytree(WRITTEN / "characters", tmp_path / "run")
        with pytest.raises(
            OutputError, match=r"begun by another version.*train anew with overwrite"
        ) as caught:
            list(tiny.run_request(Request((str(corpus),), folder, build_settings({}), resume=True)))
        assert len(str(caught.value)) < 400
        assert "pydantic" not in str(caught.value)
        assert riverrun.load(folder).parameters == 812

    def test_by_the_checkpoint(self):
        with pytest.raises(ModelError, match="an earlier version of riverrun, which alone can go on"):
            checkpoints.newest(WRITTEN / "characters" / "checkpoints")
