import type * as t from "io-ts";
import { list, optional, struct, withDefault } from "./codec";
import { AccountId, arn, BucketName, sageMakerName, StoragePrefix } from "./values";

/** How models go from one environment's stack to the next one's, each in an account of its own as a rule. */
export const Promotion = struct("Promotion", {
  /** Accounts whose stacks may take models from this one. Default: none. */
  readerAccountIds: withDefault(list(AccountId, 0), []),
  /** The stack that `npm run promote` takes models from: what its outputs say. Default: none are taken. */
  from: optional(
    struct("PromotionFrom", {
      accountId: AccountId,
      modelPackageGroupName: sageMakerName(63),
      bucketName: BucketName,
      /** Default fraud. */
      prefix: withDefault(StoragePrefix, "fraud"),
      kmsKeyArn: arn("kms", /key\/[\w-]+/, "arn:aws:kms:<region>:123456789012:key/<id>"),
    }),
  ),
});
export type Promotion = t.TypeOf<typeof Promotion>;
