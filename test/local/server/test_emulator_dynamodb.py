"""What is quicker about the emulator's DynamoDB must answer as the emulator itself would."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[3] / "local" / "server"))

import emulator_dynamodb as quick
from ministack.services import dynamodb

TEXTS = st.one_of(
    st.from_regex(r"-?[0-9]{1,45}(\.[0-9]{1,45})?([eE][+-]?[0-9]{1,4})?", fullmatch=True),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.floats().map(repr),
    st.integers().map(str),
    st.text(max_size=8),
)


@given(TEXTS)
@example("-0")
@example("-0.0")
@example("0.10")
@example("007")
@example("1" * 38)
@example("1" * 39)
@example("٣")
@example("1\n")
def test_numbers_are_taken_and_written_as_ever(text):
    assert quick.canonicalize_number(text) == quick._ddb_canonicalize_number(text)
    assert quick.number_error(text) == quick._number_error(text)


@given(st.one_of(st.text(max_size=20).map(lambda text: {"S": text}), TEXTS.map(lambda text: {"N": text}), st.none()))
def test_values_are_refused_and_count_for_as_many_bytes_as_ever(value):
    assert quick.attribute_value_size(value) == quick._attribute_value_size(value)
    assert quick.attribute_value_error(value) == quick._attribute_value_error(value)


@pytest.fixture
def emulators():
    """Two tables alike, and what writes to each: the quick way and the emulator's own."""
    own = quick._batch_write_item
    names = {"quick": quick.batch_write_item, "own": own}
    kinds = [{"AttributeName": name, "AttributeType": "S"} for name in ("Id", "Row")]
    keys = [{"AttributeName": "Id", "KeyType": "HASH"}, {"AttributeName": "Row", "KeyType": "RANGE"}]
    for name in names:
        table = {"TableName": name, "AttributeDefinitions": kinds, "KeySchema": keys, "BillingMode": "PAY_PER_REQUEST"}
        dynamodb._create_table(table)
    originals = {
        name: getattr(dynamodb, name) for name in ("_batch_write_item", "_validate_item", "_accumulate_write_capacity")
    }
    yield names
    for name, original in originals.items():
        setattr(dynamodb, name, original)
    for name in names:
        dynamodb._delete_table({"TableName": name})


ITEMS = {
    "good": {"Id": {"S": "a"}, "Row": {"S": "1"}, "Amount": {"N": "1.50"}},
    "again": {"Id": {"S": "a"}, "Row": {"S": "2"}, "Amount": {"N": "1e3"}},
    "no key": {"Id": {"S": "a"}},
    "empty key": {"Id": {"S": ""}, "Row": {"S": "1"}},
    "no number": {"Id": {"S": "b"}, "Row": {"S": "1"}, "Amount": {"N": "one"}},
    "two types": {"Id": {"S": "c"}, "Row": {"S": "1"}, "Amount": {"N": "1", "S": "1"}},
    "too long": {"Id": {"S": "d"}, "Row": {"S": "1"}, "Note": {"S": "x" * 410_000}},
}


@pytest.mark.parametrize("asked", [{}, {"ReturnConsumedCapacity": "TOTAL"}])
@pytest.mark.parametrize(
    "names", [[name] for name in ITEMS] + [["good", "again"], ["good", "good"], ["good", "too long"]]
)
def test_batches_are_written_or_refused_as_ever(emulators, names, asked):
    quick.quicken()
    seen = {}
    for table, write in emulators.items():
        puts = [{"PutRequest": {"Item": json.loads(json.dumps(ITEMS[name]))}} for name in names]
        status, _, body = write({"RequestItems": {table: puts}, **asked})
        items = dynamodb._tables[table]["items"]
        seen[table] = (status, body.replace(table.encode(), b"TABLE"), items)
    assert seen["quick"] == seen["own"]
