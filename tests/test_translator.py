"""Trained translators, end to end: train, reload, translate, score, evaluate; and every bad input."""

import json
import sys
import warnings
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import riverrun
import riverrun.generation.stepping
import riverrun.training.pair_task
import tiny_pairs
from riverrun.cli.main import main
from riverrun.cli.standard_output import print_json
from riverrun.errors import CorpusError, InputError, ModelError, SettingsError
from riverrun.generation.sampling import Sampling


def give(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(text)))


def test_a_monotone_task_is_recognised_and_learned(translated: Path):
    model = riverrun.load_translator(translated)
    assert model.settings.model.attention == "monotone"
    assert model.settings.data.target_unit == "symbols"
    assert model.translate(["abc", "", "fxd"]) == ["aː b k", "", "f k s t"]
    assert model.translate(["abc"], beam=1) == ["aː b k"]


def test_it_says_what_it_is(translated: Path):
    one = riverrun.load_translator(translated)
    assert repr(one).startswith(
        f"<riverrun translator {str(translated)!r}: 1 x lstm of 1 x 16, attention monotone, "
    )
    assert repr(one).endswith(f"{one.parameters:,} weights, 9 symbols by char to 9 by symbols>")
    assert f"{str(translated)!r} with 1 more: " in repr(riverrun.load_translator(translated, translated))


def test_subwords_beside_another_unit_are_counted_in_the_saved_settings(tmp_path: Path):
    path = tiny_pairs.write(tmp_path / "p.tsv", tiny_pairs.pronunciations(80))
    more = {"data__target_unit": "bpe", "text__subwords": 262, "model__attention": "dot"}
    model = tiny_pairs.train(path, tmp_path / "m", steps=3, **more)
    assert (model.settings.text.max_vocabulary, model.settings.text.subwords) == (0, 262)
    assert (model.source.unit, model.target.size) == ("char", 262)


@pytest.mark.parametrize("attention", ["none", "dot", "additive"])
@pytest.mark.parametrize("core", ["lstm", "gru"])
def test_every_variant_trains_and_translates(tmp_path: Path, attention: str, core: str):
    path = tiny_pairs.write(tmp_path / "p.tsv", [("ab", "ba"), ("ba", "ab"), ("aab", "baa"), ("b", "b")] * 5)
    held_out = tiny_pairs.write(tmp_path / "v.tsv", [("bb", "bb")])
    more = {"model__attention": attention, "model__core": core, "data__validation": str(held_out)}
    model = tiny_pairs.train(path, tmp_path / "m", steps=150, **more)
    assert model.translate(["ab", "aab"]) == ["ba", "baa"]
    reloaded = riverrun.load_translator(tmp_path / "m")
    sources = ["ab", "ba", "aab", "b", "bbab"]
    assert reloaded.translations(sources, n_best=3) == model.translations(sources, n_best=3)


def test_the_model_s_own_output_can_be_fed_back(tmp_path: Path):
    path = tiny_pairs.write(tmp_path / "p.tsv", [("ab", "ba"), ("ba", "ab"), ("aab", "baa"), ("b", "b")] * 5)
    held_out = tiny_pairs.write(tmp_path / "v.tsv", [("bb", "bb")])
    more = {"training__teacher_forcing": 0.0, "data__validation": str(held_out), "model__input_feeding": True}
    model = tiny_pairs.train(path, tmp_path / "m", steps=150, training__teacher_forcing_epochs=5, **more)
    assert model.translate(["ab", "aab"]) == ["ba", "baa"]
    with pytest.raises(SettingsError, match="teacher_forcing"):
        tiny_pairs.train(
            path, tmp_path / "n", steps=1, training__teacher_forcing=0.5, model__attention="monotone"
        )


def test_tagging_gives_one_output_for_each_symbol(tmp_path: Path):
    pairs = [
        (word, "".join("V" if letter == "a" else "C" for letter in word))
        for word, _ in tiny_pairs.pronunciations()
    ]
    path = tiny_pairs.write(tmp_path / "p.tsv", pairs)
    model = tiny_pairs.train(path, tmp_path / "m", steps=60, data__task="tagging")
    assert model.translate(["abca", "a"]) == ["VCCV", "V"]
    assert riverrun.load_translator(tmp_path / "m", precision="bf16").translate(["abca"]) == ["VCCV"]
    assert all(len(out.text) == 4 for each in model.translations(["abca"], n_best=4) for out in each.outputs)


def test_order_and_company_change_nothing(translated: Path):
    model = riverrun.load_translator(translated)
    sources = ["abcdef", "a", "fxd", "bb", "cdcdc"]
    assert model.translate(sources) == [model.translate([source])[0] for source in sources]


