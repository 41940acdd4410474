// A thread with an endpoint that gives each row of a request a score, so many milliseconds after it came.
import { createServer } from "node:http";
import { parentPort, workerData } from "node:worker_threads";

const { milliseconds } = workerData as { milliseconds: number };
const model = { packageArn: "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/1", threshold: 0.5 };

const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  request.on("end", () => {
    const { instances } = JSON.parse(body) as { instances: unknown[] };
    const predictions = instances.map((_row, index) => ({ score: (index % 100) / 100 }));
    const answer = JSON.stringify({ predictions, model: { ...model, algorithm: "xgboost" } });
    setTimeout(() => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(answer);
    }, milliseconds);
  });
});
server.listen(0, "127.0.0.1", () => parentPort?.postMessage(server.address()));
