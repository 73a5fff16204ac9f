"""Every member of a model, changed in every way a stranger may think of and signed anew: a ModelError of one line."""

import json
import math
import struct

import numpy as np
import pytest

import made
import riverrun
from riverrun.bundle.manifest import manifest_of
from riverrun.bundle.names import CONFIG, MANIFEST, TOKENIZER, WEIGHTS
from riverrun.bundle.weight_file import pack_arrays, unpack_arrays
from riverrun.errors import ModelError
from riverrun.text import load_tokenizer
from riverrun.text.bpe import train_bpe
from riverrun.text.normalization import Normalizer

DEEP = "[" * 5000 + "]" * 5000


def refused(folder):
    with pytest.raises(ModelError) as caught:
        riverrun.load(folder)
    said = str(caught.value)
    assert str(folder) in said
    assert said.isprintable()
    assert len(said) < 1000
    return said


@pytest.fixture
def language_model(tmp_path):
    return made.language_model(tmp_path / "model")


@pytest.fixture
def translator(tmp_path):
    return made.translator(tmp_path / "model")


def test_what_is_changed_below_is_whole(tmp_path):
    assert riverrun.load(made.language_model(tmp_path / "one")).generate("ab", 5, seed=0)
    assert riverrun.load(made.translator(tmp_path / "other")).translate(["abc"])


FACTS = {
    "no kind": {"kind": None},
    "a kind that is a list": {"kind": ["language model"]},
    "another kind": {"kind": "oracle"},
    "steps as text": {"steps": "many"},
    "steps that are no whole number": {"steps": 1.5},
    "steps of a thousand digits": {"steps": 10**1000},
    "a corpus that is text": {"corpus": "a text"},
    "a corpus that is nothing": {"corpus": None},
    "a corpus that is a number": {"corpus": 1.5},
    "characters as text": {"corpus": {"name": "a", "characters": "many", "sha256": "0"}},
    "a name that is a number": {"corpus": {"name": 1, "characters": 1, "sha256": "0"}},
    "a text read since that is text": {"adapted": "news"},
    "a text read since whose name is a number": {"adapted": {"name": 1, "characters": 1}},
    "a list": {"validation_loss": [1, 2]},
    "groups in groups": {"more": {"and": {"more": 1}}},
    "a very long text": {"reason": "x" * 70_000},
    "half a character": {"reason": "\ud800"},
}


@pytest.mark.parametrize("facts", FACTS.values(), ids=FACTS)
def test_facts(facts, language_model):
    files, known = made.parts(language_model)
    (language_model / MANIFEST).write_bytes(manifest_of(files, {**known, **facts}).to_json())
    assert MANIFEST in refused(language_model)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_figures_that_are_no_numbers_are_left_out(value, language_model):
    """Version 0.1.0 wrote them where nothing was measured."""
    unmeasured = ("validation_nats_per_token", "seconds", "corpus", "steps", "reason")
    made.change(language_model, dict.fromkeys(unmeasured, value))
    assert not set(unmeasured) & set(riverrun.load(language_model).facts)


def unsigned(document):
    return json.dumps({name: value for name, value in document.items() if name != "sha256"})


MANIFESTS = {
    "nothing": lambda document: "",
    "not UTF-8": lambda document: "\udcff",
    "a number": lambda document: "1",
    "a list": lambda document: "[]",
    "nested too deeply": lambda document: DEEP,
    "nested too deeply within": lambda document: (
        '{"format": 1, "facts": ' + '{"a":' * 3000 + "1" + "}" * 3001
    ),
    "a million lists": lambda document: '{"format": 1, "facts": {"a": [' + "[]," * 1_100_000 + "[]]}}",
    "no format": lambda document: unsigned(document | {"format": None}),
    "a format that is true": lambda document: unsigned(document | {"format": True}),
    "a format that is text": lambda document: unsigned(document | {"format": "2"}),
    "a format of thousands of digits": lambda document: '{"format": ' + "9" * 5000 + "}",
    "facts that are a list": lambda document: unsigned(document | {"facts": []}),
    "files that are a list": lambda document: unsigned(document | {"files": []}),
    "files that are numbers": lambda document: unsigned(document | {"files": {CONFIG: 1}}),
    "a size that is text": lambda document: unsigned(
        document | {"files": {CONFIG: {"size": "1", "sha256": ""}}}
    ),
    "a size below nothing": lambda document: unsigned(
        document | {"files": {CONFIG: {"size": -1, "sha256": ""}}}
    ),
    "a checksum that is a number": lambda document: unsigned(
        document | {"files": {CONFIG: {"size": 1, "sha256": 1}}}
    ),
    "a checksum that is missing": lambda document: unsigned(document | {"files": {CONFIG: {"size": 1}}}),
    "a checksum of its own that is a number": lambda document: json.dumps(document | {"sha256": 5}),
    "another checksum of its own": lambda document: json.dumps(document | {"sha256": "0" * 64}),
    "no files": lambda document: unsigned(document | {"files": {}}),
    "too long": lambda document: json.dumps(document) + " " * (1 << 20),
}


