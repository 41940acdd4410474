"""What the serving script takes and refuses: refusals carry a status and name the row and the column."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inference import CSV, JSON, Prediction, Refusal, Rows, ServedModel, input_fn, output_fn, predict_fn
from transactions import FEATURES

ROW = ",".join(["0.5"] * 30)


def prediction(contributions: "np.ndarray | None" = None, content_type: str = JSON) -> Prediction:
    rows = np.zeros((1, 31)) if contributions is None else contributions
    return Prediction(np.full(len(rows), 0.5), "{}", lambda: rows, content_type)


def changed(at: int, value: str) -> str:
    values = ROW.split(",")
    values[at] = value
    return ",".join(values)


def in_json(*rows: str) -> str:
    """The body that the platform's functions make of CSV lines."""
    return '{"instances":[' + ",".join(f'{{"features":[{row}]}}' for row in rows) + "]}"


BAD_REQUESTS = {
    "29 columns": (ROW[4:], CSV, 400, "row 1 has 29 columns; 30 are wanted"),
    "31 columns": (f"{ROW},1", CSV, 400, "row 1 has 31 columns; 30 are wanted"),
    "31 columns in row 2": (f"{ROW}\n{ROW},1\n", CSV, 400, "row 2 has 31 columns; 30 are wanted"),
    "NaN": (f"{ROW}\n{changed(3, 'NaN')}", CSV, 400, "row 2, V3: 'NaN' is not a finite number"),
    "inf": (changed(29, "-inf"), CSV, 400, "row 1, Amount: '-inf' is not a finite number"),
    "no number of 32 bits": (changed(0, "1e39"), CSV, 400, "row 1, Time: '1e39' is not a finite number"),
    "text": (changed(28, "abc"), CSV, 400, "row 1, V28: 'abc' is not a number"),
    "empty value": (changed(5, ""), CSV, 400, "row 1, V5: '' is empty"),
    "header": (",".join(FEATURES), CSV, 400, "row 1, Time: 'Time' is not a number"),
    "nothing": ("\n", CSV, 400, "holds no row"),
    "blank line between rows": (f"{ROW}\n\n{ROW}", CSV, 400, "row 2 has 1 columns"),
    "not UTF-8": (b"\xff\xfe" + ROW.encode(), CSV, 400, "row 1, Time: "),
    "another content type": (ROW, "text/xml", 415, "'text/xml' is not supported: send application/json or text/csv"),
    "no content type": (ROW, "", 415, "is not supported"),
    "JSON: 29 columns": (in_json(ROW[4:]), JSON, 400, "row 1 has 29 columns; 30 are wanted"),
    "JSON: 31 columns in row 2": (in_json(ROW, f"{ROW},1"), JSON, 400, "row 2 has 31 columns; 30 are wanted"),
    "JSON: NaN": (in_json(ROW, changed(3, "NaN")), JSON, 400, "row 2, V3: nan is not a finite number"),
    "JSON: Infinity": (in_json(changed(29, "-Infinity")), JSON, 400, "row 1, Amount: -inf is not a finite number"),
    "JSON: no number of 32 bits": (in_json(changed(0, "1e39")), JSON, 400, "row 1, Time: 1e+39 is not a finite"),
    "JSON: a very long number": (in_json(changed(0, "1" * 9999)), JSON, 400, "row 1, Time: inf is not a finite"),
    "JSON: text": (in_json(changed(28, '"0.5"')), JSON, 400, 'row 1, V28: "0.5" is not a number'),
    "JSON: null": (in_json(changed(5, "null")), JSON, 400, "row 1, V5: null is not a number"),
    "JSON: true": (in_json(changed(5, "true")), JSON, 400, "row 1, V5: true is not a number"),
    "JSON: a list": (in_json(changed(5, "[1]")), JSON, 400, "row 1, V5: a list is not a number"),
    "JSON: an object": (in_json(changed(5, "{}")), JSON, 400, "row 1, V5: an object is not a number"),
    "JSON: no row": (in_json(), JSON, 400, "holds no row"),
    "JSON: rows without names": (f'{{"instances":[[{ROW}]]}}', JSON, 400, 'row 1 is not {"features":[…]}'),
    "JSON: more than features": (
        f'{{"instances":[{{"features":[{ROW}],"label":1}}]}}',
        JSON,
        400,
        'row 1 is not {"features":[…]}',
    ),
    "JSON: more than instances": ('{"instances":[],"parameters":{}}', JSON, 400, 'is not {"instances":'),
    "JSON: of another form": ('{"Time": 0}', JSON, 400, 'is not {"instances":[{"features":[…]},…]}'),
    "JSON: a list alone": (f"[[{ROW}]]", JSON, 400, 'is not {"instances":'),
    "JSON: none": (ROW, JSON, 400, "the request is not JSON"),
    "JSON: too deep": ("[" * 100_000, JSON, 400, "the request is not JSON"),
    "JSON: not UTF-8": (b"\xff\xfe" + in_json(ROW).encode(), JSON, 400, "the request is not JSON"),
}


