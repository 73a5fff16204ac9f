"""Text as its ids are drawn."""

from hypothesis import given
from hypothesis import strategies as st

from riverrun.text.bytelevel import ByteTokenizer
from riverrun.text.emission import Emission
from riverrun.text.normalization import Normalizer
from riverrun.text.stopping import Stops

BYTES = ByteTokenizer(Normalizer())


def written(ids, most=None, stops=(), cuts=()):
    emission = Emission(BYTES.decoder(), Stops(stops), most)
    places = sorted({min(cut, len(ids)) for cut in cuts})
    pieces = [
        emission.push(ids[start:end]) for start, end in zip([0, *places], [*places, len(ids)], strict=True)
    ]
    return "".join(pieces) + emission.finish(), emission


@given(st.text("é🙂a天", max_size=8), st.integers(0, 30), st.lists(st.integers(0, 30)))
def test_cut_anywhere_it_is_the_beginning_of_the_text(text, most, cuts):
    ids = BYTES.encode(text).tolist()
    shown, emission = written(ids, most, cuts=cuts)
    assert shown == text.encode()[:most].decode(errors="ignore")
    assert emission.tokens == min(most, len(ids))
    assert emission.done == (most <= len(ids))


def test_a_stop_string_ends_it():
    shown, emission = written(BYTES.encode("une idée, une autre").tolist(), stops=["ée"])
    assert (shown, emission.stopped, emission.tokens) == ("une id", True, len("une idée".encode()))


def test_a_symbol_that_stands_partly_in_the_prompt():
    emission = Emission(BYTES.decoder(), Stops(["gs"]), 3)
    assert emission.begin("g") == ""
    assert emission.push(BYTES.encode("!??").tolist()) == "g!?"
    assert emission.done
    assert not emission.stopped
