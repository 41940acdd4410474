import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { accountRefusal, decodeConfiguration, unsupportedSettings } from "./configuration";
import type { Tell } from "./engine-log";
import type { Checked } from "./check";
import { FUNCTIONS } from "./functions";
import { Lifecycle, type Settings } from "./lifecycle";
import { nameOf, typeOf } from "./naming";
import { TYPES } from "./types";
import type { Properties } from "./values";
import { fromStruct, toDiffResponse, toServiceError, toStruct } from "./wire";

/** The version of `@pulumi/aws` whose types the provider knows. */
const VERSION = "7.48.0";

type Handler = (request: never) => object | Promise<object>;

/** The gRPC face of the provider: messages in, messages out. */
export class Provider {
  private lifecycle: Lifecycle;

  /** @param tell tells a person something about a resource */
  constructor(
    settings: Settings,
    private readonly tell: Tell,
  ) {
    this.lifecycle = new Lifecycle(TYPES, settings);
  }

  /** Handlers by method. */
  readonly handlers: Record<string, Handler> = {
    handshake: () => new messages.ProviderHandshakeResponse(),
    getPluginInfo: () => new plugin.PluginInfo().setVersion(VERSION),
    attach: () => new Empty(),
    cancel: () => new Empty(),
    getSchema: () => new messages.GetSchemaResponse().setSchema(JSON.stringify({ name: "aws", version: VERSION })),
    checkConfig: (request: messages.CheckRequest) => this.checkConfig(request),
    diffConfig: () => new messages.DiffResponse(),
    configure: (request: messages.ConfigureRequest) => this.configure(request),
    check: (request: messages.CheckRequest) => this.check(request),
    diff: (request: messages.DiffRequest) => this.diff(request),
    create: (request: messages.CreateRequest) => this.create(request),
    read: (request: messages.ReadRequest) => this.read(request),
    update: (request: messages.UpdateRequest) => this.update(request),
    delete: (request: messages.DeleteRequest) => this.delete(request),
    invoke: (request: messages.InvokeRequest) => this.invoke(request),
  };

  private checkConfig(request: messages.CheckRequest): messages.CheckResponse {
    const news = fromStruct(request.getNews());
    const failures = unsupportedSettings(news).map((name) =>
      new messages.CheckFailure()
        .setProperty(name)
        .setReason(`setting aws:${name} is not supported by the local provider`),
    );
    const { account, planOnly } = this.lifecycle.settings;
    // A plan is of no account.
    const refusal = planOnly ? undefined : accountRefusal(decodeConfiguration(news), account);
    if (refusal) failures.push(new messages.CheckFailure().setProperty("allowedAccountIds").setReason(refusal));
    return new messages.CheckResponse().setInputs(request.getNews()).setFailuresList(failures);
  }

  /**
   * Secrets are not accepted: the engine then unwraps them before each call and marks the same places in the
   * answers, nested ones too.
   */
  private configure(request: messages.ConfigureRequest): messages.ConfigureResponse {
    const { region, defaultTags } = decodeConfiguration(fromStruct(request.getArgs()));
    const { settings } = this.lifecycle;
    this.lifecycle = new Lifecycle(TYPES, { ...settings, region: region ?? settings.region, defaultTags });
    return new messages.ConfigureResponse().setSupportspreview(true).setAcceptsecrets(false);
  }

  private async check(request: messages.CheckRequest): Promise<messages.CheckResponse> {
    const [news, olds] = [fromStruct(request.getNews()), fromStruct(request.getOlds())];
    const seed = request.getRandomseed_asU8();
    const { inputs, failures } = await this.lifecycle.check(request.getUrn(), news, olds, seed);
    if (this.lifecycle.settings.planOnly) return this.checkedForPlan(request.getUrn(), inputs, failures);
    return new messages.CheckResponse()
      .setInputs(toStruct(inputs))
      .setFailuresList(
        failures.map(({ property, reason }) => new messages.CheckFailure().setProperty(property).setReason(reason)),
      );
  }