def test_bf16_writes_the_same_here_and_rounds_its_scores(translated: Path):
    exact = riverrun.load_translator(translated).translations(["abc", "fxd"], beam=1)
    rounded = riverrun.load_translator(translated, precision="bf16").translations(["abc", "fxd"], beam=1)
    for one, other in zip(exact, rounded, strict=True):
        assert one.outputs[0].text == other.outputs[0].text
        assert one.outputs[0].log_probability != other.outputs[0].log_probability
        assert one.outputs[0].log_probability == pytest.approx(other.outputs[0].log_probability, abs=0.2)


@pytest.mark.parametrize("attention", ["none", "dot", "additive"])
def test_every_decoder_works_in_bf16(tmp_path: Path, attention: str):
    path = tiny_pairs.write(tmp_path / "p.tsv", [("ab", "ba"), ("ba", "ab"), ("aab", "baa"), ("b", "b")] * 5)
    held_out = tiny_pairs.write(tmp_path / "v.tsv", [("bb", "bb")])
    more = {"model__attention": attention, "data__validation": str(held_out)}
    more |= {} if attention == "none" else {"model__input_feeding": True}
    tiny_pairs.train(path, tmp_path / "m", steps=150, **more)
    model = riverrun.load_translator(tmp_path / "m", precision="bf16")
    assert model.translate(["ab", "aab"]) == ["ba", "baa"]
    assert model.score([("ab", "ba")])[0] > model.score([("ab", "ab")])[0]


def test_only_like_votes_with_like(translated: Path, pairs: Path, tmp_path: Path):
    soft = tiny_pairs.train(pairs, tmp_path / "m", steps=1, model__attention="dot").path
    with pytest.raises(ModelError, match=r"writes symbols and .* moves along the source"):
        riverrun.load_translator(translated, soft)
    equal = tiny_pairs.write(tmp_path / "e.tsv", [("ab", "ba"), ("ba", "ab"), ("a", "b"), ("b", "a")])
    tagger = tiny_pairs.train(equal, tmp_path / "t", steps=1, data__task="tagging").path
    other = tiny_pairs.train(equal, tmp_path / "o", steps=1, model__attention="none").path
    with pytest.raises(ModelError, match=r"writes symbols and .* a tag for each symbol"):
        riverrun.load_translator(tagger, other)


def test_a_tagger_is_not_asked_for_sides_of_different_lengths(tmp_path: Path, capsys: pytest.CaptureFixture):
    equal = tiny_pairs.write(tmp_path / "e.tsv", [("ab", "ba"), ("ba", "ab"), ("a", "b"), ("b", "a")])
    tagger = str(tiny_pairs.train(equal, tmp_path / "t", steps=1, data__task="tagging").path)
    unequal = str(tiny_pairs.write(tmp_path / "u.tsv", [("ab", "a")]))
    capsys.readouterr()  # what training said
    for command in (["translate", tagger, "ab", "--score", "a"], ["evaluate", tagger, unequal]):
        assert main(command) == 2
        printed, error = capsys.readouterr()
        assert not printed
        assert error == "riverrun: 'ab' has 2 symbols and 'a' 1: a tagger writes one for each\n"


def test_numbers_that_are_not_finite_are_null_in_json(capsys: pytest.CaptureFixture):
    print_json({"a": [float("-inf"), 1.5], "b": {"c": float("nan")}})
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {
        "a": [None, 1.5],
        "b": {"c": None},
    }


@pytest.mark.parametrize(
    ("given", "printed", "said"),
    [
        (b"\xef\xbb\xbfabc\nb\n", "aː b k\nb\n", ""),
        (b"abc\nb\xe9\nfxd\n", "aː b k\n", "byte 0xe9 at offset 5, line 2"),
        (
            ("ab\n天地玄黄宇宙洪荒，日月盈昃辰宿列张。\n").encode("gb18030"),
            "aː b\n",
            "line 2; pipe it through iconv -f GB18030 -t UTF-8",
        ),
        ("abc\n".encode("utf-16"), "", "standard input is not UTF-8 text but UTF-16"),
        (b"b\x00\n", "", "standard input is a binary file: a zero byte near offset 1, line 1"),
        (None, "", "standard input is closed"),
    ],
)
def test_standard_input_that_is_no_text(translated, given, printed, said, monkeypatch, capsys):
    if given is None:
        monkeypatch.setattr(sys, "stdin", None)
    else:
        give(monkeypatch, given)
    assert main(["translate", str(translated)]) == (2 if said else 0)
    out, error = capsys.readouterr()
    assert out == printed
    assert said in error
    assert error.count("\n") == bool(said)


