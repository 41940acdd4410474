/** A client of the AWS SDK, as far as it matters here. */
interface Sender {
  send(command: never): Promise<unknown>;
}

/**
 * Makes clients that work until together they have been called some times, and then are dead, as those of a function
 * that is killed: an even number is killed before the next call is carried out, an odd one after it, before its answer.
 */
export function dying(kills: number): <Client extends Sender>(client: Client) => Client {
  let left = Math.floor(kills / 2);
  let dead = false;
  const send = async (call: () => Promise<unknown>): Promise<unknown> => {
    if (dead) throw new Error("killed");
    if (left-- > 0) return call();
    dead = true;
    if (kills % 2 === 1) await call();
    throw new Error("killed");
  };
  return (client) =>
    new Proxy(client, {
      get(target, property, receiver) {
        if (property !== "send") return Reflect.get(target, property, receiver) as unknown;
        return (command: never) => send(() => target.send(command));
      },
    });
}
