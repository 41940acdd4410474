// What the SDK does beside running a program, and nobody reads: a third of a program's time.
/* eslint-disable @typescript-eslint/no-require-imports -- what is put in place must be seen by the SDK itself */
import log = require("@pulumi/pulumi/log");
import debuggable = require("@pulumi/pulumi/runtime/debuggable");
/* eslint-enable @typescript-eslint/no-require-imports */

type Debuggable = (promise: Promise<unknown>, context: unknown) => Promise<unknown>;

// Each resource says three times what is done to it, in a call to the engine each, one after the other, of which the
// engine shows nothing.
Object.assign(log, { debug: () => Promise.resolve() });

// Each promise keeps the stack of where it was made, for the message about those that never end. Whoever looks for one
// sets the variable that the SDK names then.
if (!process.env["PULUMI_DEBUG_PROMISE_LEAKS"]) {
  const { debuggablePromise } = debuggable as unknown as { debuggablePromise: Debuggable };
  Object.assign(debuggable, {
    debuggablePromise: (promise: Promise<unknown>, context: unknown) => {
      const limit = Error.stackTraceLimit;
      Error.stackTraceLimit = 0;
      try {
        return debuggablePromise(promise, context);
      } finally {
        Error.stackTraceLimit = limit;
      }
    },
  });
}
