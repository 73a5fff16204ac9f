"""What a language model writes after a prompt, as text."""

import warnings

import pytest

import riverrun
import tiny
from riverrun.errors import InputError

# The texts are short ones many times over.
pytestmark = pytest.mark.filterwarnings("ignore:.* held-out lines")

EMOJI = "🙂🙃 天地 naïve 🙂🙂 é\n"


@pytest.fixture(scope="module")
def writers(tmp_path_factory):
    """Small models of units of every kind that is more than a character, or less."""
    folder = tmp_path_factory.mktemp("writers")
    (folder / "emoji.txt").write_text(EMOJI * 150, encoding="utf-8")
    (folder / "words.txt").write_text(tiny.text(), encoding="utf-8")
    more = {
        "byte": {"text__unit": "byte"},
        "bpe": {"text__unit": "bpe", "text__max_vocabulary": 300},
        "word": {"text__unit": "word", "text__min_count": 1},
        "clause": {"text__unit": "clause"},
    }
    found = {}
    for name, settings in more.items():
        text = folder / ("words.txt" if name in ("word", "clause") else "emoji.txt")
        tiny.train(text, folder / name, budget__steps=30, training__learning_rate=0.03, **settings)
        found[name] = riverrun.load(folder / name)
    return found


@pytest.mark.parametrize("unit", ["byte", "bpe"])
@pytest.mark.parametrize(
    "sampling", [{}, {"temperature": 2.0}, {"uniform": True}, {"temperature": 0.0}], ids=str
)
def test_characters_are_whole_at_every_length(writers, unit, sampling):
    model = writers[unit]
    for seed in range(3):
        whole = model.generate("", 40, seed=seed, **sampling)
        for length in range(25):
            text = model.generate("", length, seed=seed, **sampling)
            assert "\ufffd" not in text
            assert whole.startswith(text)
            assert "".join(model.stream("", length, seed=seed, **sampling)) == text


@pytest.mark.parametrize("unit", ["byte", "bpe", "word", "clause"])
def test_a_stream_is_the_text_whole_after_any_prompt(writers, unit):
    model = writers[unit]
    prompt = "🙂 n" if unit in ("byte", "bpe") else "the riv"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = model.samples(prompt, 20, n=8, seed=3)
        assert "".join(model.stream(prompt, 20, seed=3)) == samples[0].text
        assert all(model.samples(prompt, 20, n=3, seed=3)[k].text == samples[k].text for k in range(3))
        for length in range(6):
            assert samples[0].text.startswith(model.generate(prompt, length, seed=3))


def test_a_word_is_finished(writers):
    """After "the riv" comes "er", since the text has no other word that begins so."""
    texts = [each.text for each in writers["word"].samples("the riv", 3, n=20, seed=0)]
    assert sum(text.startswith("er") for text in texts) >= 18


def test_a_prompt_that_ends_in_a_blank_goes_on_with_a_word(writers):
    model = writers["bpe"]
    for sample in model.samples("天地 ", 4, n=20, seed=1):
        assert not sample.text.startswith(" ")


def test_nothing_is_healed_where_nothing_is_asked_for(writers):
    assert writers["word"].generate("the riv", 0) == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"prompt": None}, "prompt = None"),
        ({"prompt": b"the"}, "prompt = b'the'"),
        ({"length": 1.5}, "length = 1.5"),
        ({"length": float("nan")}, "length = nan"),
        ({"length": "9"}, "length = '9'"),
        ({"length": None}, "length = None"),
        ({"length": True}, "length = True"),
        ({"n": 10**9}, "n = 1000000000: give 1 to"),
        ({"n": 2.0}, "n = 2.0"),
        ({"seed": -1}, "seed = -1"),
        ({"seed": 2**64}, "seed = 18446744073709551616"),
        ({"seed": "one"}, "seed = 'one'"),
        ({"stop": 3}, "stop = 3"),
        ({"stop": ["a", None]}, "stop = None"),
        ({"temperature": "hot"}, "temperature = 'hot'"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(model, given, said):
    with pytest.raises(InputError, match=said):
        model.samples(**{"prompt": "the", "length": 5} | given)
    if "n" not in given and given.get("length", 0) is not None:
        with pytest.raises(InputError, match=said):
            model.stream(**{"prompt": "the", "length": 5} | given)  # at once, not at its first piece


@pytest.mark.parametrize("given", [None, 3, b"text"])
def test_what_is_no_text_is_not_scored(model, given):
    with pytest.raises(InputError, match="not text"):
        model.score(given)


def test_one_stop_text_is_one(model):
    full = model.generate("the", 300, seed=1)
    stop = full[40:43]
    assert model.generate("the", 300, seed=1, stop=stop) == full[: full.index(stop)]


def test_a_model_says_what_it_is(model):
    assert "lstm of 1 x 16" in repr(model)
    assert f"{model.parameters:,} weights" in repr(model)