def test_bad_lines_of_an_evaluation_are_counted(translated: Path, tmp_path: Path, capsys):
    (tmp_path / "p.tsv").write_text("abc\taː b k\nno tab\nb\t\n", encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["evaluate", str(translated), str(tmp_path / "p.tsv"), "--skip-bad", "--json"]) == 0
    out, error = capsys.readouterr()
    assert json.loads(out)["pairs"] == 1
    assert "p.tsv: 2 bad lines left out" in error


def test_what_must_not_be_read_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture):
    pairs = tiny_pairs.write(tmp_path / "p.tsv", tiny_pairs.pronunciations())
    model = tiny_pairs.train(pairs, tmp_path / "m", steps=1, text__unknown="refuse").path
    capsys.readouterr()  # what training said
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["translate", str(model), "aQ"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_score_draws_nothing_and_names_what_it_cannot_read(translated: Path, capsys: pytest.CaptureFixture):
    assert main(["translate", str(translated), "abc", "--score", "k", "--html", "page.html"]) == 2
    assert "leave out --html" in capsys.readouterr().err
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["translate", str(translated), "abc", "--score", "k Q"]) == 0
    assert "never seen in training and read as <unknown>: 'Q'" in capsys.readouterr().err


def test_a_warning_is_printed_once(translated: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["translate", str(translated), "aQc", "--html", str(tmp_path / "page.html")]) == 0
    assert capsys.readouterr().err.count("never seen") == 1


def test_an_unknown_precision_is_refused(translated: Path):
    with pytest.raises(InputError, match="precision = 'fp8': give one of fp32, bf16"):
        riverrun.load_translator(translated, precision="fp8")  # pyright: ignore[reportArgumentType]


def test_nothing_is_aligned_where_the_attention_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def aligned(*_: object) -> None:
        raise AssertionError("aligned")

    monkeypatch.setattr(riverrun.training.pair_task, "fit_aligner", aligned)
    path = tiny_pairs.write(tmp_path / "p.tsv", tiny_pairs.pronunciations(20))
    tiny_pairs.train(path, tmp_path / "m", steps=2, model__attention="dot")
    with pytest.raises(AssertionError, match="aligned"):
        tiny_pairs.train(path, tmp_path / "n", steps=2)