@pytest.mark.parametrize("change", MANIFESTS.values(), ids=MANIFESTS)
def test_manifests(change, language_model):
    document = json.loads((language_model / MANIFEST).read_bytes())
    (language_model / MANIFEST).write_bytes(change(document).encode("utf-8", "surrogateescape"))
    refused(language_model)


def test_a_manifest_written_by_hand_may_go_without_a_checksum(language_model):
    document = json.loads((language_model / MANIFEST).read_bytes())
    (language_model / MANIFEST).write_text(unsigned(document))
    assert riverrun.load(language_model).facts["kind"] == "language model"


def test_files_elsewhere_are_listed_in_vain(language_model):
    files, facts = made.parts(language_model)
    (language_model.parent / "secret").write_bytes(b"secret")
    manifest = manifest_of({**files, "../secret": b"secret"}, facts).to_json()
    (language_model / MANIFEST).write_bytes(manifest)
    riverrun.load(language_model).save(language_model.parent / "copy")
    assert not [path for path in (language_model.parent / "copy").iterdir() if "secret" in path.name]
    assert "secret" not in (language_model.parent / "copy" / MANIFEST).read_text()


SETTINGS = {
    "no text at all": b"\xff\xfe",
    "not TOML": b"[model",
    "nothing": b"",
    "nested too deeply": ("a = " + DEEP).encode(),
    "dotted too deeply": b"[model]\nlayers" + b".a" * 3000 + b" = 1",
    "a number of thousands of digits": b"[model]\nlayers = " + b"9" * 5000,
    "sections that are numbers": b"model = 1\ntext = 2",
    "too long": b"#" * 70_000,
}
LINES = {
    "a thousand million layers": ("layers = 1", "layers = 1000000000"),
    "no layers": ("layers = 1", "layers = 0"),
    "layers below nothing": ("layers = 1", "layers = -1"),
    "more layers than there are": ("layers = 1", "layers = 2"),
    "half a layer": ("layers = 1", "layers = 1.5"),
    "a layer that is true": ("layers = 1", "layers = true"),
    "no word on layers": ("layers = 1", ""),
    "a million million units": ("hidden = 4", "hidden = 1000000000000"),
    "other units": ("hidden = 4", "hidden = 5"),
    "units as text": ("hidden = 4", 'hidden = "4"'),
    "units as a list": ("hidden = 4", "hidden = [4]"),
    "another width": ("embedding = 3", "embedding = 4"),
    "ten thousand million features": ("features = 1", "features = 10000000000"),
    "other features": ("features = 1", "features = 2"),
    "thousands of temperatures": (
        "preview_temperatures = [0.5]",
        f"preview_temperatures = {[0.5] * 5000}",
    ),
    "a temperature that is none": ("preview_temperatures = [0.5]", "preview_temperatures = [nan]"),
    "temperatures that are one": ("preview_temperatures = [0.5]", "preview_temperatures = 0.5"),
    "a core that is none": ('core = "lstm"', 'core = "rnn"'),
    "a core that is a list": ('core = "lstm"', 'core = ["lstm"]'),
    "another core": ('core = "lstm"', 'core = "gru"'),
    "a convolution": ('core = "lstm"', 'core = "conv"'),
    "another input": ('input = "embedding"', 'input = "one-hot"'),
    "tied": ("tied = false", "tied = true"),
    "tied as text": ("tied = false", 'tied = "no"'),
    "all dropped": ("dropout = 0.0", "dropout = 1.0"),
    "dropout that is no number": ("dropout = 0.0", "dropout = nan"),
    "an endless learning rate": ("learning_rate = 0.004", "learning_rate = inf"),
    "a seed of more than 64 bits": ("seed = 0", "seed = 99999999999999999999"),
    "a text's unit that is none": ('unit = "char"', 'unit = "morse"'),
    "another unit": ('unit = "char"', 'unit = "byte"'),
    "a validation that is a list": ("validation = 0.1", "validation = [0.1]"),
    "no budget": ("steps = 2", ""),
    "a budget of nothing": ("steps = 2", "steps = 0"),
    "an endless budget": ("steps = 2", "minutes = inf"),
}


