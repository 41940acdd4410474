const compiled = new Map<string, RegExp | undefined>();

/**
 * A model's pattern as a JavaScript expression that has to match the whole string: nine of ten patterns carry no
 * anchors, and the services match them whole.
 *
 * @returns undefined where the pattern is written for Java alone (POSIX classes, possessive quantifiers, inline
 *   flags): in JavaScript it would not compile, or would silently mean something else
 */
export function wholeString(pattern: string): RegExp | undefined {
  if (!compiled.has(pattern)) compiled.set(pattern, compile(pattern));
  return compiled.get(pattern);
}

/** What only Java understands, or understands differently from a JavaScript expression without the `u` flag. */
const JAVA_ONLY = /\\p\{|\\[AzZQE]|\[\[:|\(\?[a-z]|&&\[|[*+?}]\+/;

function compile(pattern: string): RegExp | undefined {
  const unicode = tryCompile(pattern, "us");
  if (unicode) return unicode;
  return JAVA_ONLY.test(pattern) ? undefined : tryCompile(pattern, "s");
}

function tryCompile(pattern: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`, flags);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
