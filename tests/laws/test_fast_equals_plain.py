"""Law 3: the compiled decoder does what the plain one does, and nobody's result depends on their neighbours."""

import codecs
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny
from riverrun.config.resolved import LanguageShape
from riverrun.generation.choice import choose, probabilities, transform
from riverrun.generation.compiled import calling
from riverrun.generation.compiled.calling import CompiledDecoder
from riverrun.generation.compiled.pace import Pace
from riverrun.generation.draws import uniform
from riverrun.generation.plain import PlainDecoder
from riverrun.generation.sampling import Sampling
from riverrun.generation.state import Position
from riverrun.generation.streaming import begin, stream
from riverrun.text.permitted import whole_characters

GATES = {"lstm": 4, "gru": 3}


def random_model(
    core: str = "lstm",
    hidden: int = 20,
    layers: int = 1,
    vocabulary: int = 30,
    embedding: int = 12,
    tied: bool = False,
    kernel: int = 2,
    seed: int = 0,
) -> tuple[dict[str, np.ndarray], LanguageShape]:
    """Random weights by torch's names, and the shape that goes with them."""
    generator = np.random.default_rng(seed)

    def normal(*shape: int, size: float = 1.0) -> np.ndarray:
        return (generator.standard_normal(shape) * size).astype(np.float32)

    def linear(rows: int, columns: int, *kernel: int) -> np.ndarray:
        return normal(rows, columns, *kernel, size=(columns * math.prod(kernel)) ** -0.5)

    weights = {"embedding.weight": normal(vocabulary, embedding)}
    for layer in range(layers if core in GATES else 0):
        rows, inputs = GATES[core] * hidden, hidden if layer else embedding
        weights[f"core.rnn.weight_ih_l{layer}"] = linear(rows, inputs)
        weights[f"core.rnn.weight_hh_l{layer}"] = linear(rows, hidden)
        weights[f"core.rnn.bias_ih_l{layer}"] = normal(rows, size=0.3)
        weights[f"core.rnn.bias_hh_l{layer}"] = normal(rows, size=0.3)
    if core == "conv":
        weights |= {"core.entry.weight": linear(hidden, embedding), "core.entry.bias": normal(hidden)}
        for layer in range(layers):
            weights[f"core.convolutions.{layer}.weight"] = linear(2 * hidden, hidden, kernel)
            weights[f"core.convolutions.{layer}.bias"] = normal(2 * hidden, size=0.3)
            weights[f"core.mixers.{layer}.weight"] = linear(hidden, hidden)
            weights[f"core.mixers.{layer}.bias"] = normal(hidden, size=0.3)
    if tied and embedding != hidden:
        weights["bottleneck.weight"] = linear(embedding, hidden)
    weights["projection.weight"] = weights["embedding.weight"] if tied else 3 * linear(vocabulary, hidden)
    weights["projection.bias"] = normal(vocabulary, size=0.5)
    sizes = {"embedding": embedding, "hidden": hidden, "layers": layers, "kernel": kernel}
    return weights, tiny.shape(core=core, tied=tied, **sizes)


models = st.builds(
    random_model,
    core=st.sampled_from(["lstm", "gru", "conv"]),
    hidden=st.integers(1, 70),
    layers=st.integers(1, 3),
    vocabulary=st.integers(3, 70),
    embedding=st.integers(1, 40),
    tied=st.booleans(),
    kernel=st.integers(2, 4),
    seed=st.integers(0, 2**32),
)
samplings = st.builds(
    Sampling,
    temperature=st.sampled_from([0.0, 1e-6, 0.5, 1.0, 2.0, 1e6]),
    top_k=st.sampled_from([0, 1, 5, 1000]),
    top_p=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
    min_p=st.sampled_from([0.0, 0.1, 1.0]),
    typical_p=st.sampled_from([0.0, 0.3, 0.95, 1.0]),
    repetition_penalty=st.sampled_from([0.5, 1.0, 1.3, 10.0]),
    repetition_window=st.sampled_from([0, 1, 5, 64]),
    uniform=st.sampled_from([False, False, False, True]),
)


