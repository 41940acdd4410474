import * as t from "io-ts";

/**
 * SageMaker's `Endpoint State Change` and `Endpoint Deployment State Change`. Nothing but the name is believed: events
 * come late, twice and out of order, so the endpoint itself is asked.
 */
export const EndpointEvent = t.type(
  { "detail-type": t.string, detail: t.type({ EndpointName: t.string }) },
  "EndpointEvent",
);
