/** How a delivery that has ended well is told on the event bus: what the next stack's delivery starts on. */
export const DELIVERED = { source: "fraud.delivery", detailType: "Delivery Succeeded" } as const;

/** The event's detail. */
export interface Delivered {
  /** The delivery pipeline's name, `<pipelineName>-ci`. */
  pipeline: string;
  /** The commit's full id. */
  revision: string;
  image: string;
}