def differences(
    plain: PlainDecoder, text: list[int], prompt: list[int], sampling: Sampling, seed: int
) -> int:
    """How often the plain decoder would have chosen differently, and that only where rounding decides.

    Raises:
        AssertionError: a choice differs though the draw is not at the edge of the symbol's share.
    """
    position, found = begin(plain, prompt), 0
    allowed = np.arange(plain.vocabulary) >= 2
    for number, symbol in enumerate(text):
        (logits,), (state,) = plain.logits([position])
        recent, draw = position.recent, uniform(seed, 0, number)
        if choose(logits, recent, sampling, draw, allowed) != symbol:
            found += 1
            assert at_an_edge(logits, recent, sampling, draw, symbol)
        position = Position(state, symbol)
    return found


def at_an_edge(logits: np.ndarray, recent, sampling: Sampling, draw: float, symbol: int) -> bool:
    """Whether logits that differ by rounding could have given this symbol."""
    allowed = np.arange(len(logits)) >= 2
    for attempt in range(2000):
        noise = np.random.default_rng(attempt).standard_normal(len(logits)) * 2e-6 * max(1, abs(logits).max())
        if choose(logits + noise, recent, sampling, draw, allowed) == symbol:
            return True
    return False


@settings(max_examples=60, deadline=None)
@given(models, samplings, st.lists(st.integers(0, 69), max_size=80), st.integers(0, 2**63))
def test_writes_the_same(model, sampling, prompt, seed):
    plain, compiled = PlainDecoder(*model), CompiledDecoder(*model)
    prompt = [symbol % plain.vocabulary for symbol in prompt]
    (text,) = np.concatenate(list(stream(compiled, [begin(compiled, prompt)], sampling, seed, 100)), 1)
    assert len(text) == 100
    assert differences(plain, text.tolist(), prompt, sampling, seed) <= 1


EMOJI = "🙂🙂é天 a🙃".encode() * 2
SPELLED = sorted({EMOJI[start : start + size] for start in range(len(EMOJI) // 2) for size in range(1, 6)})


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["lstm", "gru", "conv"]),
    st.sets(st.sampled_from(SPELLED)),
    samplings,
    st.integers(0, 2**32),
)
def test_whole_characters_in_both(core, pieces, sampling, seed):
    """Of symbols that stand for bytes, cut anywhere: both write text, and the same."""
    pieces = (b"", b"", *dict.fromkeys([b"a", *(EMOJI[place : place + 1] for place in range(20)), *pieces]))
    table, model = whole_characters(pieces), random_model(core, vocabulary=len(pieces))
    texts = []
    for decoder in (PlainDecoder(*model, table), CompiledDecoder(*model, permitted=table)):
        blocks = stream(decoder, [begin(decoder, [2])], sampling, seed, 60)
        texts.append(np.concatenate(list(blocks), 1)[0].tolist())
        written = b"".join(pieces[symbol] for symbol in texts[-1])
        codecs.getincrementaldecoder("utf-8")().decode(written)  # raises where it is none
    same = next((place for place in range(60) if texts[0][place] != texts[1][place]), 60)
    assert same > 5 or sampling.temperature > 1000


@settings(max_examples=30, deadline=None)
@given(models, st.integers(1, 200), st.integers(0, 2**32))
def test_scores_the_same(model, length, seed):
    plain, compiled = PlainDecoder(*model), CompiledDecoder(*model)
    ids = np.random.default_rng(seed).integers(0, plain.vocabulary, length + 1)
    expected, _ = plain.score(ids[:-1], ids[1:], plain.initial_state())
    found, _ = compiled.score(ids[:-1], ids[1:], compiled.initial_state())
    np.testing.assert_allclose(found.surprisal, expected.surprisal, rtol=1e-4, atol=1e-4)
    assert np.mean(found.correct != expected.correct) <= 0.01


@settings(max_examples=20, deadline=None)
@given(models, st.lists(st.integers(0, 69), max_size=20), st.integers(1, 5))
def test_gives_the_same_logits(model, prompt, sequences):
    plain, compiled = PlainDecoder(*model), CompiledDecoder(*model)
    prompt = [symbol % plain.vocabulary for symbol in prompt]
    found = []
    for decoder in (plain, compiled):
        rows, states = decoder.logits([begin(decoder, prompt[: k + 1]) for k in range(sequences)])
        again, _ = decoder.logits([Position(state, 2) for state in states])  # from where these have come to
        assert [state.latest.tolist() for state in states] == [
            [1, *prompt[: k + 1]] for k in range(sequences)
        ]
        found.append(np.concatenate([rows, again]))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4, atol=1e-4)


