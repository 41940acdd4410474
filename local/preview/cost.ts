// What a stack costs a month, as far as there is a sourced price: what has none is listed, never guessed.
import * as t from "io-ts";
import { isLeft } from "fp-ts/Either";
import { isObject } from "../provider/values";
import priceFile from "./prices.json";

const Price = t.type({
  /** What is billed: `service:thing`. */
  item: t.string,
  /** `*`: the same in all. */
  regions: t.array(t.string),
  usd: t.number,
  per: t.union([t.literal("hour"), t.literal("month")]),
  /** When the source said so: YYYY-MM-DD. */
  date: t.string,
  source: t.string,
});

export const PriceFile = t.type({
  hoursPerMonth: t.number,
  prices: t.array(Price),
  /** Types, by the beginning of their token, that AWS does not bill. */
  free: t.array(t.type({ types: t.array(t.string), date: t.string, source: t.string })),
  /** Types that are billed by what is done with them, which no program tells. */
  byUse: t.array(t.type({ types: t.array(t.string), by: t.string, source: t.string })),
});
export type PriceFile = t.TypeOf<typeof PriceFile>;

export const Cost = t.type({
  currency: t.literal("USD"),
  region: t.string,
  /** Of what is priced, in the head. */
  monthly: t.number,
  /** Head less base. */
  difference: t.number,
  resources: t.array(
    t.type({
      urn: t.string,
      /** `4 × sagemaker:hosting:ml.m5.xlarge`. */
      items: t.array(t.string),
      monthly: t.number,
      difference: t.number,
    }),
  ),
  unpriced: t.array(t.type({ urn: t.string, type: t.string, reason: t.string })),
  /** Dates of the oldest and the newest price that was used; null where none was. */
  pricesFrom: t.union([t.string, t.null]),
  pricesTo: t.union([t.string, t.null]),
});
export type Cost = t.TypeOf<typeof Cost>;

/** A resource as two programs declare it. */
export interface Priced {
  urn: string;
  type: string;
  before: Record<string, unknown> | undefined;
  after: Record<string, unknown> | undefined;
}

/** So many of something that is billed. */
interface Item {
  item: string;
  quantity: number;
}

type Inputs = Record<string, unknown>;

/** What of a resource is billed for being there. */
const BILLED: Record<string, (inputs: Inputs) => Item[]> = {
  "aws:kms/key:Key": () => [{ item: "kms:key", quantity: 1 }],
  "aws:cloudwatch/metricAlarm:MetricAlarm": (inputs) => [
    { item: "cloudwatch:alarm-metric", quantity: metrics(inputs) },
  ],
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": () => [{ item: "cloudwatch:composite-alarm", quantity: 1 }],
  "aws:cloudwatch/dashboard:Dashboard": () => [{ item: "cloudwatch:dashboard", quantity: 1 }],
  "aws:secretsmanager/secret:Secret": () => [{ item: "secretsmanager:secret", quantity: 1 }],
  "aws:ec2/eip:Eip": () => [{ item: "ec2:public-ipv4", quantity: 1 }],
  "aws:ec2/natGateway:NatGateway": () => [{ item: "ec2:nat-gateway", quantity: 1 }],
  "aws:ec2/vpcEndpoint:VpcEndpoint": interfaceEndpoints,
  "aws:lambda/function:Function": hosting,
};

/** An alarm is billed for each metric that it looks at; expressions are none. */
function metrics({ metricQueries }: Inputs): number {
  if (!Array.isArray(metricQueries)) return 1;
  return metricQueries.filter((query) => isObject(query) && query["metric"] !== undefined).length;
}

/** Interface endpoints are billed in each zone; those of S3 and DynamoDB that are gateways are not. */
function interfaceEndpoints({ vpcEndpointType, subnetIds }: Inputs): Item[] {
  if (vpcEndpointType !== "Interface") return [];
  return [{ item: "ec2:interface-endpoint", quantity: Array.isArray(subnetIds) ? subnetIds.length : 1 }];
}

/** What the function that deploys models is told of the endpoint, as far as it is billed. */
const Capacity = t.union([
  t.type({ instances: t.type({ instanceType: t.string, minCapacity: t.number }) }),
  t.type({ serverless: t.UnknownRecord }),
]);
const DeployModel = t.type({
  variables: t.type({ MODEL_ROLE_ARN: t.string, ENDPOINT_SETTINGS: t.string }),
});

