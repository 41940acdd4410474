"""What the serving script takes and refuses: refusals carry a status and name the row and the column."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inference import CSV, JSON, Prediction, Refusal, ServedModel, input_fn, output_fn, predict_fn
from transactions import FEATURES

ROW = ",".join(["0.5"] * 30)


def prediction(contributions: "np.ndarray | None" = None) -> Prediction:
    rows = np.zeros((1, 31)) if contributions is None else contributions
    return Prediction(np.full(len(rows), 0.5), "{}", lambda: rows)


def changed(at: int, value: str) -> str:
    values = ROW.split(",")
    values[at] = value
    return ",".join(values)


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
    "JSON": ('{"Time": 0}', JSON, 415, "'application/json' is not supported: send text/csv"),
    "no content type": (ROW, "", 415, "is not supported"),
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
    scores = Prediction(np.array([0.5]), "{}", lambda: pytest.fail("they were made"))
    assert json.loads(output_fn(scores, JSON)[0])["predictions"] == [{"score": 0.5}]
    assert output_fn(scores, CSV) == ("0.5\n", CSV)


def test_a_refusal_passes_through_to_a_response_with_its_status():
    refused = predict_fn(input_fn(ROW[4:], CSV), ServedModel(None, "{}"))
    response = output_fn(refused, JSON)
    assert response.status_code == 400
    assert "29 columns" in response.get_data(as_text=True)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_rows_may_end_in_any_way(end):
    body = f"{ROW}{end or chr(10)}{changed(1, '-2e-1')}{end}"
    rows = input_fn(body.encode(), "text/csv")
    assert rows.shape == (2, 30)
    assert rows.dtype == np.float32
    assert rows[1, 1] == np.float32(-0.2)


# Line ends of other sorts, digits of other scripts, underscores: nothing may be an error of the server.
ODD = st.text(alphabet="019.,-e_ \t\r\n\x0b\x0c\x1c\u2028\u0663\x00n", max_size=12)


@settings(max_examples=300, deadline=None)
@given(ODD, st.integers(0, 29))
def test_any_text_gives_rows_or_the_clients_error(text, at):
    found = input_fn(changed(at, text), CSV)
    if isinstance(found, Refusal):
        assert found.status == 400
    else:
        assert found.shape[1] == 30
        assert np.isfinite(found).all()
