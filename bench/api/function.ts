// The API's function as Lambda runs it: its bundle, in a process of its own, one request at a time. Its own time is the
// handler's without that between the request to the endpoint and the endpoint's answer, as Node's HTTP client tells them.
import diagnostics from "node:diagnostics_channel";
import type { AddressInfo } from "node:net";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import { FEATURES } from "../../functions/shared/transactions";

/** What the function is to be asked. */
export interface Order {
  /** Its bundle. */
  bundle: string;
  endpointMilliseconds: number;
  transactionsPerRequest: number;
  warmUp: number;
  /** Requests after the warm-up, one after another. */
  requests?: number;
  /** Instead of a number: for so long, at so much of the rate that the warm-up reached. */
  steady?: { seconds: number; load: number };
}

export interface Measured {
  /** Milliseconds of each request. */
  total: number[];
  /** Without the endpoint's. */
  own: number[];
  /** Answers that were not 200. */
  failed: number;
  /** After the warm-up, and at the end, garbage collected: MB. */
  heapMb: [before: number, after: number];
}

type Handler = (event: APIGatewayProxyEvent) => Promise<APIGatewayProxyResult>;

async function measure(order: Order): Promise<Measured> {
  const { port, stop } = await startEndpoint(order.endpointMilliseconds);
  Object.assign(process.env, {
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: "bench",
    AWS_SECRET_ACCESS_KEY: "bench",
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    ENDPOINT_NAME: "fraud",
    MODEL_NAME: "fraud",
  });
  const { handler } = createRequire(__filename)(order.bundle) as { handler: Handler };
  const clock = endpointClock();
  const measured: Measured = { total: [], own: [], failed: 0, heapMb: [0, 0] };
  const ask = async (number: number): Promise<void> => {
    const before = clock.spent();
    const from = performance.now();
    const { statusCode } = await handler(requestOf(number, order.transactionsPerRequest));
    const total = performance.now() - from;
    measured.total.push(total);
    measured.own.push(total - (clock.spent() - before));
    if (statusCode !== 200) measured.failed += 1;
  };
  for (let number = 0; number < order.warmUp; number++) await ask(number);
  const warm = measured.total.slice(-Math.ceil(order.warmUp / 2));
  const meanMilliseconds = warm.reduce((sum, each) => sum + each, 0) / warm.length;
  Object.assign(measured, { total: [], own: [] });
  measured.heapMb[0] = heapMb();
  if (order.steady === undefined) {
    for (let number = 0; number < (order.requests ?? 0); number++) await ask(number);
  } else {
    const { seconds, load } = order.steady;
    const interval = meanMilliseconds / load;
    const from = performance.now();
    for (let number = 0; number * interval < seconds * 1000; number++) {
      const due = from + number * interval;
      if (due > performance.now()) await delay(due - performance.now());
      await ask(number);
    }
  }
  measured.heapMb[1] = heapMb();
  await stop();
  return measured;
}

async function startEndpoint(milliseconds: number): Promise<{ port: number; stop: () => Promise<number> }> {
  const worker = new Worker(join(__dirname, "endpoint.ts"), { workerData: { milliseconds } });
  const { port } = await new Promise<AddressInfo>((done, fail) => worker.once("message", done).once("error", fail));
  return { port, stop: () => worker.terminate() };
}

/** Adds up the milliseconds from a request's start until its answer's head is there. */
function endpointClock(): { spent: () => number } {
  let [spent, started] = [0, 0];
  diagnostics.subscribe("http.client.request.start", () => (started = performance.now()));
  diagnostics.subscribe("http.client.response.finish", () => (spent += performance.now() - started));
  return { spent: () => spent };
}

function requestOf(number: number, transactions: number): APIGatewayProxyEvent {
  const body = {
    transactions: Array.from({ length: transactions }, (_, index) => ({
      id: `t-${number}-${index}`,
      ...Object.fromEntries(FEATURES.map((name, column) => [name, Math.sin(number + index + column) * 3])),
    })),
  };
  return {
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
    isBase64Encoded: false,
    queryStringParameters: null,
    requestContext: { requestId: `request-${number}` },
  } as unknown as APIGatewayProxyEvent;
}

function heapMb(): number {
  global.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
}

process.once("message", (order: Order) => {
  measure(order).then(
    (measured) => process.send?.({ measured }, () => process.exit(0)),
    (error: unknown) => process.send?.({ error: String(error) }, () => process.exit(1)),
  );
});
