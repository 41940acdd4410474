// The SDK can put a function of a program into a Lambda function. To do so it reads packages' trees and TypeScript, with
// libraries that take half of its loading, in each program. Here they are loaded when something of them is first used.
// To be imported before anything of the SDK.
import { createRequire, Module } from "node:module";

const ofSdk = createRequire(require.resolve("@pulumi/pulumi/package.json"));

/** Puts what loads a module on its first use in the module's place, for those who import it later. */
function defer(name: string): void {
  const file = ofSdk.resolve(name);
  if (require.cache[file]) return;
  const placeholder = new Module(file);
  let module: Record<PropertyKey, unknown> | undefined;
  const load = () => {
    if (require.cache[file] === placeholder) Reflect.deleteProperty(require.cache, file);
    return (module ??= ofSdk(name) as Record<PropertyKey, unknown>);
  };
  placeholder.filename = file;
  placeholder.loaded = true;
  // The SDK's compiled imports ask for the mark first, and would copy what has none, all of it.
  placeholder.exports = new Proxy({}, { get: (_, key) => (key === "__esModule" ? true : load()[key]) });
  require.cache[file] = placeholder;
}

defer("@npmcli/arborist");
defer("./typescript-shim");