/**
 * The endpoint is made by the function that deploys models, from what its environment says: its least instances. Without
 * instances it is billed by its use.
 */
function hosting({ environment }: Inputs): Item[] {
  const deploys = DeployModel.decode(environment);
  if (isLeft(deploys)) return [];
  const settings = t.type({ capacity: Capacity }).decode(JSON.parse(deploys.right.variables.ENDPOINT_SETTINGS));
  if (isLeft(settings)) return [{ item: "sagemaker:hosting", quantity: 1 }];
  const { capacity } = settings.right;
  if (!("instances" in capacity)) return [];
  const { instanceType, minCapacity } = capacity.instances;
  return [{ item: `sagemaker:hosting:${instanceType}`, quantity: minCapacity }];
}

/** The prices that come with the project. @throws Error where the file is not what it should be */
export function installedPrices(): PriceFile {
  const decoded = PriceFile.decode(priceFile);
  if (isLeft(decoded)) throw new Error("local/preview/prices.json is not a price file: see PriceFile in cost.ts");
  return decoded.right;
}

/** What the resources cost a month in a region, and how much more than before. */
export function costOf(resources: readonly Priced[], region: string, file: PriceFile): Cost {
  const book = new Book(region, file);
  const lines = resources.map((resource) => book.line(resource));
  const priced = lines.filter(({ items, difference }) => items.length > 0 || difference !== 0);
  const dates = [...book.dates].sort();
  return {
    currency: "USD",
    region,
    monthly: cents(sum(lines.map(({ monthly }) => monthly))),
    difference: cents(sum(lines.map(({ difference }) => difference))),
    resources: priced.map(({ urn, items, monthly, difference }) => ({
      urn,
      items,
      monthly: cents(monthly),
      difference: cents(difference),
    })),
    unpriced: lines.flatMap(({ urn, type, reason }) => (reason === undefined ? [] : [{ urn, type, reason }])),
    pricesFrom: dates[0] ?? null,
    pricesTo: dates.at(-1) ?? null,
  };
}

interface Line extends Priced {
  items: string[];
  monthly: number;
  difference: number;
  reason: string | undefined;
}

class Book {
  readonly dates = new Set<string>();

  constructor(
    private readonly region: string,
    private readonly file: PriceFile,
  ) {}

  line(resource: Priced): Line {
    const { type, before, after } = resource;
    const [old, now] = [this.billed(type, before), this.billed(type, after)];
    const unpriced = [...now, ...old].filter(({ usd }) => usd === undefined).map(({ item }) => item);
    const total = (items: typeof now) => sum(items.map(({ usd, quantity }) => (usd ?? 0) * quantity));
    const known = [...now, ...old].filter(({ usd }) => usd !== undefined);
    return {
      ...resource,
      items:
        known.length === 0
          ? []
          : now.filter(({ usd }) => usd !== undefined).map(({ quantity, item }) => `${quantity} × ${item}`),
      monthly: total(now),
      difference: total(now) - total(old),
      reason:
        unpriced.length > 0
          ? `local/preview/prices.json has no price of ${[...new Set(unpriced)].join(", ")} in ${this.region}`
          : this.unbilled(type),
    };
  }

  private billed(type: string, inputs: Inputs | undefined) {
    const items = inputs ? (BILLED[type]?.(inputs) ?? []) : [];
    return items.map(({ item, quantity }) => ({ item, quantity, usd: this.monthly(item) }));
  }

  /** USD a month. */
  private monthly(item: string): number | undefined {
    const isHere = (regions: string[]) => regions.includes("*") || regions.includes(this.region);
    const price = this.file.prices.find((each) => each.item === item && isHere(each.regions));
    if (!price) return undefined;
    this.dates.add(price.date);
    return price.per === "hour" ? price.usd * this.file.hoursPerMonth : price.usd;
  }

  /** Why nothing is charged for being there; undefined where something is, or where AWS never charges. */
  private unbilled(type: string): string | undefined {
    const isOne = ({ types }: { types: string[] }) => types.some((each) => type.startsWith(each));
    if (!type.startsWith("aws:") || this.file.free.some(isOne)) return undefined;
    const use = this.file.byUse.find(isOne);
    if (use) return `billed by use: ${use.by}`;
    return BILLED[type] ? undefined : "local/preview/prices.json does not know the type";
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Rounded to cents. */
function cents(usd: number): number {
  return Math.round(usd * 100) / 100;
}
