import type { Plugin } from "esbuild";

/** What of Pulumi's SDK no plugin uses, by what it is imported as, and whom. */
const LEFT_OUT: readonly { imported: RegExp; by?: RegExp }[] = [
  // Stacks, run from a program.
  { imported: /^\.\/automation$/, by: /@pulumi\/pulumi\/index\.js$/ },
  // What turns functions of a program into Lambda functions.
  { imported: /^@npmcli\/arborist$/ },
  { imported: /\/typescript-shim$/ },
];

/** Bundles Pulumi's SDK without what no plugin uses: most of what it loads. Whoever uses it all the same is told. */
export const leanSdk: Plugin = {
  name: "lean-sdk",
  setup(build) {
    for (const { imported, by } of LEFT_OUT) {
      build.onResolve({ filter: imported }, ({ path, importer }) =>
        !by || by.test(importer) ? { path, namespace: "left-out" } : undefined,
      );
    }
    build.onLoad({ filter: /./, namespace: "left-out" }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get(_, name) {
        if (name === "__esModule") return true;
        throw new Error(${JSON.stringify(`${path} was left out of this bundle (local/provider/lean-bundle.ts)`)});
      } });`,
    }));
  },
};
