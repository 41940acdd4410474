// Moves dead letters back to the queue that they failed in.
import { randomUUID } from "node:crypto";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type Message,
  type MessageAttributeValue,
  type SQSClient,
} from "@aws-sdk/client-sqs";

export interface Redriven {
  queueUrl: string;
  deadLettersUrl: string;
  /** Dead letters that there were when it began, as SQS counts them: on AWS it may lag by a minute. */
  found: number;
  /** Sent to the queue, and deleted among the dead letters. */
  moved: number;
  /** Sent to the queue, and still among the dead letters: the next redrive sends them once more. */
  kept: { messageId: string; error: string }[];
  /** Not sent: they are among the dead letters as before. */
  failed: { messageId: string; error: string }[];
  /** Moved, and back already: what they failed on is still so. They wait among the dead letters. */
  returned: number;
}

export interface RedriveOptions {
  /** Most that are moved. Default: all. */
  limit?: number;
  /** Hears after each batch how far it is. */
  onProgress?: (soFar: Redriven) => void;
}

/** What one call of SQS's answers at most; they are moved at the same time. */
const BATCH = 10;
/** Longer than a batch takes, the SDK's retries included: a message must not come a second time meanwhile. */
const HIDDEN_SECONDS = 120;
/** A receive that waits asks all of SQS's servers; one that does not may find nothing where there is something. */
const WAIT_SECONDS = 1;
/** Message attribute with the redrive's id: what comes back is known by it, whatever its body. */
const MARK = "RedriveId";
/** SQS takes no more attributes of a message. */
const MAX_ATTRIBUTES = 10;

/** The dead letters of a queue, as its redrive policy names them. @throws Error where it has none */
export async function deadLettersOf(sqs: SQSClient, queueUrl: string): Promise<string> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["RedrivePolicy"] }),
  );
  const policy = JSON.parse(Attributes?.RedrivePolicy ?? "{}") as { deadLetterTargetArn?: string };
  const [account, name] = policy.deadLetterTargetArn?.split(":").slice(4) ?? [];
  if (name === undefined) throw new Error(`${queueUrl} has no dead letters: its redrive policy names no queue`);
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: name, QueueOwnerAWSAccountId: account }));
  if (QueueUrl === undefined) throw new Error(`SQS gave no address of ${name}`);
  return QueueUrl;
}

/**
 * Moves a queue's dead letters back into it, with their attributes. Each is sent first and deleted then, so that none
 * is lost wherever this is cut off; at the worst one is delivered twice, which is no more than SQS itself reserves.
 * (StartMessageMoveTask moves them too, but tells of none that it could not move, and goes on with what comes back.)
 *
 * @throws Error where the queue has no dead letters, or SQS does not answer; what was moved by then is moved.
 */
export async function redrive(
  sqs: SQSClient,
  queueUrl: string,
  { limit = Infinity, onProgress }: RedriveOptions = {},
): Promise<Redriven> {
  const deadLettersUrl = await deadLettersOf(sqs, queueUrl);
  const found = await countOf(sqs, deadLettersUrl);
  const redriven: Redriven = { queueUrl, deadLettersUrl, found, moved: 0, kept: [], failed: [], returned: 0 };
  const mark = randomUUID();
  const staying: Message[] = [];
  try {
    // A message that can't be moved ends the redrive: it would be received again and again.
    while (redriven.moved < limit && staying.length === 0) {
      const messages = await receive(sqs, deadLettersUrl, Math.min(BATCH, limit - redriven.moved));
      if (messages.length === 0) break;
      const stays = await Promise.all(messages.map((message) => moveOne(sqs, message, mark, redriven)));
      staying.push(...messages.filter((_message, index) => stays[index] === true));
      onProgress?.(redriven);
    }
  } finally {
    // Where that fails, they show themselves after HIDDEN_SECONDS.
    await Promise.allSettled(staying.map((message) => show(sqs, deadLettersUrl, message)));
  }
  return redriven;
}

/** @returns whether the message stays among the dead letters */
async function moveOne(sqs: SQSClient, message: Message, mark: string, redriven: Redriven): Promise<boolean> {
  const { MessageId: messageId = "", Body, MessageAttributes = {}, ReceiptHandle } = message;
  if (MessageAttributes[MARK]?.StringValue === mark) {
    redriven.returned += 1;
    return true;
  }
  try {
    const attributes = marked(MessageAttributes, mark);
    await sqs.send(
      new SendMessageCommand({ QueueUrl: redriven.queueUrl, MessageBody: Body, MessageAttributes: attributes }),
    );
  } catch (error) {
    redriven.failed.push({ messageId, error: told(error) });
    return true;
  }
  try {
    await sqs.send(new DeleteMessageCommand({ QueueUrl: redriven.deadLettersUrl, ReceiptHandle }));
    redriven.moved += 1;
    return false;
  } catch (error) {
    redriven.kept.push({ messageId, error: told(error) });
    return true;
  }
}

function marked(
  attributes: Record<string, MessageAttributeValue>,
  mark: string,
): Record<string, MessageAttributeValue> {
  if (Object.keys(attributes).length >= MAX_ATTRIBUTES && !(MARK in attributes)) return attributes;
  return { ...attributes, [MARK]: { DataType: "String", StringValue: mark } };
}

async function receive(sqs: SQSClient, QueueUrl: string, MaxNumberOfMessages: number): Promise<Message[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages,
      VisibilityTimeout: HIDDEN_SECONDS,
      WaitTimeSeconds: WAIT_SECONDS,
      MessageAttributeNames: ["All"],
    }),
  );
  return Messages;
}

/** Lets others see a message again at once: the alarm, and the next redrive. */
async function show(sqs: SQSClient, QueueUrl: string, { ReceiptHandle }: Message): Promise<void> {
  await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
}

async function countOf(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["ApproximateNumberOfMessages"] }),
  );
  return Number(Attributes?.ApproximateNumberOfMessages ?? 0);
}

const told = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));