@pytest.mark.parametrize("content", SETTINGS.values(), ids=SETTINGS)
def test_settings_as_a_whole(content, language_model):
    refused(made.change(language_model, config=content))


@pytest.mark.parametrize(("before", "after"), LINES.values(), ids=LINES)
def test_settings_line_by_line(before, after, language_model):
    refused(made.change_config(language_model, before, after))


def test_convolutions_that_look_back_for_ever(tmp_path):
    """A few weights, and a state of 2**40 numbers."""
    folder = made.language_model(tmp_path / "model", core="conv", layers=3, hidden=1)
    files, facts = made.parts(folder)
    arrays = dict(unpack_arrays(files[WEIGHTS]))
    for layer in range(3, 40):
        for name in ("convolutions.{}.weight", "convolutions.{}.bias", "mixers.{}.weight", "mixers.{}.bias"):
            arrays[f"core.{name.format(layer)}"] = arrays[f"core.{name.format(0)}"]
    config = files[CONFIG].replace(b"layers = 3", b"layers = 40")
    made.write(folder, files | {CONFIG: config, WEIGHTS: pack_arrays(arrays)}, facts)
    assert "look back too far" in refused(folder)


def test_settings_of_the_other_kind(language_model, tmp_path):
    other = made.translator(tmp_path / "other")
    refused(made.change(language_model, {"kind": "translator"}))
    refused(made.change(other, {"kind": "language model"}))


def test_a_tagger_that_is_a_translator(translator):
    assert "different models" in refused(made.change(translator, {"kind": "tagger"}))


GOOD = made.characters(5)
TOKENIZERS = {
    "nothing": "",
    "a list": "[]",
    "null": "null",
    "nested too deeply": DEEP,
    "no unit": json.dumps({**GOOD, "unit": None}),
    "a unit that is a number": json.dumps({**GOOD, "unit": 1}),
    "a unit that is none": json.dumps({**GOOD, "unit": "morse"}),
    "a unit that is a list": json.dumps({**GOOD, "unit": ["char"]}),
    "no symbols": json.dumps({**GOOD, "symbols": []}),
    "symbols that are text": json.dumps({**GOOD, "symbols": "abcde"}),
    "symbols that are an object": json.dumps({**GOOD, "symbols": {"a": 1}}),
    "symbols that are numbers": json.dumps({**GOOD, "symbols": [1, 2, 3, 4, 5]}),
    "symbols that are lists": json.dumps({**GOOD, "symbols": [["a"], "b", "c", "d", "e"]}),
    "symbols that are nothing": json.dumps({**GOOD, "symbols": ["", "b", "c", "d", "e"]}),
    "a symbol twice": json.dumps({**GOOD, "symbols": ["a", "a", "c", "d", "e"]}),
    "a symbol of two characters": json.dumps({**GOOD, "symbols": ["ab", "b", "c", "d", "e"]}),
    "half a character": json.dumps({**GOOD, "symbols": ["\ud800", "b", "c", "d", "e"]}),
    "one symbol more": json.dumps(made.characters(6)),
    "one symbol fewer": json.dumps(made.characters(4)),
    "no policy": json.dumps({**GOOD, "unknown": None}),
    "a policy that is none": json.dumps({**GOOD, "unknown": "perhaps"}),
    "a policy that is a number": json.dumps({**GOOD, "unknown": 1}),
    "no normal form": json.dumps({**GOOD, "normalizer": {"lower": False}}),
    "a normal form that is none": json.dumps({**GOOD, "normalizer": {"lower": False, "form": "NFX"}}),
    "a normal form that is a list": json.dumps({**GOOD, "normalizer": {"lower": False, "form": []}}),
    "lower as a number": json.dumps({**GOOD, "normalizer": {"lower": 1, "form": "none"}}),
    "a normalizer that is text": json.dumps({**GOOD, "normalizer": "none"}),
    "two sides": json.dumps({"source": GOOD, "target": GOOD}),
    "another unit": json.dumps({**GOOD, "unit": "word"}),
}


