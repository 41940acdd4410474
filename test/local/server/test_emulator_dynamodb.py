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


VALUES = st.one_of(
    TEXTS.map(lambda text: {"N": text}),
    st.text(max_size=20).map(lambda text: {"S": text}),
    st.lists(TEXTS, min_size=1, max_size=3).map(lambda texts: {"NS": texts}),
    st.just({"S": "a", "N": "1"}),
    st.none(),
)


@given(VALUES)
@example({"N": "-0"})
@example({"N": "-0.0"})
@example({"N": "0.10"})
@example({"N": "007"})
@example({"N": "1" * 38})
@example({"N": "1" * 39})
@example({"N": "٣"})
@example({"N": "1\n"})
def test_values_are_taken_refused_and_written_as_ever(value):
    assert quick.values_error_response([value], False) == quick._values_error_response([value], False)
    ours, theirs = ({"Id": {"S": "a"}, "Value": json.loads(json.dumps(value))} for _ in range(2))
    assert quick.validate_item(ours, "Id") == quick._validate_item(theirs, "Id")
    assert ours == theirs


@pytest.mark.parametrize("length", [0, 1, 256, 257, 1024, 1025, 2048, 2049])
@pytest.mark.parametrize("character", ["a", "\N{EURO SIGN}", "\N{SNAKE}"])
def test_keys_may_be_as_long_as_ever(length, character):
    for names in (("Id", "Row"), ("Row", "Id")):
        item = {"Id": {"S": character * length}, "Row": {"S": "1"}}
        assert quick.validate_item(item, *names) == quick._validate_item(item, *names)


@pytest.mark.parametrize("characters", [24_980, 25_020, 102_390, 102_420, 409_560, 409_700])
@pytest.mark.parametrize("character", ["a", "\N{SNAKE}"])
def test_items_may_be_as_long_as_ever(characters, character):
    item = {"Id": {"S": "a"}, "Note": {"S": character * characters}}
    assert quick.validate_item(item, "Id") == quick._validate_item(item, "Id")


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
        name: getattr(dynamodb, name)
        for name in ("_batch_write_item", "_validate_item", "_values_error_response", "_accumulate_write_capacity")
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