@pytest.mark.parametrize(("body", "kind", "status", "told"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
def test_bad_requests_are_the_clients_error_and_say_what_is_wrong(body, kind, status, told):
    refused = input_fn(body, kind)
    assert isinstance(refused, Refusal)
    assert refused.status == status
    assert told in refused.reason


def test_an_answer_in_another_format_is_refused():
    response = output_fn(prediction(), "text/xml")
    assert response.status_code == 406
    assert "'text/xml' is not supported" in response.get_data(as_text=True)


@pytest.mark.parametrize("parameter", ["reasons=31", "reasons=-1", "reasons=two", "reasons", "charset=utf-8"])
def test_reasons_that_cannot_be_given_are_refused(parameter):
    response = output_fn(prediction(), f"{JSON}; {parameter}")
    assert response.status_code == 406
    assert f"'{parameter}' is not supported" in response.get_data(as_text=True)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_reasons_are_the_strongest_features_in_order(count, seed):
    values = np.random.default_rng(seed).normal(size=(2, 31))
    body, kind = output_fn(prediction(values), f"{JSON};reasons={count}")
    assert kind == JSON
    for row, told in zip(values, json.loads(body)["predictions"], strict=True):
        pairs = sorted(zip(FEATURES, row[:-1], strict=True), key=lambda pair: -abs(pair[1]))[:count]
        assert told["reasons"] == [{"feature": name, "contribution": value} for name, value in pairs]


def test_who_asks_for_no_reasons_does_not_pay_for_them():
    scores = Prediction(np.array([0.5]), "{}", lambda: pytest.fail("they were made"), CSV)
    assert json.loads(output_fn(scores, JSON)[0])["predictions"] == [{"score": 0.5}]
    assert output_fn(scores, CSV) == ("0.5\n", CSV)


@pytest.mark.parametrize("accept", ["*/*", "", " "])
def test_who_asks_for_no_content_type_is_answered_in_that_of_the_request(accept):
    assert output_fn(prediction(content_type=CSV), accept) == ("0.5\n", CSV)
    body, kind = output_fn(prediction(content_type=JSON), accept)
    assert (json.loads(body), kind) == ({"predictions": [{"score": 0.5}], "model": {}}, JSON)


@pytest.mark.parametrize("content_type", [CSV, JSON])
def test_a_request_in_one_content_type_may_be_answered_in_the_other(content_type):
    assert output_fn(prediction(content_type=content_type), CSV)[1] == CSV
    assert output_fn(prediction(content_type=content_type), JSON)[1] == JSON


def test_a_refusal_passes_through_to_a_response_with_its_status():
    refused = predict_fn(input_fn(ROW[4:], CSV), ServedModel(None, "{}"))
    response = output_fn(refused, JSON)
    assert response.status_code == 400
    assert "29 columns" in response.get_data(as_text=True)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_rows_may_end_in_any_way(end):
    body = f"{ROW}{end or chr(10)}{changed(1, '-2e-1')}{end}"
    rows = input_fn(body.encode(), "text/csv")
    assert isinstance(rows, Rows)
    assert rows.values.shape == (2, 30)
    assert rows.values.dtype == np.float32
    assert rows.values[1, 1] == np.float32(-0.2)


FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)
TABLES = st.lists(st.lists(FINITE | st.integers(-(10**30), 10**30), min_size=30, max_size=30), min_size=1, max_size=3)


@settings(max_examples=50, deadline=None)
@given(TABLES)
def test_the_same_numbers_are_the_same_rows_in_either_content_type(table):
    lines = [",".join(map(repr, row)) for row in table]
    as_csv = input_fn("\n".join(lines), "Text/CSV; charset=utf-8")
    as_json = input_fn(in_json(*lines).encode(), "application/json; charset=utf-8")
    assert (as_csv.content_type, as_json.content_type) == (CSV, JSON)
    assert as_json.values.dtype == np.float32
    assert np.array_equal(as_csv.values, as_json.values)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(JSON_VALUES, st.integers(0, 29), st.sampled_from(["cell", "features", "instance", "instances", "document"]))
def test_any_json_gives_rows_or_the_clients_error(value, at, place):
    row = [0.5] * 30
    row[at] = value
    document = {
        "cell": {"instances": [{"features": row}]},
        "features": {"instances": [{"features": value}]},
        "instance": {"instances": [value]},
        "instances": {"instances": value},
        "document": value,
    }[place]
    found = input_fn(json.dumps(document), JSON)
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 3e38
    assert isinstance(found, Rows) == (place == "cell" and number)
    assert isinstance(found, Rows) or found.status == 400


# Line ends of other sorts, digits of other scripts, underscores: nothing may be an error of the server.
ODD = st.text(alphabet="019.,-e_ \t\r\n\x0b\x0c\x1c\u2028\u0663\x00n", max_size=12)


@settings(max_examples=300, deadline=None)
@given(ODD, st.integers(0, 29))
def test_any_text_gives_rows_or_the_clients_error(text, at):
    found = input_fn(changed(at, text), CSV)
    if isinstance(found, Refusal):
        assert found.status == 400
    else:
        assert found.values.shape[1] == 30
        assert np.isfinite(found.values).all()
