"""Law 8: for one model, prompt, settings and seed the page writes what the command line writes."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import page_models
import riverrun
import tiny
import tiny_pairs
from laws.test_fast_equals_plain import BAD, differences, models, random_model, samplings
from page_engine import Engine, EngineError, files_of
from riverrun.bundle import read_bundle
from riverrun.generation.choice import choose, probabilities, transform
from riverrun.generation.draws import uniform
from riverrun.generation.long_sources import pieces
from riverrun.generation.plain import PlainDecoder
from riverrun.generation.sampling import Sampling
from riverrun.generation.streaming import begin
from riverrun.text import START
from riverrun.text.permitted import NEVER, all_text
from riverrun.translator import TrainedTranslator

KERNELS = pytest.mark.parametrize("simd", [True, False], ids=["simd", "plain"])
several = settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def engine():
    running = Engine()
    yield running
    running.close()


def in_javascript(sampling: Sampling) -> dict:
    """The same settings by the names they have there."""
    words = {name: name.split("_") for name in dataclasses.asdict(sampling)}
    return {first + "".join(word.capitalize() for word in rest): getattr(sampling, name)
            for name, (first, *rest) in words.items()}  # fmt: skip


def text_of(vocabulary: int) -> np.ndarray:
    """Which symbols may be written where all text may be."""
    return all_text(vocabulary)[0] != NEVER


@given(st.integers(0, 2**63 - 1), st.integers(0, 1000))
@several
def test_the_same_draws(engine, seed, sequence):
    drawn = engine("draws", seed=str(seed), sequence=sequence, count=30)
    assert drawn == [uniform(seed, sequence, position) for position in range(30)]


@given(
    st.integers(2, 40),
    samplings,
    st.lists(st.integers(2, 39), max_size=20),
    st.integers(0, 2**32),
    st.booleans(),
)
@several
def test_the_same_choice(engine, size, sampling, recent, seed, rounded):
    """Also of equal logits, of which the lower ids come first."""
    generator = np.random.default_rng(seed)
    logits = generator.standard_normal(size + 1) * 3
    logits = np.round(logits) if rounded else logits
    recent = [2 + symbol % (size - 1) for symbol in recent]
    draws = generator.random(20)
    asked = {"logits": logits, "recent": recent, "sampling": in_javascript(sampling)}
    wanted = [choose(logits, recent, sampling, draw, text_of(size + 1)) for draw in draws]
    assert engine("choose", **asked, draws=draws) == wanted
    if sampling.temperature or sampling.uniform:
        expected = probabilities(transform(logits, recent, sampling, text_of(size + 1)))
        np.testing.assert_allclose(engine("distribution", **asked), expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("kind", BAD)
def test_bad_logits(engine, kind):
    logits = np.zeros(30)
    for symbol, value in BAD[kind].items():
        logits[symbol] = value
    draws = np.linspace(0, 0.999, 20)
    for sampling in (Sampling(), Sampling(temperature=0.0), Sampling(top_p=0.5), Sampling(typical_p=0.4)):
        found = engine("choose", logits=logits, recent=[], sampling=in_javascript(sampling), draws=draws)
        assert found == [choose(logits, [], sampling, draw, text_of(30)) for draw in draws]


@pytest.mark.parametrize(
    "given",
    [
        {"temperature": -1},
        {"topK": -1},
        {"topP": 1.5},
        {"minP": -0.1},
        {"repetitionPenalty": 0},
        {"topK": 1.5},
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused(engine, given):
    with pytest.raises(EngineError, match="must be") as refused:
        engine("choose", logits=[0, 0, 1], recent=[], sampling=given, draws=[0.5])
    assert refused.value.name == "InputError"


@KERNELS
@given(models, samplings, st.lists(st.integers(0, 69), max_size=40), st.integers(0, 2**63 - 1))
@several
def test_writes_the_same(engine, simd, model, sampling, prompt, seed):
    plain = PlainDecoder(*model)
    prompt = [symbol % plain.vocabulary for symbol in prompt]
    engine.load_files(page_models.files(*model), simd=simd)
    options = {"seed": seed if seed < 2**53 else seed % 2**53, "sampling": in_javascript(sampling)}
    written = engine("write", ids=prompt, options=options, counts=[1, 7, 52])
    text = [symbol for block in written for symbol in block["ids"]]
    assert len(text) == 60
    assert differences(plain, text, prompt, sampling, options["seed"]) <= 1


@KERNELS
@pytest.mark.parametrize("kind", ["embedding", "one-hot", "scaled-index"])
@pytest.mark.parametrize("features", [1, 3])
def test_writes_the_same_whatever_it_is_shown(engine, simd, kind, features):
    model = page_models.shown_otherwise(kind, features, seed=features)
    plain, sampling, prompt = PlainDecoder(*model), Sampling(), [5, 2, 7, 4]
    about = engine.load_files(page_models.files(*model), simd=simd)
    assert about["stateSize"] == 20 + features - 1
    (written,) = engine("write", ids=prompt, options={"seed": 3}, counts=[80])
    assert differences(plain, written["ids"], prompt, sampling, 3) <= 1


@pytest.mark.parametrize("core", ["lstm", "gru", "conv", "shown three"])
def test_a_large_vocabulary_without_a_table(engine, core):
    """Where a table of the first layer's products would be too large, they are computed."""
    if core == "shown three":
        model = page_models.shown_otherwise("embedding", 3, seed=2, vocabulary=12_000)
    else:
        model = random_model(core, hidden=64, layers=1, vocabulary=40_000, embedding=8, seed=3)
    plain, sampling = PlainDecoder(*model), Sampling(top_p=0.9)
    engine.load_files(page_models.files(*model))
    options = {"seed": 1, "sampling": in_javascript(sampling)}
    (written,) = engine("write", ids=[7, 8], options=options, counts=[15])
    assert differences(plain, written["ids"], [7, 8], sampling, 1) == 0


