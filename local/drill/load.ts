// The load of a drill, in a process of its own: requests to the endpoint and to the API, for as long as it lives.
import { Agent, request } from "node:http";
import { instancesBody } from "../../functions/shared/instances";
import { rootAuthorization } from "../server/service-caller";

/** What is asked, and where. */
export interface LoadOrder {
  endpoint: {
    url: string;
    /** CSV rows, each of which is a request. */
    rows: string[];
    /** Requests a second at the most; fewer where they are answered slowly. */
    rate: number;
  };
  /** Absent where the API is left alone. */
  api?: {
    url: string;
    key: string;
    bodies: string[];
    rate: number;
  };
}

/** What became of one request. */
export interface Sample {
  /** Epoch milliseconds at which it was sent. */
  sentAt: number;
  milliseconds: number;
  via: "endpoint" | "api";
  /** HTTP; 0 where there was no answer. */
  status: number;
  /** The model package that answered; absent where none did. */
  packageArn?: string;
}

/** Requests to the endpoint that are under way at once. */
const WORKERS = 4;
const REPORT_MILLISECONDS = 250;
const TIMEOUT_MILLISECONDS = 60_000;

const agent = new Agent({ keepAlive: true, maxSockets: 2 * WORKERS });
let samples: Sample[] = [];
let over = false;

/** Sends one request after another, none earlier than the rate allows. */
async function work(rate: number, first: number, send: (turn: number) => Promise<Sample>): Promise<void> {
  for (let turn = first; !over; turn++) {
    const next = performance.now() + 1000 / rate;
    const sample = await send(turn);
    // Not before it is there: meanwhile what was there has been reported.
    samples.push(sample);
    const left = next - performance.now();
    if (left > 0) await new Promise((wake) => setTimeout(wake, left));
  }
}

function post(via: Sample["via"], url: string, headers: Record<string, string>, body: string): Promise<Sample> {
  const sentAt = Date.now();
  const from = performance.now();
  const sample = (status: number, text: string): Sample => {
    const packageArn = status === 200 ? /"packageArn":\s*"([^"]*)"/.exec(text)?.[1] : undefined;
    const milliseconds = performance.now() - from;
    return { sentAt, milliseconds, via, status, ...(packageArn === undefined ? {} : { packageArn }) };
  };
  return new Promise((done) => {
    const outgoing = request(url, { method: "POST", agent, headers, timeout: TIMEOUT_MILLISECONDS }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => (text += chunk));
      answer.on("end", () => done(sample(answer.statusCode ?? 0, text)));
      answer.on("error", () => done(sample(0, "")));
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in time")));
    outgoing.on("error", () => done(sample(0, "")));
    outgoing.end(body);
  });
}

async function run({ endpoint, api }: LoadOrder): Promise<void> {
  const report = setInterval(() => {
    process.send?.(samples);
    samples = [];
  }, REPORT_MILLISECONDS);
  const authorization = rootAuthorization("sagemaker");
  const headers = { "content-type": "application/json", accept: "application/json", authorization };
  const pick = (from: readonly string[], turn: number): string => from[turn % from.length] ?? "";
  const toEndpoint = (turn: number) =>
    post("endpoint", endpoint.url, headers, instancesBody([pick(endpoint.rows, turn)]));
  const workers = Array.from({ length: WORKERS }, (_, worker) =>
    work(endpoint.rate / WORKERS, worker * 7919, toEndpoint),
  );
  if (api) {
    const apiHeaders = { "content-type": "application/json", "x-api-key": api.key };
    workers.push(work(api.rate, 0, (turn) => post("api", api.url, apiHeaders, pick(api.bodies, turn))));
  }
  await Promise.all(workers);
  clearInterval(report);
  process.send?.(samples, () => process.exit(0));
}

process.on("message", (message: LoadOrder | "stop") => {
  if (message === "stop") over = true;
  else void run(message);
});
// Whoever wanted it is gone.
process.on("disconnect", () => process.exit(0));