  /**
   * The engine ends at the first resource that fails its check. A plan makes nothing, so it goes on and tells of them
   * all; the errors in the engine's log fail the operation (`local/engine`).
   */
  private async checkedForPlan(
    urn: string,
    inputs: Properties,
    failures: Checked["failures"],
  ): Promise<messages.CheckResponse> {
    const resource = `${typeOf(urn)} resource '${nameOf(urn)}'`;
    for (const { property, reason } of failures) {
      await this.tell(urn, "error", `${resource}: property ${property} has a problem: ${reason}`);
    }
    return new messages.CheckResponse().setInputs(toStruct(inputs));
  }

  private async diff(request: messages.DiffRequest): Promise<messages.DiffResponse> {
    const [before, now] = [fromStruct(request.getOldInputs()), fromStruct(request.getNews())];
    const difference = this.lifecycle.diff(request.getUrn(), before, now);
    for (const input of difference.unknown) {
      await this.tell(
        request.getUrn(),
        "warning",
        `${input}: unknown whether AWS changes it in place, for CloudFormation's schema of the type does not have it; ` +
          "planned as an update",
      );
    }
    return toDiffResponse(difference);
  }

  private async create(request: messages.CreateRequest): Promise<messages.CreateResponse> {
    const inputs = fromStruct(request.getProperties());
    const { id, properties } = await this.lifecycle.create(request.getUrn(), inputs, request.getPreview());
    return new messages.CreateResponse().setId(id ?? "").setProperties(toStruct(properties));
  }

  private async read(request: messages.ReadRequest): Promise<messages.ReadResponse> {
    const [state, inputs] = [fromStruct(request.getProperties()), fromStruct(request.getInputs())];
    const current = await this.lifecycle.read(request.getUrn(), request.getId(), state, inputs);
    // An answer without an id says that the resource is gone.
    if (!current) return new messages.ReadResponse();
    return new messages.ReadResponse()
      .setId(current.id)
      .setProperties(toStruct(current.properties))
      .setInputs(toStruct(current.inputs));
  }

  private async update(request: messages.UpdateRequest): Promise<messages.UpdateResponse> {
    const [before, now] = [fromStruct(request.getOlds()), fromStruct(request.getNews())];
    const properties = await this.lifecycle.update(
      request.getUrn(),
      request.getId(),
      before,
      now,
      request.getPreview(),
    );
    return new messages.UpdateResponse().setProperties(toStruct(properties));
  }

  private async delete(request: messages.DeleteRequest): Promise<Empty> {
    await this.lifecycle.delete(request.getUrn(), request.getId(), fromStruct(request.getProperties()));
    return new Empty();
  }

  private async invoke(request: messages.InvokeRequest): Promise<messages.InvokeResponse> {
    const run = FUNCTIONS[request.getTok()];
    if (!run) throw new Error(`function ${request.getTok()} is not supported by the local provider`);
    const args = fromStruct(request.getArgs());
    const answer = await run(this.lifecycle.context("live", "", args), args);
    return new messages.InvokeResponse().setReturn(toStruct(answer));
  }
}

/** Serves a provider on a free port of this machine. @returns the port */
export function serve(provider: Provider): Promise<number> {
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  const methods = Object.keys(ResourceProviderService);
  server.addService(
    ResourceProviderService,
    Object.fromEntries(methods.map((method) => [method, unary(provider, method)])),
  );
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
}

function unary(provider: Provider, method: string) {
  return (call: ServerUnaryCall<unknown, object>, respond: sendUnaryData<object>): void => {
    const handler = provider.handlers[method];
    if (!handler) {
      respond({ code: status.UNIMPLEMENTED, details: `${method} is not implemented` });
      return;
    }
    Promise.resolve()
      .then(() => handler(call.request as never))
      .then(
        (answer) => respond(null, answer),
        (error: unknown) => respond(toServiceError(error)),
      );
  };
}
