import type { ResourceType, SearchRequest, SearchResponse } from "@aws-sdk/client-sagemaker";
import { loadModel, shapeOf } from "../aws-models";
import type { Wire } from "../server/json-service";
import { invalid } from "./errors";
import { page } from "./paging";
import { property, satisfies, valuesOf, type SearchRecord } from "./search-expression";
import type { Tags } from "./tags";

/** Resources that can be searched: where they are, and the member that holds their ARN. */
export interface Searchable {
  arnMember: string;
  all(): readonly object[];
}

export type Searchables = Partial<Record<ResourceType, Searchable>>;

/** What SageMaker sorts by when the request does not say. */
const DEFAULT_SORT = "LastModifiedTime";

/** Search over the resources that the local SageMaker keeps. */
export class Search {
  constructor(
    private readonly resources: Searchables,
    private readonly tags: Tags,
  ) {}

  readonly operations = {
    Search: (input: Wire<SearchRequest>): Promise<Wire<SearchResponse>> => Promise.resolve(this.search(input)),
  };

  private search(input: Wire<SearchRequest>): Wire<SearchResponse> {
    const kind = input.Resource;
    const resource = this.resources[kind];
    if (!resource) {
      const known = Object.keys(this.resources).join(", ");
      throw invalid(`The local SageMaker does not search for ${kind}: it knows ${known}.`);
    }
    const sortBy = property(kind, input.SortBy ?? sortable(kind)).path;
    const records = resource.all().map((document) => this.record(kind, document, resource.arnMember));
    const found = records.filter(
      (record) => !input.SearchExpression || satisfies(record, kind, input.SearchExpression),
    );
    // Nothing is shared with this account by another one.
    const visible = input.CrossAccountFilterOption === "CrossAccount" ? [] : found;
    const { items, ...next } = page("Search", visible, { ...input, SortBy: "Key" }, (record) => ({
      name: String(record[resource.arnMember]),
      created: Number(record["CreationTime"]),
      key: sortKey(valuesOf(record, sortBy)[0]),
    }));
    return {
      Results: items.map((record) => ({ [kind]: record })),
      TotalHits: { Value: visible.length, Relation: "EqualTo" },
      ...next,
    };
  }

  /** What a record of the kind has of a description, and the tags. */
  private record(kind: string, document: object, arnMember: string): SearchRecord {
    const members = shapeOf(loadModel("sagemaker"), kind).members ?? {};
    const entries = Object.entries(document).filter(([name]) => Object.hasOwn(members, name));
    const arn = String((document as Record<string, unknown>)[arnMember]);
    const tags = Object.entries(this.tags.of(arn)).map(([Key, Value]) => ({ Key, Value }));
    return { ...Object.fromEntries(entries), ...(Object.hasOwn(members, "Tags") ? { Tags: tags } : {}) };
  }
}

/** Resources that are never changed have no LastModifiedTime. */
function sortable(kind: string): string {
  const members = shapeOf(loadModel("sagemaker"), kind).members ?? {};
  return Object.hasOwn(members, DEFAULT_SORT) ? DEFAULT_SORT : "CreationTime";
}

/** Numbers stand before texts, and what has no value before both. */
function sortKey(value: unknown): string {
  if (typeof value === "number") return `1${orderedText(value)}`;
  return value === undefined ? "0" : `2${typeof value === "string" ? value : JSON.stringify(value)}`;
}

/** A text that stands among such texts where the number stands among numbers. */
function orderedText(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  const negative = ((bytes[0] ?? 0) & 0x80) !== 0;
  return Buffer.from(bytes.map((byte, index) => (negative ? ~byte : index === 0 ? byte | 0x80 : byte))).toString("hex");
}
