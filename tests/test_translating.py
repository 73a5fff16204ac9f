"""Outputs of translators: their scores, bounds, lists, forms; what is odd about a text is said."""

import csv
import json
import re
import sys
import warnings
from io import BytesIO, StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

import riverrun
import tiny_pairs
from riverrun.cli.main import main
from riverrun.cli.translate import CHARACTERS, lines_in_batches
from riverrun.data.target_lengths import TargetLengths
from riverrun.errors import OutputError
from riverrun.translator import TrainedTranslator

WRITTEN = Path(__file__).parent / "written_by_0_1_0"
SOURCES = ["ab", "fxd", "cab", "deadbeef", "x"]


@pytest.fixture
def transducer() -> TrainedTranslator:
    return riverrun.load_translator(WRITTEN / "transducer")


@pytest.fixture
def attention() -> TrainedTranslator:
    return riverrun.load_translator(WRITTEN / "attention")


@pytest.fixture(params=["transducer", "attention", "tagger"])
def model(request) -> TrainedTranslator:
    return riverrun.load_translator(WRITTEN / request.param)


def give(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(text.encode())))


def bound(model: TrainedTranslator, per_source: float, excess: float) -> None:
    model.__dict__["lengths"] = TargetLengths(per_source, excess)


def test_a_score_is_the_same_wherever_it_is_given(model: TrainedTranslator):
    """OpenNMT-py 155, sockeye 639: a transducer's path was scored in one place and its alignment in another."""
    sources = ["ab", "aab", "b"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # there are but two tags for one symbol
        found = model.translations(sources, beam=6, n_best=4)
    for translation in found:
        scored = model.score([(translation.source, output.text) for output in translation.outputs])
        for output, log_probability in zip(translation.outputs, scored, strict=True):
            assert output.log_probability == pytest.approx(log_probability, abs=1e-4)


def test_what_evaluation_says_is_made_of_the_same_scores(transducer: TrainedTranslator, tmp_path: Path):
    pairs = [("ab", "aː b"), ("fxd", "f k s t")]
    found = transducer.evaluate(tiny_pairs.write(tmp_path / "p.tsv", pairs))
    assert found.nats_per_token == pytest.approx(-sum(transducer.score(pairs)) / (3 + 5), rel=1e-5)


def test_a_list_is_sorted_by_the_score_that_is_printed(model: TrainedTranslator):
    """OpenNMT-py 1320."""
    for translation in model.translations(["ab", "aab", "bab"], beam=8, n_best=4):
        scores = [output.score for output in translation.outputs]
        assert scores == sorted(scores, reverse=True)
        assert len({output.text for output in translation.outputs}) == len(scores)


def test_fewer_outputs_than_asked_for_are_said():
    tagger = riverrun.load_translator(WRITTEN / "tagger")
    with pytest.warns(UserWarning, match=r"n-best = 4: 2 sources have fewer .* the first 2 \('a'\)"):
        found = tagger.translations(["a", "b", "ab"], n_best=4)  # there are two tags
    assert [len(each.outputs) for each in found] == [2, 2, 4]


def test_an_output_that_is_not_finished_competes_and_is_marked(transducer: TrainedTranslator):
    """deepcorrect 23: an unrelated short ending won over the true output that was cut."""
    bound(transducer, 0.0, -7.0)  # three actions
    with pytest.warns(UserWarning, match="1 outputs ran into the bound on their length .* 'fxd'"):
        (found,) = transducer.translations(["fxd"])
    assert not found.outputs[0].finished
    assert "f k s t".startswith(found.outputs[0].text)
    assert found.to_dict()["outputs"][0]["finished"] is False
    with pytest.warns(UserWarning, match="ran into the bound"):
        assert transducer.translate(["fxd"]) == [found.outputs[0].text]


def test_lengths_are_kept_with_the_model(translated: Path):
    model = riverrun.load_translator(translated)
    lengths = TargetLengths.from_dict(model.facts["target_lengths"])
    assert lengths.bound(6) >= 12  # x is two phones
    assert lengths.bound(6) < 30
    assert model.facts["pairs"] + model.facts["validation_pairs"] == len(tiny_pairs.pronunciations())


def test_a_line_that_is_far_too_long_is_named_and_translated_in_pieces(attention: TrainedTranslator):
    """OpenNMT-py 743: one line among fifty took all memory and gave nothing."""
    with pytest.warns(
        UserWarning, match="6000 symbols is far longer .* it is translated in pieces .'babababa"
    ):
        found = attention.translations(["ab", "ba" * 3000, "aab"], beam=2)
    assert [found[0].outputs[0].text, found[2].outputs[0].text] == ["ba", "baa"]
    assert len(found[1].outputs) == 1
    assert found[1].outputs[0].log_probability < found[0].outputs[0].log_probability


def test_company_changes_nothing_where_one_source_is_long(attention: TrainedTranslator):
    long = "ab" * 300
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert attention.translate(["ab", long, "aab"])[::2] == attention.translate(["ab", "aab"])


def test_references_in_another_normal_form_are_no_errors(tmp_path: Path):
    """phoible 382."""
    pairs = [("e", "é"), ("a", "à"), ("ea", "éà"), ("ae", "àé")] * 5
    held_out = tiny_pairs.write(tmp_path / "v.tsv", [("aae", "ààé")])
    path = tiny_pairs.write(tmp_path / "p.tsv", pairs)
    model = tiny_pairs.train(path, tmp_path / "m", steps=80, data__validation=str(held_out))
    composed = tiny_pairs.write(tmp_path / "c.tsv", [("ea", "éà"), ("e", "é")])
    decomposed = tiny_pairs.write(tmp_path / "d.tsv", [("ea", "e\u0301a\u0300"), ("e", "e\u0301")])
    assert model.evaluate(composed) == model.evaluate(decomposed)
    assert model.evaluate(decomposed).exact_match == 1
    assert model.score([("e", "é")]) == model.score([("e", "e\u0301")])


def test_unseen_symbols_of_references_are_named(transducer: TrainedTranslator, tmp_path: Path):
    path = tiny_pairs.write(tmp_path / "p.tsv", [("ab", "aː Q")])
    with pytest.warns(UserWarning, match="never seen in training and read as <unknown>: 'Q'"):
        transducer.evaluate(path)


def test_words_are_tagged_one_by_one(tmp_path: Path, capsys: pytest.CaptureFixture):
    """The plainest file of tags: words with spaces between, and their tags."""
    sentences = [
        (f"{determiner} {noun} {verb}", "D N V")
        for determiner in ("the", "a")
        for noun in ("dog", "cat", "bird")
        for verb in ("barks", "sleeps")
    ]
    sentences += [(f"{verb} the {noun}", "V D N") for verb in ("barks", "sleeps") for noun in ("dog", "cat")]
    path = tiny_pairs.write(tmp_path / "p.tsv", sentences)
    model = tiny_pairs.train(path, tmp_path / "m", steps=60, data__task="tagging")
    assert model.facts["unit"] == "symbols to symbols"
    assert model.translate(["a dog sleeps"]) == ["D N V"]
    assert model.facts["validation_tag_accuracy"] == 1
    assert main(["evaluate", str(tmp_path / "m"), str(path)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^tag accuracy +1\.0000$", printed, re.MULTILINE)
    assert re.search(r"^  N +1\.0000$", printed, re.MULTILINE)


def test_columns_that_were_chosen_are_chosen_again(tmp_path: Path):
    path = tmp_path / "p.tsv"
    path.write_text("".join(f"{word}\tV;PST\t{word}ed\n" for word in ("walk", "talk", "kalt", "wlak", "law")))
    columns = {"data__source_columns": 1, "data__target_columns": 3, "data__source_normalize": "NFC"}
    model = tiny_pairs.train(path, tmp_path / "m", steps=2, **columns)
    assert model.evaluate(path).pairs == 5
    assert model.source.encode("walk").min() > 1
    assert "V" not in model.source.decode(range(2, model.source.size))


def test_one_error_rate_means_one_thing(tmp_path: Path):
    """Training measured one thing under this name and evaluation another: a source may have several references."""
    pairs = [("ab", "ba"), ("ba", "ab"), ("aab", "baa"), ("b", "b")] * 5
    path = tiny_pairs.write(tmp_path / "p.tsv", pairs)
    held_out = tiny_pairs.write(tmp_path / "v.tsv", [("bb", "a"), ("bb", "bb"), ("bb", "abab"), ("aa", "b")])
    model = tiny_pairs.train(path, tmp_path / "m", steps=30, data__validation=str(held_out))
    found = model.evaluate(held_out, beam=1)
    assert found.sources == 2
    assert model.facts["validation_symbol_error_rate"] == found.symbol_error_rate
    assert model.facts["validation_exact_match"] == found.exact_match
    assert model.facts["validation_nats_per_token"] == pytest.approx(found.nats_per_token, rel=1e-4)


def test_a_table_has_source_and_rank(transducer, capsys: pytest.CaptureFixture):
    path = str(WRITTEN / "transducer")
    assert main(["translate", path, "ab", "fxd", "--n-best", "3", "--tsv"]) == 0
    rows = list(csv.reader(StringIO(capsys.readouterr().out), delimiter="\t"))
    assert rows[0] == ["source", "rank", "output", "score", "log_probability", "finished"]
    assert [row[:2] for row in rows[1:]] == [[source, rank] for source in ("ab", "fxd") for rank in "123"]
    assert rows[4][2] == "f k s t"
    assert main(["translate", path, "ab", "--n-best", "3"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == [row[2] for row in rows[1:4]]
    assert [float(line[1]) for line in lines] == pytest.approx([float(row[3]) for row in rows[1:4]], abs=1e-4)


def test_a_name_of_a_file_is_hinted_at(capsys: pytest.CaptureFixture):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["translate", str(WRITTEN / "attention"), "ab.tsv"]) == 0
    said = capsys.readouterr().err
    assert "ab.tsv is translated as a text; for the lines of a file: riverrun translate" in said
    assert "< ab.tsv" in said


def test_a_long_line_is_taken_alone(monkeypatch: pytest.MonkeyPatch):
    give(monkeypatch, "a\n" * 20 + "x" * (CHARACTERS + 1) + "\n" + "b\n" * 20)
    groups = list(lines_in_batches())
    assert [line for group in groups for line in group] == ["a"] * 20 + ["x" * (CHARACTERS + 1)] + ["b"] * 20
    assert ["x" * (CHARACTERS + 1)] in groups


def test_a_fault_of_the_reading_thread_is_raised(monkeypatch: pytest.MonkeyPatch):
    class Broken:
        def __iter__(self):
            yield b"a\n"
            raise MemoryError("no room")

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Broken()))
    lines = lines_in_batches()
    with pytest.raises(MemoryError, match="no room"):
        list(lines)


def test_a_translator_is_not_saved_onto_something(model: TrainedTranslator, tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="file exists already; choose another name"):
        model.save(tmp_path / "file")
    with pytest.raises(OutputError):
        model.save(tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "mine"
    model.save(tmp_path / "new")
    assert riverrun.load_translator(tmp_path / "new").translate(["ab"]) == model.translate(["ab"])


def test_json_says_what_was_found(capsys: pytest.CaptureFixture):
    assert main(["translate", str(WRITTEN / "attention"), "ab", "--json"]) == 0
    (translation,) = json.loads(capsys.readouterr().out)["translations"]
    assert translation["source"] == "ab"
    assert translation["outputs"][0].keys() == {"text", "log_probability", "score", "finished"}