@given(models, st.integers(0, 150), st.integers(0, 2**32))
def test_predicts_the_same(model, length, seed):
    plain, compiled = PlainDecoder(*model), CompiledDecoder(*model)
    ids = np.random.default_rng(seed).integers(0, plain.vocabulary, length)
    expected, _ = plain.predict(ids, plain.initial_state())
    found, after = compiled.predict(ids, compiled.initial_state())
    assert found.shape == (length, plain.vocabulary)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(after.parts[0], compiled.feed(ids, compiled.initial_state()).parts[0])


@pytest.mark.parametrize("core", ["lstm", "gru", "conv"])
def test_predicting_what_was_written_is_what_it_was_chosen_from(core):
    """Greedy text is the argmax of the logits that ``predict`` gives afterwards, whatever the pieces."""
    compiled, sampling = CompiledDecoder(*random_model(core, layers=2)), Sampling(temperature=0)
    position = begin(compiled, [2, 3, 4])
    ((text,), _) = compiled.write([position], [sampling], [(0, 0)], 90)
    state, rows = position.state, []
    for start, end in ((0, 1), (1, 40), (40, 90)):
        logits, state = compiled.predict(np.concatenate([[position.last], text])[start:end], state)
        rows.append(logits)
    assert (np.concatenate(rows)[:, 2:].argmax(axis=1) + 2).tolist() == text.tolist()


@pytest.mark.parametrize("core", ["lstm", "gru", "conv"])
def test_long_run(core):
    """100,000 symbols; only ties and rounding may make a difference, and rarely do."""
    model, sampling = random_model(core, hidden=16, layers=2), Sampling(temperature=1.0, top_p=0.95)
    plain, compiled = PlainDecoder(*model), CompiledDecoder(*model)
    length = 100_000 if core == "lstm" else 10_000
    ((text,), _) = compiled.write([begin(compiled, [2, 3])], [sampling], [(5, 0)], length)
    assert differences(plain, text.tolist(), [2, 3], sampling, 5) <= length // 5_000