@KERNELS
@pytest.mark.parametrize("core", ["lstm", "gru", "conv"])
def test_the_same_logits_and_states(engine, simd, core):
    """A state as the page keeps it is the plain decoder's, its parts one after the other."""
    model = random_model(core, hidden=21, layers=2, kernel=3)
    plain, ids = PlainDecoder(*model), np.random.default_rng(0).integers(2, 30, 40).tolist()
    engine.load_files(page_models.files(*model), simd=simd)
    read = engine("read", ids=ids, options={"states": True, "surprisal": True})
    states = np.reshape(read["states"], (len(ids), -1))
    scores, _ = plain.score(np.array([1, *ids[:-1]]), np.array(ids), plain.initial_state())
    np.testing.assert_allclose(read["surprisal"], scores.surprisal, rtol=1e-4, atol=1e-4)
    for count in (1, 2, 17, len(ids)):
        position = begin(plain, ids[:count])
        flat = np.concatenate([part.ravel() for part in position.state.parts])
        np.testing.assert_allclose(states[count - 1], flat, atol=2e-5)
        kept = {"state": states[count - 1], "last": ids[count - 1], "recent": [], "written": 0}
        expected, _ = plain.logits([position])
        np.testing.assert_allclose(engine("step", position=kept)["logits"], expected[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("core", ["lstm", "gru", "conv"])
def test_going_on_from_the_middle_is_going_on(engine, core):
    """From the state kept at any symbol the same follows, bit for bit."""
    engine.load_files(page_models.files(*random_model(core, hidden=12, layers=2)))
    options = {"seed": 4, "states": True, "surprisal": True}
    (whole,) = engine("write", ids=[3, 4], options=options, counts=[50])
    states = np.reshape(whole["states"], (50, -1))
    for count in (1, 20, 49):
        there = {"state": states[count - 1], "last": whole["ids"][count - 1], "recent": [], "written": count}
        (rest,) = engine("write", position=there, options=options, counts=[50 - count])
        assert rest["ids"] == whole["ids"][count:]
        assert rest["surprisal"] == whole["surprisal"][count:]
        assert rest["position"]["state"] == whole["position"]["state"]


@pytest.mark.parametrize("core", ["lstm", "gru", "conv"])
def test_a_long_run(engine, core):
    """30,000 symbols; only ties and rounding may make a difference, and rarely do."""
    model, sampling = random_model(core, hidden=16, layers=2), Sampling(temperature=1.0, top_p=0.95)
    length = 30_000 if core == "lstm" else 6_000
    engine.load_files(page_models.files(*model))
    options = {"seed": 5, "sampling": in_javascript(sampling)}
    (written,) = engine("write", ids=[2, 3], options=options, counts=[length])
    assert differences(PlainDecoder(*model), written["ids"], [2, 3], sampling, 5) <= length // 3_000


@KERNELS
def test_a_held_unit_stays_and_is_heard(engine, simd):
    for core, part in (("lstm", "hidden"), ("lstm", "cell"), ("gru", "hidden"), ("conv", "hidden")):
        about = engine.load_files(page_models.files(*random_model(core, layers=2)), simd=simd)
        starts = about["units"]["starts"][about["units"]["parts"].index(part)]
        hold = {"index": starts[0] + 3, "value": 0.75}
        options = {"seed": 1, "states": True, "surprisal": True}
        (free,) = engine("write", ids=[4, 5], options=options, counts=[30])
        (held,) = engine("write", ids=[4, 5], options={**options, "holds": [hold]}, counts=[30])
        kept = np.reshape(held["states"], (30, -1))[:, hold["index"]]
        np.testing.assert_array_equal(kept, np.full(30, 0.75))
        assert held["surprisal"][0] != free["surprisal"][0]


@pytest.mark.parametrize("unit", ["char", "byte", "word", "bpe", "clause"])
def test_generates_and_scores_what_the_program_does(engine, unit, corpus, tmp_path):
    """Trained models of every unit: text, surprisal, what is unknown."""
    vocabulary = {"text__max_vocabulary": 290} if unit == "bpe" else {}
    tiny.train(corpus, tmp_path / "m", text__unit=unit, **vocabulary)
    model = riverrun.load(tmp_path / "m")
    engine.load(tmp_path / "m")
    prompt = "the age; runs, or 42 "
    encoded = engine("encode", text=prompt)
    assert encoded["ids"] == model.tokenizer.encode(prompt).tolist()
    assert "".join(encoded["texts"]) == prompt
    for options in ({"seed": 1}, {"seed": 9, "temperature": 1.3, "top_k": 7, "repetition_penalty": 1.2}):
        sampling = Sampling(**{name: value for name, value in options.items() if name != "seed"})
        asked = {"seed": options["seed"], "sampling": in_javascript(sampling)}
        assert engine("generate", prompt=prompt, options=asked, count=120) == model.generate(
            prompt, 120, **options
        )
    score = engine("score", text=prompt)
    expected = model.score(prompt)
    assert [token["text"] for token in score["tokens"]] == [token.text for token in expected.token_scores]
    np.testing.assert_allclose(score["bitsPerCharacter"], expected.bits_per_character, rtol=1e-5)


@pytest.mark.parametrize("unit", ["word", "bpe", "clause"])
def test_prompts_that_end_inside_a_symbol(engine, unit, corpus, tmp_path):
    """Their ends are read as the beginning of longer symbols as often, and as the same ones, as on the command line."""
    vocabulary = {"text__max_vocabulary": 290} if unit == "bpe" else {}
    tiny.train(corpus, tmp_path / "m", text__unit=unit, text__lower=True, **vocabulary)
    model = riverrun.load(tmp_path / "m")
    engine.load(tmp_path / "m")
    found = set()
    for prompt in (
        "t",
        "The sp",
        "the spirit of an ag",
        "a river that ru",
        "we call it o",
        "",
        "4",
        "li",
        " ",
    ):
        for seed, how in enumerate(
            ({}, {"temperature": 1.4}, {"top_k": 2}, {"top_p": 0.6}, {"temperature": 0.0})
        ):
            for length in (1, 2, 30):
                asked = {"seed": seed, "sampling": in_javascript(Sampling(**how))}
                text = engine("generate", prompt=prompt, options=asked, count=length)
                assert text == model.generate(prompt, length, seed=seed, **how)
                found.add(text[:1])
    assert any(first.isalpha() for first in found)  # words were gone on with


@pytest.mark.parametrize("sequence", [0, 3])
def test_a_prompt_is_gone_on_with_from_any_place_in_it(engine, corpus, tmp_path, sequence):
    """What stands before the latest symbols may have been read already."""
    tiny.train(corpus, tmp_path / "m", text__unit="bpe", text__max_vocabulary=290)
    engine.load(tmp_path / "m")
    ids = engine("encode", text="the age runs where it will, and we call it our")["ids"]
    options = {"seed": 3, "sequence": sequence}
    whole = engine("heal", ids=ids, options=options)
    for read in (1, len(ids) - 8):
        position = engine("read", ids=ids[:read])["position"]
        rest = engine("heal", position=position, ids=ids[read:], options=options)
        assert (rest["symbol"], rest["text"]) == (whole["symbol"], whole["text"])
        assert read + rest["keep"] == whole["keep"]
        assert rest["position"] == whole["position"]
        assert rest["position"]["written"] == 1


def test_chinese_is_cut_here_by_the_longest_words_and_the_page_says_so(engine, tmp_path):
    text = "我来到北京清华大学。他来到了网易杭研大厦，小明硕士毕业于中国科学院计算所。\n" * 40
    (tmp_path / "t.txt").write_text(text, encoding="utf-8")
    tiny.train(tmp_path / "t.txt", tmp_path / "m", text__unit="jieba")
    model, about = riverrun.load(tmp_path / "m"), engine.load(tmp_path / "m")
    assert any("longest words" in note for note in about["notes"])
    prompt = "小明来到大厦。"
    encoded = engine("encode", text=prompt)
    assert "".join(encoded["texts"]) == prompt
    (written,) = engine("write", ids=encoded["ids"], options={"seed": 1}, counts=[40])
    assert differences_of(model, written["ids"], encoded["ids"], Sampling(), 1) <= 1
    for seed in range(5):  # where both cut it in the same words, both go on inside them
        expected = model.generate("中国科学", 10, seed=seed)
        assert engine("generate", prompt="中国科学", options={"seed": seed}, count=10) == expected


def differences_of(model, text: list[int], prompt: list[int], sampling: Sampling, seed: int) -> int:
    """As ``differences``, of a model that was loaded."""
    plain = PlainDecoder(model._bundle.weights, model.settings.model)
    return differences(plain, text, prompt, sampling, seed)


def test_a_model_of_windows_is_not_shown_the_start(engine, corpus, tmp_path):
    tiny.train(corpus, tmp_path / "m", data__reading="windows", data__window=10, data__stride=10)
    model = riverrun.load(tmp_path / "m")
    assert not engine.load(tmp_path / "m")["opensDocument"]
    for prompt in ("", "t", "the spirit"):
        ids = model.tokenizer.encode(prompt)
        (written,) = engine("write", ids=ids, options={"seed": 2}, counts=[60])
        assert model.tokenizer.decode(written["ids"]) == model.generate(prompt, 60, seed=2)
    assert engine("score", text="the age")["nats"] == pytest.approx(
        model.score("the age").likelihood.nats, rel=1e-5
    )


# --- pairs


def translators(shape: dict, path: Path) -> tuple[TrainedTranslator, dict]:
    """A random translator of a shape, as ours and as files for the page."""
    tagging = shape.get("tagging", False)
    network = tiny_pairs.build(**shape)
    draw = torch.Generator().manual_seed(len(str(shape)))
    for parameter in network.parameters():  # sharper than at the start of training, so that outputs differ
        parameter.data.copy_(torch.randn(parameter.shape, generator=draw) * 0.6)
    for member in network.networks:  # and so that they end
        member.decoder.output.projection.bias.data[START] += 2.0
    files = page_models.pair_files(
        network, tiny_pairs.shape(**shape), "tagger" if tagging else "translator", 9, 7
    )
    return TrainedTranslator(read_bundle(page_models.directory(path, files))), files


def sources(count: int, seed: int = 0) -> list[str]:
    draw = np.random.default_rng(seed)
    return [
        "".join(chr(0x100 + symbol) for symbol in draw.integers(0, 7, draw.integers(1, 9)))
        for _ in range(count)
    ]


@pytest.mark.filterwarnings("ignore:.*(ran into the bound|have fewer different outputs)")
@KERNELS
@pytest.mark.parametrize("shape", tiny_pairs.SHAPES, ids=str)
def test_translates_the_same(engine, simd, shape, tmp_path):
    """Greedy and beam: the same outputs, in the same order, as likely."""
    model, files = translators(shape, tmp_path / "m")
    engine.load_files(files, simd=simd)
    same = all_of_them = 0
    for how in ({"beam": 1}, {"beam": 4, "n_best": 4}, {"beam": 3, "n_best": 2, "length_penalty": 0.0}):
        options = {
            "beam": how["beam"],
            "nBest": how.get("n_best", 1),
            "lengthPenalty": how.get("length_penalty", 0.6),
        }
        texts = sources(6, seed=how["beam"])
        for text, expected in zip(texts, model.translations(texts, **how), strict=True):
            found = engine("translate", text=text, options=options)["outputs"]
            assert len(found) == len(expected.outputs)
            for output, wanted in zip(found, expected.outputs, strict=True):
                assert output["logProbability"] == pytest.approx(wanted.log_probability, rel=1e-4, abs=1e-4)
                same += output["text"] == wanted.text
                all_of_them += 1
    assert all_of_them > 20
    assert same >= all_of_them - 1  # two outputs that are as likely may change places


@pytest.mark.parametrize("shape", tiny_pairs.SHAPES, ids=str)
def test_draws_the_same_outputs(engine, shape, tmp_path):
    model, files = translators(shape, tmp_path / "m")
    engine.load_files(files)
    same = all_of_them = 0
    for sampling in (Sampling(temperature=1.0), Sampling(temperature=0.7, top_p=0.9, repetition_penalty=1.3)):
        for source in sources(4):
            (expected,) = model.translations([source], sampling=sampling, seed=7, n_best=3)
            options = {"sampling": in_javascript(sampling), "seed": 7, "nBest": 3}
            found = engine("translate", text=source, options=options)["outputs"]
            same += sum(a["text"] == b.text for a, b in zip(found, expected.outputs, strict=True))
            all_of_them += len(found)
    assert all_of_them == 24
    assert same >= all_of_them - 1  # where rounding decides


@pytest.mark.filterwarnings("ignore:.*(ran into the bound|have fewer different outputs|in pieces)")
@pytest.mark.parametrize("shape", [{"attention": "additive"}, {"attention": "monotone"}], ids=str)
def test_translates_long_sources_in_the_same_pieces(engine, shape, tmp_path):
    """Of more than a thousand symbols, and ten times the longest of training."""
    model, files = translators(shape, tmp_path / "m")
    engine.load_files(files)
    text = "".join(sources(260, seed=3))
    assert 1000 < len(text) < 2000
    (expected,) = model.translations([text], beam=2)
    found = engine("translate", text=text, options={"beam": 2, "trace": True})
    (output,) = found["outputs"]
    assert output["text"] == expected.outputs[0].text
    assert output["logProbability"] == pytest.approx(expected.outputs[0].log_probability, rel=1e-4)
    assert output["score"] == pytest.approx(expected.outputs[0].score, rel=1e-4)
    assert output["finished"] == expected.outputs[0].finished
    assert "it is translated in pieces" in found["warnings"][0]
    (drawn,) = model.translations([text], sampling=Sampling(), seed=4, n_best=2)
    found = engine("translate", text=text, options={"sampling": {}, "seed": 4, "nBest": 2})
    assert [each["text"] for each in found["outputs"]] == [each.text for each in drawn.outputs]


@given(st.lists(st.integers(2, 5), max_size=30), st.integers(1, 8))
@several
def test_cuts_sources_in_the_same_places(engine, source, most):
    expected = pieces(np.array(source, np.int32), np.array([2]), most)
    assert engine("pieces", source=source, blank=2, most=most) == [piece.tolist() for piece in expected]


@pytest.mark.parametrize("shape", tiny_pairs.SHAPES, ids=str)
def test_scores_pairs_and_looks_the_same(engine, shape, tmp_path):
    model, files = translators(shape, tmp_path / "m")
    engine.load_files(files)
    for source in sources(4):
        target = "".join(chr(0x100 + place % 5) for place in range(len(source)))
        assert engine("scorePair", source=source, target=target)["logProbability"] == pytest.approx(
            model.score([(source, target)])[0], rel=1e-4
        )
        (expected,) = model.attention([(source, target)])
        found = engine("attention", source=source, target=target)
        assert tuple(found["source"]) == expected.source
        assert tuple(found["output"]) == expected.output
        if expected.weights is None:
            assert found["weights"] is None
        else:
            weights = np.reshape(found["weights"], expected.weights.shape)
            np.testing.assert_allclose(weights, expected.weights, atol=1e-4)


def test_translates_what_was_learned(engine, translated):
    model = riverrun.load(translated)
    about = engine.load(translated)
    assert about["kind"] == "translator"
    for source in ("abc", "fed", "xx", "badface"):
        (expected,) = model.translations([source], n_best=3)
        outputs = engine("translate", text=source, options={"nBest": 3, "trace": True})
        assert [each["text"] for each in outputs["outputs"]] == [each.text for each in expected.outputs]
        ended = [each for step in outputs["steps"] for each in step if each["state"] == "ended"]
        assert expected.outputs[0].text in {each["text"] for each in ended}
    endless = engine("translate", text="fxd" * 20, options={})
    assert endless["outputs"][0]["finished"] == (len(endless["warnings"]) == 1), endless
    assert engine("translate", text=" ", options={})["outputs"] == []
    with pytest.raises(EngineError, match="beam = 0"):
        engine("translate", text="a", options={"beam": 0})


# --- files that are not as they should be


def damaged(files: dict, key: str, change) -> dict:
    return {**files, key: change(files[key])}


CHANGES = {
    "weights cut short": ("weights", lambda raw: raw[:-7]),
    "weights empty": ("weights", lambda raw: raw[:3]),
    "one bit of the weights": ("weights", lambda raw: raw[:-1] + bytes([raw[-1] ^ 1])),
    "weights of something else": ("weights", lambda raw: b"PK\x03\x04" + raw),
    "config cut short": ("config", lambda text: text[: len(text) // 2]),
    "tokenizer cut short": ("tokenizer", lambda text: text[:-5]),
    "manifest cut short": ("manifest", lambda text: text[:-5]),
    "manifest of something else": ("manifest", lambda text: "[1, 2]"),
    "a newer format": ("manifest", lambda text: text.replace('"format": 2', '"format": 99')),
}
WITHOUT_MANIFEST = {
    "weights cut short": ("weights", lambda raw: raw[:-7]),
    "a header that lies": ("weights", lambda raw: (2**62).to_bytes(8, "little") + raw[8:]),
    "config of something else": ("config", lambda text: "hidden: 12"),
    "another width": ("config", lambda text: text.replace("hidden = 16", "hidden = 17")),
    "no core": ("config", lambda text: text.replace('core = "lstm"', 'core = "transformer"')),
    "another tokenizer": ("tokenizer", lambda text: text.replace('"symbols": [', '"symbols": ["ω", ')),
    "no table": ("tokenizer", lambda text: '{"unit": "char"}'),
    "an unknown unit": ("tokenizer", lambda text: text.replace('"unit": "char"', '"unit": "rune"')),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_files_that_are_damaged(engine, trained, change):
    with pytest.raises(EngineError) as refused:
        engine.load_files(damaged(files_of(trained), *change))
    assert refused.value.name == "ModelError"
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("change", WITHOUT_MANIFEST.values(), ids=WITHOUT_MANIFEST)
def test_files_that_no_manifest_vouches_for(engine, trained, change):
    files = {name: content for name, content in files_of(trained).items() if name != "manifest"}
    engine.load_files(files)
    with pytest.raises(EngineError) as refused:
        engine.load_files(damaged(files, *change))
    assert refused.value.name == "ModelError"
    assert "\n" not in str(refused.value)


@given(st.sampled_from(["config", "tokenizer", "weights"]), st.data())
@several
def test_any_damage_is_one_sentence(engine, trained, key, data):
    """What is cut, doubled or changed at any place is refused in one sentence, or makes another sound model."""
    files = {name: content for name, content in files_of(trained).items() if name != "manifest"}
    raw = files[key] if key == "weights" else files[key].encode()
    head = min(len(raw), 3000)  # of the weights the header matters
    start, length = data.draw(st.integers(0, head - 1)), data.draw(st.integers(0, 40))
    put = data.draw(st.binary(max_size=8))
    changed = raw[:start] + put + raw[start + length :]
    complaint = refusal(
        engine, {**files, key: changed if key == "weights" else changed.decode("utf-8", "replace")}
    )
    assert complaint is None or complaint.name == "ModelError", complaint
    assert "\n" not in str(complaint)


def refusal(engine, files: dict) -> EngineError | None:
    """What the engine says against files; None if it takes them."""
    try:
        engine.load_files(files)
    except EngineError as refused:
        return refused
    return None


@KERNELS
def test_a_model_too_wide_for_a_page(engine, simd):
    assert engine("allocate", length=1 << 20, simd=simd) == 0
    with pytest.raises(EngineError, match="too wide for a page"):
        engine("allocate", length=1 << 29, simd=simd)


def test_input_that_cannot_be_used(engine, trained):
    engine.load(trained)
    for request, body, wanted in (
        ("score", {"text": ""}, "no text"),
        ("encode", {"text": "a\ud800b"}, "half a character"),
        ("read", {"ids": [99_999]}, "no symbol 99999"),
        ("write", {"options": {"seed": -1}, "counts": [1]}, "seed = -1"),
        ("write", {"options": {"holds": [{"index": 10**6, "value": 0}]}, "counts": [1]}, "no unit"),
        ("step", {"position": {"state": [0.0], "last": 2, "recent": [], "written": 0}}, "not of this model"),
    ):
        with pytest.raises(EngineError, match=wanted) as refused:
            engine(request, **body)
        assert refused.value.name == "InputError"
    assert engine("encode", text="the ∞")["warnings"] == ["never seen in training and read as <unknown>: '∞'"]
