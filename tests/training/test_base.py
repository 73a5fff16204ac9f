"""A run that starts from a model: what it takes over, what is new, what is refused."""

import json

import numpy as np
import pytest
import torch

import riverrun
import tiny
import tiny_pairs
from riverrun.bundle import read_bundle
from riverrun.cli.main import main
from riverrun.config.building import build_settings
from riverrun.data.corpus import open_corpus
from riverrun.data.held_out import split_pairs, split_text
from riverrun.data.pair_rows import Columns
from riverrun.data.pairs import open_pairs
from riverrun.errors import CorpusError, ModelError, SettingsError
from riverrun.models.language_network import LanguageModel
from riverrun.models.seq2seq import Seq2Seq
from riverrun.models.weights import load_weights
from riverrun.training.language import continued_language_model
from riverrun.training.pair_task import continued_translator


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    (folder / "base.txt").write_text(tiny.text(400, seed=1))
    tiny.train(folder / "base.txt", folder / "base")
    return folder / "base"


def other_text(tmp_path, extra=""):
    path = tmp_path / "other.txt"
    path.write_text((tiny.text(60, seed=9) + extra) * 3)
    return path


def continued(base, path, **settings):
    split = split_text(open_corpus([str(path)]), 0.1)
    return continued_language_model(build_settings(settings), read_bundle(base), split, torch.device("cpu"))


def test_before_its_first_step_it_says_what_the_base_says(base, tmp_path):
    task = continued(base, other_text(tmp_path))
    before = read_bundle(base)
    assert task.files()["tokenizer.json"] == before.files["tokenizer.json"]
    for name, array in before.weights.items():
        np.testing.assert_array_equal(task.model.state_dict()[name].numpy(), array)


