import type { Collection, Store } from "../server/store";

/** A request that was answered. */
interface Answered {
  resource: string;
  answer: object;
}

/** Client request tokens: the same request with the same token is carried out once, also after a restart. */
export class RequestTokens {
  private readonly answered: Collection<Answered>;

  constructor(private readonly store: Store) {
    this.answered = store.collection<Answered>("request-token");
  }

  /**
   * Carries a request out, or gives the answer that it had before. Without a token it is carried out every time.
   *
   * @param resource ARN of what the request is about
   * @param work synchronous; all its writes are kept together with the token, or none
   */
  once<T extends object>(operation: string, resource: string, token: string | undefined, work: () => T): T {
    return this.store.transaction(() => {
      if (token === undefined) return work();
      const name = [operation, resource, token].join(" ");
      const before = this.answered.get(name);
      if (before) return before.answer as T;
      const answer = work();
      this.answered.insert(name, { resource, answer });
      return answer;
    });
  }

  /** Forgets the requests about a resource and those below it, and the one that made it: it was deleted. */
  forget(deleted: string): void {
    for (const [name, { resource, answer }] of this.answered.entries()) {
      const about = resource === deleted || resource.startsWith(`${deleted}/`);
      if (about || Object.values(answer).includes(deleted)) this.answered.remove(name);
    }
  }
}
