import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import document from "../../api/openapi.json";
import { gatewaySchema, routes } from "../../components/api-document";
import { FEATURES, LIMITS } from "../../functions/shared/transactions";
import { problems } from "../../functions/shared/problem";
import { CLIENT_SCHEMA, clientSchema } from "../../tools/client";

const { schemas } = document.components;

describe("the API's document", () => {
  it("gives the routes, and what each asks for", () => {
    expect(routes().map(({ model, ...route }) => ({ ...route, model: model?.name }))).to.deep.equal([
      {
        operationId: "predict",
        path: "predict",
        method: "POST",
        secured: true,
        query: { reasons: false },
        model: "PredictRequest",
      },
      { operationId: "health", path: "health", method: "GET", secured: false, query: {}, model: undefined },
    ]);
  });

  it("gives API Gateway a model of the body's outline, without references", () => {
    expect(gatewaySchema(schemas.PredictRequest)).to.deep.equal({
      $schema: "http://json-schema.org/draft-04/schema#",
      type: "object",
      additionalProperties: false,
      required: ["transactions"],
      properties: { transactions: { type: "array", minItems: 1, maxItems: 1000, items: { type: "object" } } },
    });
  });

  it("says what the functions do: features, limits, the statuses of problems", () => {
    const { Transaction, PredictRequest } = schemas;
    expect(Transaction.required).to.deep.equal(FEATURES);
    expect(Object.keys(Transaction.properties)).to.deep.equal(["id", ...FEATURES]);
    expect(Transaction.properties.id.maxLength).to.equal(LIMITS.idCharacters);
    expect(PredictRequest.properties.transactions.maxItems).to.equal(LIMITS.transactions);
    const { post } = document.paths["/predict"];
    expect(post.parameters[0]?.schema.maximum).to.equal(LIMITS.reasons);
    expect(schemas.Feature.maximum).to.equal(Math.fround(schemas.Feature.maximum));
    const statuses = new Set(Object.keys(post.responses));
    for (const { status } of Object.values(problems)) expect(statuses).to.include(String(status));
  });

  it("is what the client's types were made of: else run `npm run build:client`", async () => {
    expect(readFileSync(join(__dirname, "../..", CLIENT_SCHEMA), "utf8")).to.equal(await clientSchema());
  });
});