@pytest.mark.parametrize("core", ["lstm", "gru", "conv"])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_neighbours_and_blocks_do_not_matter(core, precision):
    compiled = CompiledDecoder(*random_model(core, hidden=40, layers=2), precision=precision)
    ways = [
        Sampling(),
        Sampling(temperature=0.0),
        Sampling(top_k=3, repetition_penalty=1.2),
        Sampling(top_p=0.7),
    ]
    kinds = [ways[k % len(ways)] for k in range(17)]
    positions = [begin(compiled, [2 + k, 3]) for k in range(len(kinds))]
    seeds = [(k % 3, k) for k in range(len(kinds))]
    together, after = compiled.write(positions, kinds, seeds, 90)
    for k in range(len(kinds)):
        pieces, position = [], [positions[k]]
        for count in (1, 2, 40, 47):
            piece, position = compiled.write(position, [kinds[k]], [seeds[k]], count)
            pieces.append(piece[0])
        assert np.concatenate(pieces).tolist() == together[k].tolist()
        np.testing.assert_array_equal(position[0].state.parts[0], after[k].state.parts[0])
        np.testing.assert_array_equal(position[0].recent, after[k].recent)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize(
    "shape",
    [
        {"hidden": 200, "layers": 2},
        {"core": "gru", "hidden": 80, "layers": 2},
        {"core": "conv", "hidden": 100, "layers": 3},
        {"core": "conv", "hidden": 70, "vocabulary": 2000, "embedding": 40},
        {"hidden": 33, "vocabulary": 9},
    ],
    ids=str,
)
def test_number_of_threads_does_not_matter(shape, precision, monkeypatch):
    monkeypatch.setattr(calling, "_WORTH_A_THREAD", 1)
    compiled = CompiledDecoder(*random_model(**shape), precision=precision)
    ids = np.random.default_rng(0).integers(0, compiled.vocabulary, 150)
    results = []
    for ranks in (1, 2, 3):
        monkeypatch.setattr(compiled._pace, "ranks", lambda count, ranks=ranks: ranks)
        scores, state = compiled.score(ids[:-1], ids[1:], compiled.initial_state())
        position = begin(compiled, ids[:7].tolist())
        text, (after,) = compiled.write([position], [Sampling()], [(0, 0)], 50)
        results.append([scores.surprisal, state.parts[0], text, after.state.parts[0]])
    for other in results[1:]:
        for first, second in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(first, second)


def test_sequences_shared_between_threads(monkeypatch):
    compiled = CompiledDecoder(*random_model(hidden=40))
    sampling, count = Sampling(top_k=5), 13
    positions = [begin(compiled, [2 + k]) for k in range(count)]
    seeds = [(1, k) for k in range(count)]
    alone, after_alone = compiled.write(positions, [sampling] * count, seeds, 30)
    monkeypatch.setattr(calling, "_WORTH_A_THREAD", 1)
    monkeypatch.setattr(calling, "cores", lambda: 3)
    shared, after_shared = compiled.write(positions, [sampling] * count, seeds, 30)
    np.testing.assert_array_equal(shared, alone)
    for one, other in zip(after_alone, after_shared, strict=True):
        np.testing.assert_array_equal(one.state.parts[0], other.state.parts[0])
        np.testing.assert_array_equal(one.recent, other.recent)


def test_pace_settles_on_the_faster_and_looks_again():
    pace, used = Pace(2), []
    for _ in range(40):
        used.append(pace.ranks(1000))
        pace.took(used[-1], 1000, 1.0 if used[-1] == 2 else 2.0)
    assert used[:4] == [1, 2, 1, 2]
    assert used.count(1) in (3, 4, 5)
    assert {Pace(1).ranks(1000) for _ in range(20)} == {1}


def test_pace_forgives_one_slow_moment_and_keeps_short_tasks_apart():
    pace = Pace(2)
    for ranks, seconds in ((1, 1.0), (2, 9.0), (1, 1.0), (2, 0.5)):  # something was in the way of the second
        pace.took(ranks, 1000, seconds)
    for ranks in (1, 2, 1, 2):
        pace.took(ranks, 30, float(ranks))
    assert pace.ranks(1000) == 2
    assert pace.ranks(30) == 1


@pytest.mark.parametrize("core", ["lstm", "gru", "conv"])
def test_reading_in_pieces_is_reading_whole(core):
    compiled = CompiledDecoder(*random_model(core, layers=3))
    ids = np.random.default_rng(0).integers(0, 30, 201)
    whole, last = compiled.score(ids[:-1], ids[1:], compiled.initial_state())
    state, pieces = compiled.initial_state(), []
    for start, end in ((0, 1), (1, 70), (70, 200)):
        scores, state = compiled.score(ids[start:end], ids[start + 1 : end + 1], state)
        pieces.append(scores.surprisal)
    np.testing.assert_array_equal(np.concatenate(pieces), whole.surprisal)
    np.testing.assert_array_equal(state.parts[0], last.parts[0])
    np.testing.assert_array_equal(compiled.feed(ids[:-1], compiled.initial_state()).parts[0], last.parts[0])


