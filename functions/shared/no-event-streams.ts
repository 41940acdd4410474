/**
 * Stands in for `@smithy/core/event-streams` in the functions' bundles (functions/bundle.ts). Clients take this apart
 * at their start for operations that stream events (SelectObjectContent, InvokeEndpointWithResponseStream); no
 * function calls one.
 */
const refuse = (): never => {
  throw new Error("event streams are left out of the functions' bundles: see functions/bundle.ts");
};

export const eventStreamSerdeProvider = () => ({ serialize: refuse, deserialize: refuse });

export const resolveEventStreamSerdeConfig = <Config>(config: Config): Config => config;

export class EventStreamSerde {
  serializeEventStream = refuse;
  deserializeEventStream = refuse;
}
