// The client of the inference API, typed by the API's own document.
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Transaction = components["schemas"]["Transaction"];
export type PredictAnswer = components["schemas"]["PredictAnswer"];
export type Problem = components["schemas"]["Problem"];

export interface ClientOptions {
  /** The stack's output `apiUrl`. */
  apiUrl: string;
  /** The stack's output `apiKey`. */
  apiKey: string;
  /** For stacks with an authorizer: the header `Authorization` of each request. */
  authorization?: () => string | Promise<string>;
  /** Default: the platform's own `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

/**
 * A client of the inference API. What is not 200 is an `error`, as a problem of the API's.
 *
 * @example
 * const client = createFraudClient({ apiUrl, apiKey });
 * const { data, error } = await client.POST("/predict", { body: { transactions }, params: { query: { reasons: 3 } } });
 * if (error) throw new Error(`${error.code}: ${error.detail}`);
 * for (const { id, decision, probability } of data.predictions) console.log(id, decision, probability);
 */
export function createFraudClient({ apiUrl, apiKey, authorization, fetch }: ClientOptions): Client<paths> {
  const client = createClient<paths>({
    baseUrl: apiUrl,
    headers: { "x-api-key": apiKey },
    ...(fetch === undefined ? {} : { fetch }),
  });
  if (authorization !== undefined) {
    client.use({
      async onRequest({ request }) {
        request.headers.set("Authorization", await authorization());
        return request;
      },
    });
  }
  return client;
}
