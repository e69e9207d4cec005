"""What is kept is the same by whichever way it is written."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.core.fact import Fact
from dispatcher.store.codec import FACT, fact_json

# Nothing is ever measured that JSON has no number for.
FINITE = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(float, FINITE)


@pytest.mark.parametrize("kind", get_args(Fact), ids=lambda kind: kind.__name__)
@settings(max_examples=25)
@given(data=st.data())
def test_a_fact_is_written_as_the_union_writes_it(
    kind: type[Fact], data: st.DataObject
) -> None:
    fact = data.draw(st.from_type(kind))
    said = fact_json(fact)

    assert said == FACT.dump_json(fact).decode()
    assert FACT.validate_json(said) == fact
