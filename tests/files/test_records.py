"""JSON as dataclasses: what fits is read, what does not is a ValueError that names the field."""

from dataclasses import asdict, dataclass, field
from typing import Annotated

import pytest
from annotated_types import Ge, Le
from hypothesis import given
from hypothesis import strategies as st

from riverrun.files import json_text, records


@dataclass(frozen=True)
class Inner:
    name: str
    share: float = 0.5


@dataclass(frozen=True)
class Outer:
    step: Annotated[int, Ge(0), Le(100)]
    inner: Inner
    figures: dict[str, float]
    shape: list[int] = field(default_factory=list)
    best: Inner | None = None
    limit: int | None = None
    done: bool = False


numbers = st.integers(-(2**63) + 1, 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
inners = st.builds(Inner, st.text(), floats)
outers = st.builds(
    Outer,
    st.integers(0, 100),
    inners,
    st.dictionaries(st.text(), floats),
    st.lists(numbers),
    st.none() | inners,
    st.none() | numbers,
    st.booleans(),
)


@given(record=outers)
def test_what_is_written_is_read(record):
    import json

    text = json.dumps(asdict(record))
    assert records.read(Outer, json_text.parse(text)) == record


GOOD = {"step": 1, "inner": {"name": "a"}, "figures": {"loss": 1.0}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"step": -1}, "step = -1: give 0 or more"),
        ({"step": 101}, "step = 101: give 100 or less"),
        ({"step": True}, "step is not a whole number"),
        ({"step": 1.0}, "step is not a whole number"),
        ({"step": None}, "step is not a whole number"),
        ({"inner": None}, "it is not an object"),
        ({"inner": {}}, "name is missing"),
        ({"inner": {"name": 1}}, "name is not text"),
        ({"inner": {"name": "a", "share": "b"}}, "share is not a finite number"),
        ({"inner": {"name": "a", "share": float("nan")}}, "share is not a finite number"),
        ({"inner": {"name": "a", "share": 10**400}}, "share is not a finite number"),
        ({"figures": []}, "figures is not an object"),
        ({"figures": {"loss": "low"}}, r"figures\.loss is not a finite number"),
        ({"figures": {"loss": float("inf")}}, r"figures\.loss is not a finite number"),
        ({"shape": [1, "2"]}, "shape is not a whole number"),
        ({"limit": 2**63}, "limit is not a whole number"),
        ({"best": []}, "it is not an object"),
        ({"done": 1}, "done is not true or false"),
    ],
)
def test_what_does_not_fit_is_named(change, said):
    records.read(Outer, GOOD)
    with pytest.raises(ValueError, match=said):
        records.read(Outer, {**GOOD, **change})


def test_other_names_are_passed_over_and_whole_numbers_are_numbers():
    assert records.read(Inner, {"name": "a", "share": 1, "more": []}) == Inner("a", 1.0)


@pytest.mark.parametrize("text", ["", "{", "[" * 5000, '"\\ud800"', '{"\\udfff": 1}', "9" * 5000, "[]" * 2])
def test_what_is_no_document_is_a_value_error(text):
    with pytest.raises(ValueError) as caught:
        json_text.parse(text)
    assert "\n" not in str(caught.value)


def test_whole_characters_may_be_escaped():
    assert json_text.parse('"\\ud83c\\udfde \\\\ud800"') == "\U0001f3de \\ud800"


def test_too_many_parts_are_refused_before_they_are_made():
    with pytest.raises(ValueError, match="too many parts"):
        json_text.parse("[" + "[]," * (1 << 21) + "[]]")
