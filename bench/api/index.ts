// What the API's function adds to the endpoint's time: reading and checking a request, signing, reading the answer.
import { quantile } from "../../local/loop/checks/api";
import { claim } from "../../local/loop/errors";
import type { Bench } from "../figure";
import { askFunction } from "./ask";

/** As long as a model of the platform takes for a row. */
const ENDPOINT_MILLISECONDS = 5;
/** Until the handler is compiled for good: before, a request in fifty takes 2 to 5 ms. */
const WARM_UP = 2_000;
const REQUESTS = 5_000;

export const apiBench: Bench = {
  names: ["api.handlerP50Ms", "api.handlerP99Ms"],
  async run(say) {
    const order = { endpointMilliseconds: ENDPOINT_MILLISECONDS, transactionsPerRequest: 1, warmUp: WARM_UP };
    const { total, own, failed } = await askFunction({ ...order, requests: REQUESTS });
    claim(failed === 0, `${failed} of ${REQUESTS} requests failed.`);
    const [p50, p99] = [quantile(own, 0.5), quantile(own, 0.99)];
    say(
      `${own.length} requests of one transaction: median ${quantile(total, 0.5)} ms with an endpoint of ${ENDPOINT_MILLISECONDS} ms, ${p50} ms of them the handler's own; p99 ${quantile(total, 0.99)} ms, ${p99} ms`,
    );
    return {
      "api.handlerP50Ms": { value: p50, unit: "ms", goal: { atMost: 1 } },
      "api.handlerP99Ms": { value: p99, unit: "ms", goal: { atMost: 3 } },
    };
  },
};
