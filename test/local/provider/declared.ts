import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";

const PROJECT_ROOT = resolve(__dirname, "..", "..", "..");
const DECLARATIONS = dirname(require.resolve("@pulumi/aws/package.json"));
/** Blocks within blocks are told apart down to here. */
const MAX_DEPTH = 6;

/** Class of a type: `aws:sqs/queue:Queue` is `Queue` of `sqs/queue.d.ts`. */
function classOf(type: string): { file: string; name: string } {
  const [, module = "", name = ""] = type.split(":");
  return { file: join(DECLARATIONS, `${module}.d.ts`), name };
}

/** What a class declares of an input: a value, or a block with inputs of its own, of which there may be a list. */
export type Declared = "string" | "number" | "boolean" | "other" | { block: Record<string, Declared>; list: boolean };

/** What TypeScript knows of `@pulumi/aws`, as the platform's components use it. Takes some seconds to make. */
export class Declarations {
  private readonly program: ts.Program;
  private readonly checker: ts.TypeChecker;
  private readonly components: string[];

  constructor() {
    const directory = join(PROJECT_ROOT, "components");
    this.components = readdirSync(directory).map((file) => join(directory, file));
    const config = ts.readConfigFile(join(PROJECT_ROOT, "tsconfig.json"), (path) => readFileSync(path, "utf8"));
    const { compilerOptions } = config.config as { compilerOptions: object };
    const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, PROJECT_ROOT);
    this.program = ts.createProgram(this.components, options);
    this.checker = this.program.getTypeChecker();
  }

  /** The inputs of a type with all that they hold. */
  inputs(type: string): Record<string, Declared> {
    return this.block(this.checker.getTypeAtLocation(this.argumentsOf(type)), 0);
  }

  /** The inputs that a program can't leave out. */
  required(type: string): string[] {
    const members = this.argumentsOf(type).members.filter((member) => !member.questionToken);
    return members.map((member) => (member.name as ts.Identifier).text);
  }

  private argumentsOf(type: string): ts.InterfaceDeclaration {
    const { file, name } = classOf(type);
    const source = this.program.getSourceFile(file);
    const args = source?.statements.filter(ts.isInterfaceDeclaration).find((one) => one.name.text === `${name}Args`);
    if (!args) throw new Error(`${file} has no ${name}Args`);
    return args;
  }

  /** The outputs of resources that the components read: type → names. */
  outputsRead(): Map<string, Set<string>> {
    const read = new Map<string, Set<string>>();
    const note = (object: ts.Node, name: string): void => {
      const declared = this.checker.getTypeAtLocation(object).getSymbol()?.declarations?.[0];
      const path = declared?.getSourceFile().fileName ?? "";
      if (!declared || !ts.isClassDeclaration(declared) || !path.startsWith(`${DECLARATIONS}/`)) return;
      const module = path.slice(DECLARATIONS.length + 1).replace(/\.d\.ts$/, "");
      const type = `aws:${module}:${declared.name?.text}`;
      read.set(type, (read.get(type) ?? new Set()).add(name));
    };
    const visit = (node: ts.Node): void => {
      if (ts.isPropertyAccessExpression(node)) note(node.expression, node.name.text);
      if (ts.isObjectBindingPattern(node)) {
        for (const { propertyName, name } of node.elements) note(node, (propertyName ?? name).getText());
      }
      ts.forEachChild(node, visit);
    };
    for (const file of this.components) {
      const source = this.program.getSourceFile(file);
      if (source) visit(source);
    }
    return read;
  }

  private block(type: ts.Type, depth: number): Record<string, Declared> {
    if (depth > MAX_DEPTH) return {};
    const properties = type.getProperties().map((property) => {
      const [declaration] = property.declarations ?? [];
      if (!declaration) throw new Error(`${property.name} is declared nowhere`);
      return [property.name, this.declared(this.checker.getTypeOfSymbolAtLocation(property, declaration), depth)];
    });
    return Object.fromEntries(properties) as Record<string, Declared>;
  }

  /** `Input<T>` is a T, a promise of one or an output of one: the T is what counts. */
  private declared(type: ts.Type, depth: number): Declared {
    const alternatives = type.isUnion() ? type.types : [type];
    for (const one of alternatives) {
      const [element] = this.checker.isArrayType(one) ? this.checker.getTypeArguments(one as ts.TypeReference) : [];
      if (element) {
        const inner = this.declared(element, depth);
        return typeof inner === "object" ? { ...inner, list: true } : "other";
      }
      const declaration = one.getSymbol()?.declarations?.[0];
      if (declaration && declaration.getSourceFile().fileName.endsWith(join("types", "input.d.ts"))) {
        return { block: this.block(one, depth + 1), list: false };
      }
    }
    const has = (flag: ts.TypeFlags) => alternatives.some(({ flags }) => (flags & flag) !== 0);
    if (has(ts.TypeFlags.StringLike)) return "string";
    if (has(ts.TypeFlags.NumberLike)) return "number";
    return has(ts.TypeFlags.BooleanLike) ? "boolean" : "other";
  }
}
