// A stack's configuration as a preview reads it: without what only the stack's own key opens.
import { parseDocument, visit, isMap, isScalar } from "yaml";

/** In the place of a configuration value that is kept as a secret. */
export const STAND_IN = "secret-stand-in";

/** What tells the engine how to open secrets. It would ask AWS for the key. */
const KEYS = ["secretsprovider", "encryptedkey", "encryptionsalt"];

/**
 * Configuration that the engine reads without a key: each value that is kept encrypted is a stand-in.
 *
 * @param text `Pulumi.<stack>.yaml`
 * @returns the text, and how many values stand in
 */
export function openConfiguration(text: string): { text: string; standIns: number } {
  const document = parseDocument(text);
  for (const key of KEYS) document.delete(key);
  let standIns = 0;
  visit(document, {
    Map(_, node) {
      if (node.items.length !== 1 || !isMap(node)) return undefined;
      const [pair] = node.items;
      if (!isScalar(pair?.key) || pair.key.value !== "secure") return undefined;
      standIns++;
      return document.createNode(STAND_IN);
    },
  });
  return { text: String(document), standIns };
}