def test_large_vocabulary_without_a_table():
    """Where a table of products would be too large, they are computed: the results are those of the plain one."""
    for core in ("lstm", "gru", "conv"):
        model = random_model(core, hidden=64, layers=1, vocabulary=40_000, embedding=8, seed=3)
        plain, compiled = PlainDecoder(*model), CompiledDecoder(*model)
        sampling = Sampling(top_p=0.9)
        ((text,), _) = compiled.write([begin(compiled, [7])], [sampling], [(1, 0)], 20)
        assert differences(plain, text.tolist(), [7], sampling, 1) == 0


BAD = {
    "not a number": {5: np.nan},
    "several infinities": {5: np.inf, 9: np.inf, 11: -np.inf},
    "nothing left": dict.fromkeys(range(30), -np.inf),
    "all not numbers": dict.fromkeys(range(30), np.nan),
    "a special symbol": {0: np.inf},
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(),
        Sampling(temperature=0.0),
        Sampling(temperature=1e-6),
        Sampling(temperature=1e6),
        Sampling(top_k=10**9, top_p=0.0),
        Sampling(top_p=1.0, repetition_penalty=0.2),
        Sampling(typical_p=0.5, min_p=1.0),
        Sampling(uniform=True),
    ],
    ids=str,
)
def test_bad_logits(kind, sampling):
    """Weights that give infinite logits or none: both decoders write the same text, of allowed symbols."""
    weights, model = random_model()
    for symbol, value in BAD[kind].items():
        weights["projection.bias"][symbol] = value
    texts = []
    for decoder in (PlainDecoder(weights, model), CompiledDecoder(weights, model)):
        texts.append(decoder.write([begin(decoder, [4])], [sampling], [(3, 0)], 50)[0][0].tolist())
    assert texts[0] == texts[1]
    assert min(texts[0]) >= 2


def test_one_symbol():
    """A vocabulary of one writes that one."""
    model = random_model(vocabulary=3)
    for decoder in (PlainDecoder(*model), CompiledDecoder(*model)):
        for sampling in (
            Sampling(),
            Sampling(temperature=0.0, repetition_penalty=5.0),
            Sampling(top_k=1, top_p=0.0),
        ):
            text, _ = decoder.write([begin(decoder, [])], [sampling], [(0, 0)], 5)
            assert text.tolist() == [[2] * 5]


@pytest.mark.parametrize(("precision", "tolerance"), [("bf16", 0.05), ("int8", 0.1)])
@pytest.mark.parametrize("core", ["lstm", "gru", "conv"])
def test_fewer_bits_score_nearly_the_same(core, precision, tolerance):
    model = random_model(core, hidden=48, layers=2)
    ids = np.random.default_rng(0).integers(2, 30, 1001)
    exact, rough = (CompiledDecoder(*model, precision=each) for each in ("fp32", precision))
    before, _ = exact.score(ids[:-1], ids[1:], exact.initial_state())
    after, _ = rough.score(ids[:-1], ids[1:], rough.initial_state())
    assert abs(after.surprisal.mean() - before.surprisal.mean()) < tolerance


def test_probabilities_are_what_is_drawn():
    """Over many draws each symbol comes as often as its chance says."""
    model = random_model(vocabulary=8)
    plain, compiled = PlainDecoder(*model), CompiledDecoder(*model)
    sampling = Sampling(temperature=1.0)
    position = begin(compiled, [3])
    count = 4_000
    symbols, _ = compiled.write([position] * count, [sampling] * count, [(0, k) for k in range(count)], 1)
    (logits,), _ = plain.logits([begin(plain, [3])])
    expected = probabilities(transform(logits, (), sampling, np.arange(8) >= 2))
    np.testing.assert_allclose(np.bincount(symbols[:, 0], minlength=8) / count, expected, atol=0.04)
