/** The local CloudWatch: metrics, alarms and dashboards. Logs are the emulator's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ListTagsForResourceInput, TagResourceInput, UntagResourceInput } from "@aws-sdk/client-cloudwatch";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { botocoreData } from "../aws-models";
import type { ServerContext } from "../server/context";
import { Events } from "../server/events";
import type { JsonService, Operation, Wire } from "../server/json-service";
import { ROOT_CREDENTIALS } from "../server/service-caller";
import { Store } from "../server/store";
import { actionsFor } from "./alarm-documents";
import { Alarms, type OnTransition } from "./alarms";
import { Dashboards } from "./dashboards";
import { notFound } from "./errors";
import { Evaluator } from "./evaluator";
import { AlarmHistory } from "./history";
import { MetricData } from "./metric-data";
import { MetricStore } from "./metric-store";
import { eventDetail, lambdaEvent, snsMessage, type Place } from "./notifications";
import { Outbox, type Notice } from "./outbox";
import { QueueDepths } from "./queue-depths";

/** How often alarms are looked at. */
const EVALUATION_MILLISECONDS = 1_000;

export function cloudWatch(server: ServerContext): JsonService {
  const { region, accountId, upstream } = server.settings;
  const now = () => Date.now() / 1000;
  const folder = server.directory("cloudwatch");
  const store = new Store(join(folder, "state.db"));
  const metrics = new MetricStore(join(folder, "metrics.db"), now());
  const clients = makeClients(upstream, region);
  const arnOf = (name: string) => `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`;
  const place: Place = { accountId, region, regionName: regionName(region) };

  const history = new AlarmHistory(store, now);
  const events = new Events(clients.events, "aws.cloudwatch", store);
  const outbox = new Outbox(store, sender(clients), ({ notice: { alarm, target }, error }) => {
    const kind = alarms.all().find(({ definition }) => definition.AlarmName === alarm)?.kind ?? "MetricAlarm";
    const [summary, actionState] =
      error === undefined ? ["Successfully executed action", "Succeeded"] : ["Failed to execute action", "Failed"];
    const data = { actionState, ...(error === undefined ? {} : { error }), notificationResource: target };
    history.add({ name: alarm, kind }, "Action", `${summary} ${target}`, data);
  });
  const onTransition: OnTransition = (alarm, from, to) => {
    const transition = { alarm, from, to };
    const detailType = "CloudWatch Alarm State Change";
    events.publish({ detailType, resources: [alarm.arn], detail: eventDetail(transition) });
    for (const target of actionsFor(alarm, to.value)) {
      const { subject, message } = snsMessage(transition, place);
      const payload = target.includes(":lambda:")
        ? { body: JSON.stringify(lambdaEvent(transition, place)) }
        : { subject, body: message };
      outbox.add({ alarm: alarm.definition.AlarmName, target, payload });
    }
  };
  const alarms = new Alarms({ store, history, now, arnOf, onTransition });
  const evaluator = new Evaluator(metrics, alarms, now);
  const depths = new QueueDepths(clients.sqs, metrics, now);
  depths.start();
  const timer = setInterval(() => {
    evaluator.run();
    outbox.flush();
  }, EVALUATION_MILLISECONDS).unref();

  return {
    targetPrefix: "GraniteServiceVersion20100801",
    serviceName: "cloudwatch",
    operations: {
      ...new MetricData(metrics, now).operations,
      ...alarms.operations,
      ...new Dashboards(store, now, (name) => `arn:aws:cloudwatch::${accountId}:dashboard/${name}`).operations,
      ...tagOperations(alarms),
    },
    async close() {
      clearInterval(timer);
      await Promise.all([depths.close(), outbox.close(), events.flushed()]);
      for (const client of Object.values(clients)) client.destroy();
      metrics.close();
      store.close();
    },
  };
}

type Clients = ReturnType<typeof makeClients>;

function makeClients(endpoint: string, region: string) {
  const options = { endpoint, region, credentials: ROOT_CREDENTIALS };
  return {
    events: new EventBridgeClient(options),
    sns: new SNSClient(options),
    lambda: new LambdaClient(options),
    sqs: new SQSClient(options),
  };
}

function sender({ sns, lambda }: Clients): (notice: Notice) => Promise<void> {
  return async ({ target, payload: { subject, body } }) => {
    if (target.includes(":lambda:")) {
      const call = { FunctionName: target, InvocationType: "Event", Payload: Buffer.from(body) } as const;
      await lambda.send(new InvokeCommand(call));
    } else {
      await sns.send(new PublishCommand({ TopicArn: target, Subject: subject, Message: body }));
    }
  };
}

function tagOperations(alarms: Alarms): Record<string, Operation> {
  const retag = (arn: string, change: (tags: Record<string, string>) => Record<string, string>) => {
    if (!alarms.retag(arn, change)) throw notFound(`There is no resource ${arn} that has tags here: alarms do.`);
    return Promise.resolve({});
  };
  return {
    TagResource: ({ ResourceARN, Tags }: Wire<TagResourceInput>) =>
      retag(ResourceARN, (tags) => ({ ...tags, ...Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])) })),
    UntagResource: ({ ResourceARN, TagKeys }: Wire<UntagResourceInput>) =>
      retag(ResourceARN, (tags) => Object.fromEntries(Object.entries(tags).filter(([key]) => !TagKeys.includes(key)))),
    ListTagsForResource: async ({ ResourceARN }: Wire<ListTagsForResourceInput>) => {
      let found: Record<string, string> = {};
      await retag(ResourceARN, (tags) => (found = tags));
      return { Tags: Object.entries(found).map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}

/** The name of a region as alarm messages write it: AWS's own list says `Europe (Ireland)`, these `EU (Ireland)`. */
function regionName(region: string): string {
  const { partitions } = JSON.parse(readFileSync(join(botocoreData(), "endpoints.json"), "utf8")) as {
    partitions: { regions: Record<string, { description: string }> }[];
  };
  const found = partitions.map(({ regions }) => regions[region]?.description).find((name) => name !== undefined);
  return (found ?? region).replace(/^Europe\b/, "EU");
}
