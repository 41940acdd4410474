import type { IncomingMessage } from "node:http";
import { hasOperation, loadModel, operationOf, shapeOf, type ServiceModel } from "../../aws-models";
import { AwsError } from "../json-service";
import { signedBy } from "../service-caller";
import { errorNames } from "./errors";
import type { Call, Protocol, Reply } from "./protocol";

/**
 * AWS's query protocol: `Action=…&Alarms.member.1.Name=…` in, XML out. For models that give members no wire names of
 * their own, as CloudWatch's.
 */
export class Query implements Protocol {
  private readonly model: ServiceModel;

  constructor(private readonly service: string) {
    this.model = loadModel(service);
  }

  /** All services of this protocol share one path: which is meant stands in the signature alone. */
  matches(request: IncomingMessage, path: string): boolean {
    return (
      path === "/" &&
      request.method === "POST" &&
      String(request.headers["content-type"]).startsWith("application/x-www-form-urlencoded") &&
      signedBy(request.headers.authorization).service === this.model.signingName
    );
  }

  read(_request: IncomingMessage, _path: string, body: Buffer): Call {
    const parameters = new URLSearchParams(body.toString("utf8"));
    const operation = parameters.get("Action");
    if (operation === null) throw new AwsError("MissingAction", "The request has no parameter Action.");
    const shape = hasOperation(this.service, operation) ? operationOf(this.model, operation).input : undefined;
    return { operation, input: shape ? (fromTree(this.model, shape, tree(parameters)) ?? {}) : {} };
  }

  answer(operation: string, output: object, requestId: string): Reply {
    const shape = operationOf(this.model, operation).output;
    const result = shape ? element(`${operation}Result`, toXml(this.model, shape, output)) : "";
    const metadata = element("ResponseMetadata", element("RequestId", requestId));
    return this.reply(200, `${operation}Response`, result + metadata, requestId);
  }

  refuse(error: AwsError, requestId: string): Reply {
    const { shape, code, status } = errorNames(this.service, error);
    const members = this.model.shapes[shape] ? toXml(this.model, shape, error.members) : "";
    const told =
      element("Type", status < 500 ? "Sender" : "Receiver") +
      element("Code", escape(code)) +
      element("Message", escape(error.message)) +
      members;
    return this.reply(status, "ErrorResponse", element("Error", told) + element("RequestId", requestId), requestId);
  }

  private reply(status: number, root: string, content: string, requestId: string): Reply {
    const body = `<${root} xmlns="${this.model.xmlNamespace ?? ""}">${content}</${root}>`;
    return { status, headers: { "content-type": "text/xml", "x-amzn-requestid": requestId }, body };
  }
}

/** Parameters by the parts of their names. */
interface Node {
  value?: string;
  readonly children: Map<string, Node>;
}

function tree(parameters: URLSearchParams): Node {
  const root: Node = { children: new Map() };
  for (const [name, value] of parameters) {
    let node = root;
    for (const part of name.split(".")) {
      const next = node.children.get(part) ?? { children: new Map<string, Node>() };
      node.children.set(part, next);
      node = next;
    }
    node.value = value;
  }
  return root;
}

/** What can't be converted stays text, which the model's check refuses with its path. */
function fromTree(model: ServiceModel, name: string, node: Node): unknown {
  const shape = shapeOf(model, name);
  const { value = "" } = node;
  switch (shape.type) {
    case "structure":
      return structure(model, shape.members ?? {}, node);
    case "list":
      return numbered(node.children.get("member")).map((each) => fromTree(model, shape.member ?? "", each));
    case "map":
      return Object.fromEntries(
        numbered(node.children.get("entry")).map((entry) => [
          entry.children.get("key")?.value ?? "",
          fromTree(model, shape.value ?? "", entry.children.get("value") ?? { children: new Map() }),
        ]),
      );
    case "integer":
    case "long":
      return /^[+-]?\d+$/.test(value) ? Number(value) : value;
    case "float":
    case "double":
      return value === "NaN" || (value.trim() !== "" && !Number.isNaN(Number(value))) ? Number(value) : value;
    case "boolean":
      return value === "true" ? true : value === "false" ? false : value;
    case "timestamp":
      return Number.isNaN(Date.parse(value)) ? value : Date.parse(value) / 1000;
    case "string":
    case "blob":
      return value;
  }
}

function structure(model: ServiceModel, members: Record<string, string>, node: Node): unknown {
  const entries = Object.entries(members).flatMap(([member, shape]) => {
    const child = node.children.get(member);
    return child ? [[member, fromTree(model, shape, child)]] : [];
  });
  return Object.fromEntries(entries) as unknown;
}

/** The children `1`, `2`, … in their order, whatever order they came in. */
function numbered(node: Node | undefined): Node[] {
  return [...(node?.children ?? [])].sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => child);
}

/** The content of an element. */
function toXml(model: ServiceModel, name: string, value: unknown): string {
  const shape = shapeOf(model, name);
  switch (shape.type) {
    case "structure":
      return Object.entries(shape.members ?? {})
        .map(([member, each]) => {
          const content = (value as Record<string, unknown>)[member];
          return content === undefined || content === null ? "" : element(member, toXml(model, each, content));
        })
        .join("");
    case "list":
      return (value as unknown[]).map((each) => element("member", toXml(model, shape.member ?? "", each))).join("");
    case "map":
      return Object.entries(value as object)
        .map(([key, each]) =>
          element("entry", element("key", escape(key)) + element("value", toXml(model, shape.value ?? "", each))),
        )
        .join("");
    case "timestamp":
      return new Date((value as number) * 1000).toISOString();
    case "string":
    case "integer":
    case "long":
    case "float":
    case "double":
    case "boolean":
    case "blob":
      return escape(String(value));
  }
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#xD;",
};

function escape(text: string): string {
  return text.replace(/[&<>"\r]/g, (character) => ENTITIES[character] ?? character);
}