@pytest.mark.parametrize("content", TOKENIZERS.values(), ids=TOKENIZERS)
def test_tokenizers(content, language_model):
    refused(made.change(language_model, tokenizer=content.encode()))


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize(
    "content", [c for c in TOKENIZERS.values() if c[:1] == "{" and c.count('"c", "d"]') == 0]
)
def test_tokenizers_of_a_side(content, side, translator):
    sides = json.loads((translator / TOKENIZER).read_bytes())
    refused(made.change(translator, tokenizer=json.dumps(sides | {side: json.loads(content)}).encode()))


@pytest.mark.parametrize(
    "content", ["[]", "{}", '{"source": 1, "target": 2}', '{"source": [], "target": []}']
)
def test_tokenizers_without_sides(content, translator):
    refused(made.change(translator, tokenizer=content.encode()))


def test_a_symbol_as_long_as_a_book(language_model):
    made.change_config(language_model, 'unit = "char"', 'unit = "word"')
    tokenizer = made.characters(5, "word")
    tokenizer["symbols"][0] = "x" * 70_000
    refused(made.change(language_model, tokenizer=json.dumps(tokenizer).encode()))


BPE = train_bpe(["the spirit of the age and the spirit of the river " * 9], Normalizer(), 270, 1).to_dict()


def bpe(**changes):
    model = BPE["model"]["model"]
    return {**BPE, "model": {"model": {**model, **changes}}}


VOCABULARY = BPE["model"]["model"]["vocab"]
SUBWORDS = {
    "no model": {**BPE, "model": {}},
    "a model that is a list": {**BPE, "model": []},
    "no tokens": bpe(vocab={}),
    "tokens that are a list": bpe(vocab=list(VOCABULARY)),
    "an id that is missing": bpe(vocab={token: i + (i > 100) for token, i in VOCABULARY.items()}),
    "an id twice": bpe(vocab={token: min(i, 100) for token, i in VOCABULARY.items()}),
    "ids below nothing": bpe(vocab={token: i - 1 for token, i in VOCABULARY.items()}),
    "ids as text": bpe(vocab={token: str(i) for token, i in VOCABULARY.items()}),
    "ids as lists": bpe(vocab={token: [i] for token, i in VOCABULARY.items()}),
    "ids that are true": bpe(vocab={token: bool(i) if i < 2 else i for token, i in VOCABULARY.items()}),
    "enormous ids": bpe(vocab={token: i * 10**10 for token, i in VOCABULARY.items()}),
    "a byte without a token": bpe(
        vocab={"ĀĀ" if token == "Ā" else token: i for token, i in VOCABULARY.items()}
    ),
    "tokens that are no bytes": bpe(
        vocab={f"{token}河" if i > 260 else token: i for token, i in VOCABULARY.items()}
    ),
    "a token of nothing": bpe(
        vocab={"" if i == 260 else token: i for token, i in VOCABULARY.items()}, merges=[]
    ),
    "merges that are text": bpe(merges="ab"),
    "merges of three": bpe(merges=[["t", "h", "e"]]),
    "merges of numbers": bpe(merges=[[1, 2]]),
    "merges of nothing": bpe(merges=[["", ""]]),
    "merges to what is no token": bpe(merges=[["!", "!"]]),
    "merges of what is no token": bpe(merges=[["河", "流"]]),
}


@pytest.mark.parametrize("content", SUBWORDS.values(), ids=SUBWORDS)
def test_subwords(content):
    with pytest.raises(ModelError) as caught:
        load_tokenizer(json.dumps(content))
    assert "\n" not in str(caught.value)


