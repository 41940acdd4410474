// The API's function for a time at a steady rate, near the most that one of its processes takes (API_SECONDS; 600 in the soak).
import { expect } from "chai";
import { askFunction } from "../../bench/api/ask";

const seconds = Number(process.env["API_SECONDS"] ?? 4);
/** MB. What compiles and pools hold grows a little at first; a leak of 1 kB a request would be ten times as much. */
const GROWTH = 5;

describe("the API's function at a steady rate", function () {
  this.timeout((seconds + 120) * 1000);

  it("answers every request, and keeps its memory", async () => {
    const order = { endpointMilliseconds: 2, transactionsPerRequest: 20, warmUp: 300 };
    const { total, failed, heapMb } = await askFunction({ ...order, steady: { seconds, load: 0.9 } });
    expect(total).not.to.be.empty;
    expect(failed).to.equal(0);
    expect(heapMb[1] - heapMb[0]).to.be.below(GROWTH);
  });
});
