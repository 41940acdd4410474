import type { DataCaptureConfig } from "@aws-sdk/client-sagemaker";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { messageOf } from "../../server/errors";
import type { Wire } from "../../server/json-service";
import { parseS3Uri } from "../s3-files";
import { captureKey, captureLine, type Capture } from "./capture-record";
import type { Invocation } from "./invocation-request";
import type { ModelAnswer } from "./model-server";

/** A file that is being filled: the captures of one variant within one hour. */
interface CaptureFile {
  key: string;
  hour: number;
  lines: string[];
  bytes: number;
}

export interface CaptureOptions {
  endpointName: string;
  /** How long a capture may wait until its file is written, in milliseconds. */
  intervalMs: number;
  /** Of [0, 1), decides what is sampled. */
  random?: () => number;
}

/** A file is written at this size, in bytes, whatever its age. */
const MAX_FILE_BYTES = 1024 * 1024;
/** What may wait for a bucket that takes nothing, in bytes; beyond it, invocations are not captured. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** Writes what an endpoint was asked and answered to S3, as JSON Lines. */
export class DataCapture {
  private readonly filling = new Map<string, CaptureFile>();
  private readonly full: CaptureFile[] = [];
  private readonly input: boolean;
  private readonly output: boolean;
  private readonly random: () => number;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private failure: string | undefined;
  private waitingBytes = 0;
  private lost = 0;

  constructor(
    private readonly s3: S3Client,
    readonly config: Wire<DataCaptureConfig>,
    private readonly options: CaptureOptions,
  ) {
    const modes = config.CaptureOptions.map(({ CaptureMode }) => CaptureMode);
    this.input = modes.some((mode) => mode !== "Output");
    this.output = modes.some((mode) => mode !== "Input");
    this.random = options.random ?? Math.random;
  }

  /** Whether the destination took what was last sent to it. */
  get functional(): boolean {
    return this.failure === undefined;
  }

  /** Captures a successful invocation, unless it is not among those that are sampled. */
  record(variantName: string, invocation: Invocation, answer: ModelAnswer): void {
    if (this.random() * 100 >= this.config.InitialSamplingPercentage) return;
    const { contentType, body, inferenceId, customAttributes } = invocation;
    this.add(variantName, {
      ...(this.input ? { input: { contentType, body } } : {}),
      ...(this.output ? { output: { contentType: answer.headers["content-type"], body: answer.body } } : {}),
      inferenceId,
      customAttributes,
    });
  }

  /** Writes what is left; what can't be written is reported as lost. */
  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.timer);
    this.lost += this.full.reduce((lines, file) => lines + file.lines.length, 0);
    if (this.lost > 0) {
      console.error(`data capture of ${this.options.endpointName}: ${this.lost} captures are lost: ${this.failure}`);
    }
  }

  private add(variantName: string, capture: Capture): void {
    if (this.waitingBytes > MAX_WAITING_BYTES) {
      this.lost++;
      return;
    }
    const time = new Date();
    const line = `${captureLine(capture, time, this.config.CaptureContentTypeHeader)}\n`;
    const file = this.fileFor(variantName, time);
    const bytes = Buffer.byteLength(line);
    file.lines.push(line);
    file.bytes += bytes;
    this.waitingBytes += bytes;
    if (file.bytes >= MAX_FILE_BYTES) void this.flush();
    else this.schedule();
  }

  /** Files lie in a folder of their hour: one that has begun in another hour is full. */
  private fileFor(variantName: string, time: Date): CaptureFile {
    const hour = Math.floor(time.getTime() / 3_600_000);
    const open = this.filling.get(variantName);
    if (open?.hour === hour) return open;
    if (open) this.full.push(open);
    const destination = parseS3Uri(this.config.DestinationS3Uri);
    const key = captureKey(destination, this.options.endpointName, variantName, time);
    const file = { key, hour, lines: [], bytes: 0 };
    this.filling.set(variantName, file);
    return file;
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => void this.flush(), this.options.intervalMs);
  }

  /** Never rejects. */
  private flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.full.push(...this.filling.values());
    this.filling.clear();
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    for (let file = this.full[0]; file; file = this.full[0]) {
      try {
        await this.put(file);
      } catch (error) {
        this.failed(messageOf(error));
        return;
      }
      this.full.shift();
      this.waitingBytes -= file.bytes;
      this.failure = undefined;
    }
  }

  private put(file: CaptureFile): Promise<unknown> {
    const { KmsKeyId, DestinationS3Uri } = this.config;
    const command = new PutObjectCommand({
      Bucket: parseS3Uri(DestinationS3Uri).bucket,
      Key: file.key,
      Body: file.lines.join(""),
      ContentType: "application/jsonlines",
      ...(KmsKeyId ? { ServerSideEncryption: "aws:kms" as const, SSEKMSKeyId: KmsKeyId } : {}),
    });
    return this.s3.send(command);
  }

  /** Tried again after the interval; told once for each reason. */
  private failed(reason: string): void {
    if (this.failure !== reason) {
      console.error(`data capture of ${this.options.endpointName} to ${this.config.DestinationS3Uri}: ${reason}`);
    }
    this.failure = reason;
    this.schedule();
  }
}