def test_of_subwords_nothing_but_tokens_and_merges_is_read():
    """Normalizers that make a text grow, and patterns that never end, may be in the file."""
    grows = {"type": "Replace", "pattern": {"String": "e"}, "content": "e" * 10**6}
    regex = {"type": "Split", "pattern": {"Regex": "(a|aa)+$"}, "behavior": "Isolated", "invert": False}
    added = [
        {"id": 0, "content": "the", "single_word": False, "lstrip": False, "rstrip": False, "special": True}
    ]
    document = bpe(dropout=0.5, unk_token="!", continuing_subword_prefix="x", byte_fallback=True)
    document["model"] |= {
        "normalizer": grows,
        "pre_tokenizer": regex,
        "added_tokens": added,
        "decoder": {"type": 1},
    }
    document["model"] |= {"truncation": {"max_length": 1}, "padding": {}, "post_processor": {"type": "?"}}
    hostile, honest = load_tokenizer(json.dumps(document)), load_tokenizer(json.dumps(BPE))
    text = "the spirit of the age" + "a" * 200
    assert hostile.encode(text).tolist() == honest.encode(text).tolist()
    assert hostile.to_dict() == BPE


def safetensors(header: object, data: bytes = b"\0" * 64, length: int | None = None) -> bytes:
    raw = (header if isinstance(header, str) else json.dumps(header)).encode("utf-8", "surrogateescape")
    raw += b" " * (-len(raw) % 8)
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


def entry(shape, start=0, end=64, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


FILES = {
    "nothing": b"",
    "a few bytes": b"\x7fELF",
    "a header longer than the file": safetensors({}, length=1 << 40),
    "a header of 2**64 - 1 bytes": safetensors({}, length=(1 << 64) - 1),
    "a header that is not UTF-8": safetensors("\udcff\udcfe"),
    "a header that is no JSON": safetensors("{"),
    "a header that is a list": safetensors("[]"),
    "a header nested too deeply": safetensors(DEEP),
    "an entry that is a list": safetensors({"a": []}),
    "an entry without a place": safetensors({"a": {"dtype": "F32", "shape": [16]}}),
    "a type that is none": safetensors({"a": entry([16], dtype="F99")}),
    "a type that is a list": safetensors({"a": {**entry([16]), "dtype": ["F32"]}}),
    "a shape that is text": safetensors({"a": {**entry([16]), "shape": "16"}}),
    "a shape of texts": safetensors({"a": entry(["16"])}),
    "a shape below nothing": safetensors({"a": entry([-4, -4])}),
    "a shape whose product overflows": safetensors({"a": entry([1 << 62, 1 << 62, 4])}),
    "a shape of a billion numbers": safetensors({"a": entry([1 << 30])}),
    "a place outside": safetensors({"a": entry([16], 64, 128)}),
    "a place below nothing": safetensors({"a": entry([16], -64, 0)}),
    "a place that ends before it begins": safetensors({"a": entry([16], 64, 0)}),
    "places that are floats": safetensors({"a": entry([16], 0.0, 64.0)}),
    "three places": safetensors({"a": {**entry([16]), "data_offsets": [0, 32, 64]}}),
    "arrays that overlap": safetensors({"a": entry([16]), "b": entry([16])}),
    "bytes of nobody": safetensors({"a": entry([8], 0, 32)}),
    "two arrays of no model": safetensors({"a": entry([8], 0, 32), "b": entry([8], 32, 64)}),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_weights_that_are_no_weights(content, language_model):
    refused(made.change(language_model, weights=content))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 3e38, -1e7, 1e6 + 1])
@pytest.mark.parametrize("name", ["embedding.weight", "core.rnn.bias_hh_l0", "projection.bias"])
def test_weights_whose_products_would_overflow(name, value, language_model):
    arrays = unpack_arrays((language_model / WEIGHTS).read_bytes())
    array = arrays[name].copy()
    array.reshape(-1)[-1] = value
    assert name in refused(made.change_arrays(language_model, **{name.replace(".", "__"): array}))


@pytest.mark.filterwarnings("error")
def test_the_largest_weights_do_not_overflow(tmp_path):
    for core in ("lstm", "gru", "conv"):
        folder = made.language_model(tmp_path / core, core=core, layers=2)
        arrays = {
            name.replace(".", "__"): np.full_like(array, 1e6 if index % 2 else -1e6)
            for index, (name, array) in enumerate(unpack_arrays((folder / WEIGHTS).read_bytes()).items())
        }
        model = riverrun.load(made.change_arrays(folder, **arrays))
        assert math.isfinite(model.score("abcde").bits_per_character)
        assert model.generate("ab", 5, seed=0)
