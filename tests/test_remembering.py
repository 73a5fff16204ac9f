"""Models with a memory, and models that go on learning: what a user does with them."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

import riverrun
import tiny
from riverrun.data.corpus import open_corpus
from riverrun.data.held_out import familiar
from riverrun.errors import InputError, ModelError, OutputError
from riverrun.evaluation.adapting import RATES
from riverrun.generation.plain import PlainDecoder
from riverrun.generation.remembering import RememberingDecoder
from riverrun.generation.sampling import Sampling
from riverrun.generation.streaming import begin

NEWS = "the spirit of tavolin is a river; tavolin runs where tavolin will, and we call tavolin ours; "


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("remembering")
    (folder / "text.txt").write_text(tiny.text(900))
    tiny.train(folder / "text.txt", folder / "model", model__memory="true", budget__steps=30)
    return folder / "model"


@pytest.fixture(scope="module")
def model(path):
    return riverrun.load(path)


@pytest.fixture(scope="module")
def without(path, tmp_path_factory):
    """The same network alone."""
    folder = tmp_path_factory.mktemp("without")
    tiny.train(path.parent / "text.txt", folder / "model", model__memory="false", budget__steps=30)
    return riverrun.load(folder / "model")


def test_without_its_memory_it_writes_what_the_network_writes(model, without):
    chosen = {"length": 60, "seed": 3}
    assert model.generate("the ", memory=0, **chosen) == without.generate("the ", **chosen)
    assert model.generate("the ", memory=1, **chosen) != without.generate("the ", **chosen)
    assert model.generate("the ", memory=1, **chosen) == model.generate("the ", **chosen)


def test_a_model_without_a_memory_takes_any_share(without):
    assert without.generate("the ", 20, seed=1, memory=0.3) == without.generate("the ", 20, seed=1)


@pytest.mark.parametrize("share", [-0.1, 2, float("nan"), "much", True, None])
def test_shares_out_of_range(model, share):
    with pytest.raises(InputError, match=r"memory = .*: give 0 to 1"):
        model.generate("the ", memory=share)


def test_plain_is_compiled(model):
    """Law 3, with a memory."""
    bundle = model._bundle
    plain = RememberingDecoder(PlainDecoder(bundle.weights, bundle.settings.model), bundle.remembered)
    ids = model.tokenizer.encode(tiny.text(12, 4)).astype(np.int64)
    start = begin(plain, ids), begin(model.decoder, ids)
    for sampling in (Sampling(temperature=0), Sampling(), Sampling(top_k=3, repetition_penalty=1.3)):
        written = [
            each.write([at] * 2, [sampling] * 2, [(0, 0), (0, 1)], 40)[0]
            for each, at in zip((plain, model.decoder), start, strict=True)
        ]
        assert np.array_equal(*written)
    scores = [each.score(ids[:-1], ids[1:], each.initial_state())[0] for each in (plain, model.decoder)]
    assert np.allclose(scores[0].surprisal, scores[1].surprisal, atol=1e-4)


def test_a_text_in_pieces_is_the_text(model):
    """Law 1, with a memory."""
    ids = model.tokenizer.encode(tiny.text(30, 5)).astype(np.int64)
    decoder, state, found = model.decoder, model.decoder.initial_state(), []
    for start in range(0, len(ids) - 1, 7):
        part = slice(start, min(start + 7, len(ids) - 1))
        scores, state = decoder.score(ids[part], ids[1:][part], state)
        found.append(scores.surprisal)
    whole, _ = decoder.score(ids[:-1], ids[1:], decoder.initial_state())
    assert np.allclose(np.concatenate(found), whole.surprisal, atol=1e-4)


def test_a_copy_has_its_memory(model, tmp_path):
    model.save(tmp_path / "copy")
    assert riverrun.load(tmp_path / "copy").generate("the ", 30, seed=1) == model.generate("the ", 30, seed=1)


@pytest.mark.parametrize("place", [0, 0.01, 0.3, 0.7, 0.999])
def test_a_flipped_bit_of_a_memory_is_named(path, tmp_path, place):
    shutil.copytree(path, tmp_path / "model")
    file = tmp_path / "model" / "memory.safetensors"
    content = bytearray(file.read_bytes())
    content[int(place * len(content))] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"memory\.safetensors.*checksum") as raised:
        riverrun.load(tmp_path / "model")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_a_memory_cut_short_is_named(path, tmp_path, size):
    shutil.copytree(path, tmp_path / "model")
    file = tmp_path / "model" / "memory.safetensors"
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(ModelError, match=r"memory\.safetensors"):
        riverrun.load(tmp_path / "model")


def test_a_memory_of_another_tokenizer_is_named(path, tmp_path):
    from riverrun.bundle.manifest import manifest_of

    (tmp_path / "other.txt").write_text("ABCDE" * 20 + tiny.text(300))
    tiny.train(tmp_path / "other.txt", tmp_path / "model", model__memory="true")
    names = ("config.toml", "tokenizer.json", "model.safetensors")
    files = {name: (tmp_path / "model" / name).read_bytes() for name in names}
    files["memory.safetensors"] = (path / "memory.safetensors").read_bytes()
    facts = riverrun.load(tmp_path / "model").facts
    (tmp_path / "model" / "memory.safetensors").write_bytes(files["memory.safetensors"])
    (tmp_path / "model" / "manifest.json").write_bytes(manifest_of(files, facts).to_json())
    with pytest.raises(ModelError, match=r"no memory of this model.*symbols"):
        riverrun.load(tmp_path / "model")


@pytest.mark.parametrize("kind", ["model", "without"])
class TestGoingOnLearning:
    """Of models with and without a memory."""

    @pytest.fixture
    def either(self, kind, request):
        return request.getfixturevalue(kind)

    def test_what_was_scored_is_learned(self, either):
        twice = NEWS * 2
        assert either.score(twice, adapt=True).likelihood.nats < either.score(twice).likelihood.nats

    def test_it_costs_next_to_nothing_where_there_is_nothing_to_learn(self, either):
        text = tiny.text(80, 9)
        adapted, kept = (either.score(text, adapt=adapt).likelihood for adapt in (True, False))
        bound = np.log(len(RATES)) + 1e-3 * kept.tokens  # what is shared out again, and rounding
        assert adapted.nats <= kept.nats + bound

    def test_the_model_stays_what_it_was(self, either):
        before = {each.name: each.read_bytes() for each in either.path.iterdir() if each.is_file()}
        first = either.score(NEWS, adapt=True).likelihood.nats
        assert either.score(NEWS, adapt=True).likelihood.nats == first
        assert {each.name: each.read_bytes() for each in either.path.iterdir() if each.is_file()} == before

    def test_a_piece_is_scored_before_it_is_learned_from(self, either):
        """Law 10: what comes later changes no score."""
        text, other = NEWS + tiny.text(20, 1), NEWS + tiny.text(20, 2)
        both = [either.score(each, adapt=True).token_scores[: len(NEWS)] for each in (text, other)]
        assert both[0] == both[1]

    def test_a_model_that_read_on_is_a_model(self, either, tmp_path):
        (tmp_path / "news.txt").write_text(NEWS * 3)
        on_the_way = either.adapt(tmp_path / "news.txt", tmp_path / "new")
        assert on_the_way.nats == either.evaluate(tmp_path / "news.txt", adapt=True).nats
        after = riverrun.load(tmp_path / "new")
        assert after.score(NEWS).likelihood.nats < either.score(NEWS).likelihood.nats
        assert after.facts["adapted"]["characters"] == len(NEWS * 3)
        assert not any(name.startswith("validation_") for name in after.facts)
        assert familiar(open_corpus([tmp_path / "news.txt"]), after.facts, 0.1).learned == len(NEWS * 3)
        with pytest.raises(OutputError, match="exists already"):
            either.adapt(tmp_path / "news.txt", tmp_path / "new")
        either.adapt(tmp_path / "news.txt", tmp_path / "new", overwrite=True)

    def test_an_empty_text(self, either, tmp_path):
        with pytest.raises(InputError, match=r"no text|nothing to learn"):
            either.score("", adapt=True)
        with pytest.raises(InputError, match="nothing to learn"):
            either.adapted_to("")


def test_it_uses_the_names_of_its_prompt(model):
    prompt = NEWS * 6
    told, untold = (
        "".join(each.text for each in who.samples(prompt, 120, n=16, seed=0))
        for who in (model.adapted_to(prompt), model)
    )
    assert told.count("tavolin") > 4 * untold.count("tavolin") + 4


def test_it_is_loaded_and_written_with_without_numba(path, model):
    model.generate("the ", length=5)  # the compiled code is there from now on
    script = (
        "import sys, riverrun; model = riverrun.load(sys.argv[1]); model.generate('the ', length=5, seed=1);"
        "raise SystemExit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(path)]).returncode == 0