def test_threads_that_share_the_batches_find_the_same(translated: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(riverrun.generation.stepping, "ROWS", 16)
    sources = [source for source, _ in tiny_pairs.pronunciations(100, seed=1)]
    model, threads = riverrun.load_translator(translated), torch.get_num_threads()
    found = []
    for count in (1, 3):
        torch.set_num_threads(count)
        found.append(model.translations(sources, n_best=2))
        assert torch.get_num_threads() == count  # what workers set is their own
    torch.set_num_threads(threads)
    assert found[0] == found[1]


def test_scores_are_those_of_the_search(translated: Path):
    model = riverrun.load_translator(translated)
    (found,) = model.translations(["abc"], beam=1)
    assert model.score([("abc", found.outputs[0].text)])[0] == pytest.approx(
        found.outputs[0].log_probability, abs=1e-3
    )
    assert model.score([("abc", "f f")])[0] < found.outputs[0].log_probability


def test_samples_are_drawn_with_a_seed(translated: Path):
    model = riverrun.load_translator(translated)
    hot = Sampling(temperature=3.0)
    first = model.translations(["abc"], n_best=4, sampling=hot, seed=1)
    assert first == model.translations(["abc"], n_best=4, sampling=hot, seed=1)
    assert len({output.text for output in first[0].outputs}) > 1


def test_models_vote(translated: Path, pairs: Path, tmp_path: Path):
    other = tmp_path / "other"
    tiny_pairs.train(pairs, other, steps=20)
    together = riverrun.load_translator(translated, other)
    alone = riverrun.load_translator(translated)
    assert together.parameters == 2 * alone.parameters
    assert together.score([("abc", "aː b k")]) != alone.score([("abc", "aː b k")])
    foreign = tiny_pairs.write(tmp_path / "q.tsv", [("q", "Q"), ("w", "W"), ("e", "E")])
    tiny_pairs.train(foreign, tmp_path / "foreign", steps=2)
    with pytest.raises(ModelError, match="different symbols"):
        riverrun.load_translator(translated, tmp_path / "foreign")


def test_any_reference_of_a_source_counts(translated: Path, tmp_path: Path):
    path = tiny_pairs.write(tmp_path / "t.tsv", [("ab", "aː b"), ("ab", "f"), ("c", "t"), ("ac", "aː  k")])
    quality = riverrun.load_translator(translated).evaluate(path)
    assert (quality.pairs, quality.sources, quality.several_references) == (4, 3, 1)
    assert quality.exact_match == pytest.approx(2 / 3)
    assert quality.word_error_rate == pytest.approx(1 / 3)
    assert quality.symbol_error_rate == pytest.approx(1 / 5)
    assert "tok:none" in quality.bleu_signature


def test_unseen_symbols_and_long_sources_are_warned_of(translated: Path):
    model = riverrun.load_translator(translated)
    with pytest.warns(UserWarning, match="never seen in training"):
        assert model.translate(["aZ"])
    with pytest.warns(UserWarning, match="far longer than any in training"):
        assert model.translate(["ab" * 40])


def test_evaluation_warns_once(translated: Path, tmp_path: Path):
    model = riverrun.load_translator(translated)
    with pytest.warns(UserWarning, match="never seen") as found:
        model.evaluate(tiny_pairs.write(tmp_path / "odd.tsv", [("aQ", "aː")]))
    assert len(found) == 1


def test_kinds_of_models_are_not_confused(translated: Path, trained: Path):
    with pytest.raises(ModelError, match="is a translator"):
        riverrun.load_language_model(translated)
    with pytest.raises(ModelError, match="language model"):
        riverrun.load_translator(trained)


def test_lines_in_lines_out(translated: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    give(monkeypatch, b"abc\n\nfxd")
    assert main(["translate", str(translated)]) == 0
    assert capsys.readouterr().out == "aː b k\n\nf k s t\n"
    give(monkeypatch, b"")
    assert main(["translate", str(translated)]) == 0
    assert capsys.readouterr().out == ""


def test_json_html_and_scores(translated: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    page = tmp_path / "page.html"
    assert main(["translate", str(translated), "abc", "--json", "--n-best", "2", "--html", str(page)]) == 0
    document = json.loads(capsys.readouterr().out)
    (translation,) = document["translations"]
    assert translation["source"] == "abc"
    assert translation["outputs"][0]["text"] == "aː b k"
    assert translation["outputs"][0]["log_probability"] < 0
    assert page.read_text(encoding="utf-8").count("<tr>") == 1 + 4  # the source, three phones, the end
    assert main(["translate", str(translated), "abc", "--score", "aː b k", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["log_probability"] < 0


def test_evaluate_prints_one_json_object(translated: Path, pairs: Path, capsys: pytest.CaptureFixture):
    assert main(["evaluate", str(translated), str(pairs), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["exact_match"] == 1 - figures["word_error_rate"]
    assert {"pairs", "symbol_error_rate", "bleu", "chrf", "nats_per_token"} <= set(figures)
    assert main(["evaluate", str(translated), str(pairs), "--json", "--precision", "bf16"]) == 0
    assert json.loads(capsys.readouterr().out)["nats_per_token"] != figures["nats_per_token"]


def test_evaluate_prints_what_is_undefined_and_figures_of_tags(tmp_path: Path, capsys: pytest.CaptureFixture):
    short = tiny_pairs.write(tmp_path / "s.tsv", [("ab", "XY"), ("ba", "YX"), ("a", "X"), ("b", "Y")])
    tagger = str(tiny_pairs.train(short, tmp_path / "t", steps=1, data__task="tagging").path)
    capsys.readouterr()  # what training said
    assert main(["evaluate", tagger, str(short)]) == 0
    shown = [line.rsplit(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert ["bleu", "undefined"] in shown  # no output has four tokens
    assert {"tag accuracy", "X", "Y"} <= {name.strip() for name, _ in shown}


@pytest.mark.parametrize("beam", ["0", "10000", "x"])
def test_a_beam_out_of_range_is_one_line(translated: Path, beam: str, capsys: pytest.CaptureFixture):
    try:
        code = main(["translate", str(translated), "abc", "--beam", beam])
    except SystemExit as leaving:
        code = leaving.code
    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_bad_training_input(tmp_path: Path):
    path = tmp_path / "p.tsv"
    path.write_text("a\tb\nno tab\nc\td\ne\tf\n")
    with pytest.raises(CorpusError, match="line 2: no tab"):
        tiny_pairs.train(path, tmp_path / "m", steps=1)
    with pytest.warns(UserWarning, match="1 bad lines left out"):
        tiny_pairs.train(path, tmp_path / "m", steps=1, data__skip_bad=True)
    with pytest.raises(SettingsError, match=r"source.unit"):
        tiny_pairs.train(path, tmp_path / "m", steps=1, data__source_unit="syllable")
    with pytest.raises(SettingsError, match="conv"):
        tiny_pairs.train(
            tiny_pairs.write(tmp_path / "q.tsv", [("a", "b"), ("c", "d")]), tmp_path / "m", model__core="conv"
        )