SHAPES = [
    {},
    {"model__core": "gru", "model__tied": True, "model__layers": 2},
    {"model__input": "one-hot", "model__features": 2},
    {"model__core": "conv", "model__layers": 2},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_old_symbols_keep_their_ids_and_new_ones_start_as_the_mean(shape, tmp_path):
    (tmp_path / "base.txt").write_text(tiny.text(400, seed=1))
    tiny.train(tmp_path / "base.txt", tmp_path / "base", budget__steps=5, **shape)
    task = continued(tmp_path / "base", other_text(tmp_path, "Ж天"))
    before = read_bundle(tmp_path / "base")
    known = before.tokenizer.vocabulary.symbols
    assert task.tokenizer.vocabulary.symbols[: len(known)] == known
    assert set(task.tokenizer.vocabulary.symbols[len(known) :]) == {"Ж", "天"}

    old = LanguageModel(before.settings.model, before.tokenizer.size)
    load_weights(old, before.weights, tmp_path)
    ids = torch.from_numpy(before.tokenizer.encode("spirit of the age"))[:, None].long()
    with torch.no_grad():
        expected, _ = old.eval()(ids, old.initial_state(1))
        logits, _ = task.model.eval()(ids, task.model.initial_state(1))
    torch.testing.assert_close(logits[..., : before.tokenizer.size], expected)
    mean = expected[..., 2:].mean(dim=-1, keepdim=True)  # rows are linear in the outputs, so logits are too
    torch.testing.assert_close(logits[..., before.tokenizer.size :], mean.expand(*mean.shape[:-1], 2))


def test_a_text_with_new_symbols_trains_and_its_lineage_is_kept(base, tmp_path, capsys):
    tiny.train(other_text(tmp_path, "Ж"), tmp_path / "first", base=base)
    (tmp_path / "third.txt").write_text(tiny.text(60, seed=3))
    tiny.train(tmp_path / "third.txt", tmp_path / "second", base=tmp_path / "first")
    model = riverrun.load(tmp_path / "second")
    model.save(tmp_path / "copy")
    grandparent, parent = riverrun.load(tmp_path / "copy").facts["lineage"]
    assert [grandparent["name"], parent["name"]] == ["base", "first"]
    assert grandparent["weights_sha256"] == read_bundle(base).facts["weights_sha256"]
    assert parent["corpus_sha256"] == read_bundle(tmp_path / "first").facts["corpus"]["sha256"]
    assert "Before that: ` first `" in (tmp_path / "copy" / "README.md").read_text()
    assert main(["show", str(tmp_path / "copy")]) == 0
    assert "before that first" in " ".join(capsys.readouterr().out.split())
    assert model.score("Ж").token_scores[0].known


def test_a_killed_run_goes_on_from_its_base_and_from_its_checkpoint(base, tmp_path):
    path = other_text(tmp_path, "Ж")
    tiny.train(path, tmp_path / "whole", base=base)
    for count in (1, 8):
        tiny.kill_after(count, path, tmp_path / f"{count}", base=base, training__checkpoint_every=3)
        tiny.train(path, tmp_path / f"{count}", resume=True, training__checkpoint_every=3)
        assert tiny.weights(tmp_path / f"{count}") == tiny.weights(tmp_path / "whole")
        facts = riverrun.load(tmp_path / f"{count}").facts
        assert facts["lineage"] == riverrun.load(tmp_path / "whole").facts["lineage"]
    with pytest.raises(SettingsError, match="was not begun from"):
        tiny.train(path, tmp_path / "8", resume=True, base=tmp_path / "whole")


PAIR_SHAPES = [
    {"model__attention": "additive"},
    {"model__attention": "monotone"},
    {"model__attention": "none", "data__task": "tagging"},
]


@pytest.mark.parametrize("shape", PAIR_SHAPES)
def test_a_translator_starts_from_another(shape, tmp_path):
    first = [(word, word.upper()) for word in ("abc", "bca", "cab", "aab", "bbc", "cca", "acb", "bac")]
    tiny_pairs.train(tiny_pairs.write(tmp_path / "p.tsv", first), tmp_path / "base", steps=10, **shape)
    new = tiny_pairs.write(tmp_path / "q.tsv", [*first, ("xab", "XAB"), ("ayx", "AYX")] * 2)
    changed = {name: value for name, value in shape.items() if name.startswith("data")}
    split = split_pairs(open_pairs([str(new)], False, Columns("", "")), 0.3, 0)
    before = read_bundle(tmp_path / "base")
    settings = build_settings({name.replace("__", "."): value for name, value in changed.items()})
    task = continued_translator(settings, before, split, torch.device("cpu"))
    assert task.source.size > before.source.size
    assert task.source.vocabulary.symbols[: before.source.size - 2] == before.source.vocabulary.symbols
    old = Seq2Seq(
        before.settings.model, before.source.size, before.target.size, task.settings.data.task == "tagging"
    )
    load_weights(old, before.weights, tmp_path)
    ids = torch.from_numpy(before.source.encode("abca"))[:, None].long()
    with torch.no_grad():
        ends = [_first_logits(model.eval().networks[0], ids) for model in (old, task.model)]
    kept = before.target.size
    torch.testing.assert_close(ends[1][..., :kept], ends[0][..., :kept])
    if shape["model__attention"] == "monotone":
        grown = task.target.size
        torch.testing.assert_close(ends[1][..., grown : grown + kept], ends[0][..., kept : 2 * kept])
        torch.testing.assert_close(ends[1][..., -1], ends[0][..., -1])
    tiny_pairs.train(new, tmp_path / "new", steps=4, base=tmp_path / "base", **changed)
    assert riverrun.load(tmp_path / "new").facts["lineage"][0]["name"] == "base"


def _first_logits(network, ids):
    state = network.start(ids, torch.tensor([len(ids)]))
    return network.step(torch.full((1, 1), 1), state).logits[0, 0]


def test_what_does_not_go_with_the_base_is_refused(base, tmp_path):
    path = other_text(tmp_path)
    with pytest.raises(SettingsError, match="hidden = 8, not 16"):
        tiny.train(path, tmp_path / "m", base=base, model__hidden=16)
    with pytest.raises(SettingsError, match="unit = 'char', not 'word'"):
        tiny.train(path, tmp_path / "m", base=base, text__unit="word")
    (tmp_path / "foreign.txt").write_text("жзик" * 50)
    with pytest.raises(CorpusError, match="no char of the text is among the"):
        tiny.train(tmp_path / "foreign.txt", tmp_path / "m", base=base)
    with pytest.raises(ModelError, match="no such model directory"):
        tiny.train(path, tmp_path / "m", base=tmp_path / "nothing")
    pairs = tiny_pairs.write(tmp_path / "p.tsv", [("ab", "c"), ("ba", "d"), ("aa", "e")])
    with pytest.raises(ModelError, match=r"is a language model; .* makes a translator or tagger"):
        riverrun.train(pairs, output=tmp_path / "m", steps=1, base=base, progress=False)
    (tmp_path / "places.txt").write_text(tiny.text(100))
    tiny.train(tmp_path / "places.txt", tmp_path / "places", model__input="scaled-index", model__embedding=1)
    new = other_text(tmp_path, "Ж")
    with pytest.raises(SettingsError, match="place among them all"):
        tiny.train(
            new, tmp_path / "m", base=tmp_path / "places", model__input="scaled-index", model__embedding=1
        )
    assert not (tmp_path / "m").exists()


def test_a_lineage_from_a_stranger_is_checked(base, tmp_path):
    riverrun.load(base).save(tmp_path / "m")
    for lineage in ("base", ["base"], [{"name": 3}], [{}] * 1001):
        manifest = json.loads((tmp_path / "m" / "manifest.json").read_text())
        manifest["facts"]["lineage"] = lineage
        manifest.pop("sha256", None)
        (tmp_path / "m" / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(ModelError, match="damaged"):
            riverrun.load(tmp_path / "m")
