import { expect } from "chai";
import fc from "fast-check";
import { answerOf, MAX_BODY_BYTES, problemOf, readRequest } from "../../functions/inference/logic";
import { problemAnswer, ProblemError } from "../../functions/shared/problem";
import { classify, ScoringError } from "../../functions/shared/scoring";
import { FEATURES, LIMITS } from "../../functions/shared/transactions";

const transaction = Object.fromEntries(FEATURES.map((feature, index) => [feature, index]));
const packageArn = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/12";

function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof ProblemError) return error.code;
    throw error;
  }
  return "none";
}

describe("a prediction request", () => {
  const json = (body: unknown, contentType = "application/json") =>
    readRequest({ contentType, body: JSON.stringify(body), isBase64Encoded: false });

  it("is read from JSON and CSV, parameters of the content type and base64 included", () => {
    const line = FEATURES.map((_, index) => index).join(",");
    expect(json({ transactions: [{ id: "a", ...transaction }] }, "Application/JSON; charset=utf-8")).to.deep.equal({
      transactions: [{ id: "a", line }],
      reasons: 0,
    });
    const body = Buffer.from(`${line}\n`).toString("base64");
    expect(readRequest({ contentType: "text/csv", body, isBase64Encoded: true, reasons: "3" })).to.deep.equal({
      transactions: [{ id: "0", line }],
      reasons: 3,
    });
  });

  it("names all that is wrong with it, numbers that 32 bits do not hold and the query included", () => {
    const body = JSON.stringify({ transactions: [{ ...transaction, id: "", V1: 1e39, V2: null }], more: 1 });
    try {
      readRequest({ contentType: "application/json", body, isBase64Encoded: false, reasons: "31" });
      expect.fail("it was read");
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      expect(error.extra.violations?.map(({ path }) => path)).to.have.members([
        "more",
        "transactions.0.id",
        "transactions.0.V1",
        "transactions.0.V2",
        "?reasons",
      ]);
    }
  });

  it("may have ids as long as the limit says, in characters", () => {
    const id = "💳".repeat(LIMITS.idCharacters);
    expect(json({ transactions: [{ ...transaction, id }] }).transactions[0]?.id).to.equal(id);
    expect(codeOf(() => json({ transactions: [{ ...transaction, id: `${id}x` }] }))).to.equal("invalid-request");
  });

  it("is refused by what is wrong with it", () => {
    expect(codeOf(() => json({ transactions: [transaction] }, "application/xml"))).to.equal("unsupported-media-type");
    expect(codeOf(() => readRequest({ contentType: undefined, body: "{}", isBase64Encoded: false }))).to.equal(
      "unsupported-media-type",
    );
    expect(codeOf(() => readRequest({ contentType: "application/json", body: "{", isBase64Encoded: false }))).to.equal(
      "invalid-request",
    );
    expect(codeOf(() => readRequest({ contentType: "text/csv", body: null, isBase64Encoded: false }))).to.equal(
      "invalid-request",
    );
    expect(codeOf(() => json({ transactions: Array(1001).fill(transaction) }))).to.equal("payload-too-large");
    const body = " ".repeat(MAX_BODY_BYTES + 1);
    expect(codeOf(() => readRequest({ contentType: "text/csv", body, isBase64Encoded: false }))).to.equal(
      "payload-too-large",
    );
  });

  it("of any kind is read or refused, and never fails", () => {
    fc.assert(
      fc.property(fc.option(fc.string()), fc.constantFrom("application/json", "text/csv"), (body, contentType) => {
        expect(codeOf(() => readRequest({ contentType, body, isBase64Encoded: false }))).to.equal("invalid-request");
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(codeOf(() => json(value))).to.equal("invalid-request");
      }),
    );
  });
});

describe("a prediction answer", () => {
  it("decides by the model's threshold, itself included, and says whose model it is", () => {
    const transactions = ["a", "b", "c"].map((id) => ({ id, line: "" }));
    const reasons = [{ feature: "V14", contribution: 1.5 }];
    const predictions = [{ score: 0.29 }, { score: 0.3 }, { score: 0.9, reasons }];
    const model = { packageArn, threshold: 0.3, algorithm: "lgbm" };
    expect(answerOf("request-1", "fraud", transactions, { predictions, model, inferenceId: "q" })).to.deep.equal({
      requestId: "request-1",
      model: { name: "fraud", version: "12", packageArn },
      threshold: 0.3,
      predictions: [
        { id: "a", inferenceId: "q#0", probability: 0.29, decision: "legitimate" },
        { id: "b", inferenceId: "q#1", probability: 0.3, decision: "fraud" },
        { id: "c", inferenceId: "q#2", probability: 0.9, decision: "fraud", reasons },
      ],
    });
  });
});

describe("a failure of the endpoint", () => {
  const sdkError = (name: string, message: string, fields: object = {}) =>
    Object.assign(new Error(message), { name, ...fields });
  const cases: [Error, number, string][] = [
    [sdkError("ValidationError", "Endpoint fraud of account 1 not found."), 503, "no-model"],
    [sdkError("ValidationException", "Could not find endpoint fraud"), 503, "no-model"],
    [sdkError("ValidationError", "1 validation error detected"), 500, "internal-error"],
    [sdkError("ThrottlingException", "Rate exceeded"), 503, "model-busy"],
    [sdkError("ServiceUnavailable", "no instance is healthy"), 503, "model-busy"],
    [sdkError("ModelNotReadyException", "wait"), 503, "model-busy"],
    [sdkError("TimeoutError", "aborted"), 503, "model-busy"],
    [sdkError("Error", "connect", { code: "ECONNREFUSED" }), 503, "model-busy"],
    [sdkError("ModelError", "secret trace", { OriginalStatusCode: 500 }), 502, "model-error"],
    [sdkError("ModelError", "secret trace", { OriginalStatusCode: 400 }), 422, "not-scorable"],
    [sdkError("AccessDeniedException", "arn:aws:iam::1:role/x may not"), 500, "internal-error"],
    [new TypeError("undefined is not a function"), 500, "internal-error"],
  ];
  for (const [error, status, code] of cases) {
    it(`${error.name} (${error.message}) is ${status} ${code}, without saying more`, () => {
      const answer = problemAnswer(problemOf(classify(error)), "request-1");
      const problem = JSON.parse(answer.body) as Record<string, unknown>;
      expect(answer.statusCode).to.equal(status);
      expect(answer.headers).to.include({ "Content-Type": "application/problem+json" });
      expect(problem).to.include({ code, status, requestId: "request-1" });
      expect(problem).to.have.all.keys("type", "title", "status", "detail", "code", "requestId");
      expect(answer.body).not.to.contain(error.message);
      expect("Retry-After" in (answer.headers ?? {})).to.equal(status === 503);
    });
  }

  it("keeps who is to blame", () => {
    const rejected = classify(sdkError("ModelError", "row 1", { OriginalStatusCode: 415 }));
    expect(rejected).to.be.instanceOf(ScoringError).and.include({ failure: "rejected" });
  });
});
