import type {
  AddTagsInput,
  AddTagsOutput,
  DeleteTagsInput,
  ListTagsInput,
  ListTagsOutput,
} from "@aws-sdk/client-sagemaker";
import type { Wire } from "../server/json-service";
import { couldNotFind, invalid } from "./errors";
import { page } from "./paging";
import type { Store } from "../server/store";

/** A resource's tags by key, and the ARN they hang on. */
interface Tagged {
  arn: string;
  tags: Record<string, string>;
}

/** The most tags that a resource may have. */
const MAX_TAGS = 50;

/** The tags of every resource, by ARN. A resource has an entry from its creation to its deletion. */
export class Tags {
  private readonly collection;

  constructor(store: Store) {
    this.collection = store.collection<Tagged>("tags");
  }

  /** Called when a resource is made. */
  create(arn: string, tags: readonly { Key: string; Value: string }[] = []): void {
    this.collection.remove(arn);
    this.collection.insert(arn, { arn, tags: Object.fromEntries(tags.map((tag) => [tag.Key, tag.Value])) });
  }

  /** Called when a resource is deleted. */
  remove(arn: string): void {
    this.collection.remove(arn);
  }

  of(arn: string): Record<string, string> {
    return this.collection.get(arn)?.tags ?? {};
  }

  readonly operations = {
    AddTags: (input: Wire<AddTagsInput>): Promise<Wire<AddTagsOutput>> => {
      const merged = { ...this.known(input.ResourceArn) };
      for (const tag of input.Tags) merged[tag.Key] = tag.Value;
      if (Object.keys(merged).length > MAX_TAGS) throw invalid(`A resource can't have more than ${MAX_TAGS} tags.`);
      this.collection.update(input.ResourceArn, (document) => ({ ...document, tags: merged }));
      return Promise.resolve({ Tags: asList(merged) });
    },
    ListTags: (input: Wire<ListTagsInput>): Promise<Wire<ListTagsOutput>> => {
      const list = asList(this.known(input.ResourceArn));
      const { items, ...rest } = page("ListTags", list, input, (tag) => ({ name: tag.Key, created: 0 }), {
        order: "Ascending",
        sortBy: "Name",
        size: 50,
      });
      return Promise.resolve({ Tags: items, ...rest });
    },
    DeleteTags: (input: Wire<DeleteTagsInput>): Promise<object> => {
      this.known(input.ResourceArn);
      this.collection.update(input.ResourceArn, (document) => {
        for (const key of input.TagKeys) delete document.tags[key];
      });
      return Promise.resolve({});
    },
  };

  private known(arn: string): Record<string, string> {
    const tagged = this.collection.get(arn);
    if (!tagged) throw couldNotFind("resource", arn);
    return tagged.tags;
  }
}

function asList(tags: Record<string, string>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
