// Generated from api/openapi.json by `npm run build:client`: change the document, not this file.

export interface paths {
  "/predict": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Scores 1 to 1,000 transactions.
     * @description A transaction is fraud where its probability reaches the model's threshold. Nothing is scored where anything is wrong with the request: the answer names everything.
     */
    post: operations["predict"];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  "/health": {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** Says whether the endpoint serves, which model, and since when. */
    get: operations["health"];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    /** @description Finite, in 32 bits. */
    Feature: number;
    Transaction: {
      /** @description The caller's own; it comes back with the prediction. Default: the position, from 0. */
      id?: string;
      /** @description Seconds since the first transaction of the data. */
      Time: components["schemas"]["Feature"];
      V1: components["schemas"]["Feature"];
      V2: components["schemas"]["Feature"];
      V3: components["schemas"]["Feature"];
      V4: components["schemas"]["Feature"];
      V5: components["schemas"]["Feature"];
      V6: components["schemas"]["Feature"];
      V7: components["schemas"]["Feature"];
      V8: components["schemas"]["Feature"];
      V9: components["schemas"]["Feature"];
      V10: components["schemas"]["Feature"];
      V11: components["schemas"]["Feature"];
      V12: components["schemas"]["Feature"];
      V13: components["schemas"]["Feature"];
      V14: components["schemas"]["Feature"];
      V15: components["schemas"]["Feature"];
      V16: components["schemas"]["Feature"];
      V17: components["schemas"]["Feature"];
      V18: components["schemas"]["Feature"];
      V19: components["schemas"]["Feature"];
      V20: components["schemas"]["Feature"];
      V21: components["schemas"]["Feature"];
      V22: components["schemas"]["Feature"];
      V23: components["schemas"]["Feature"];
      V24: components["schemas"]["Feature"];
      V25: components["schemas"]["Feature"];
      V26: components["schemas"]["Feature"];
      V27: components["schemas"]["Feature"];
      V28: components["schemas"]["Feature"];
      Amount: components["schemas"]["Feature"];
    };
    PredictRequest: {
      transactions: components["schemas"]["Transaction"][];
    };
    Model: {
      name: string;
      /** @description Number of the model package in its group. */
      version: string;
      packageArn: string;
    };
    Reason: {
      feature: string;
      /** @description What the feature adds to the log-odds of fraud; below 0 it speaks for a legitimate transaction. */
      contribution: number;
    };
    Prediction: {
      id: string;
      /** @description Names the scored transaction: keep it, and give it with the label once that is known. */
      inferenceId: string;
      probability: number;
      /** @enum {string} */
      decision: "fraud" | "legitimate";
      /** @description The strongest first; where reasons were asked for. */
      reasons?: components["schemas"]["Reason"][];
    };
    PredictAnswer: {
      requestId: string;
      model: components["schemas"]["Model"];
      /** @description Probability from which the decision is fraud. */
      threshold: number;
      predictions: components["schemas"]["Prediction"][];
    };
    HealthAnswer: {
      /** @enum {string} */
      status: "ok";
      model: components["schemas"]["Model"];
      /**
       * Format: date-time
       * @description When the endpoint last changed.
       */
      since: string;
    };
    Violation: {
      /** @description Where, such as `transactions.3.V7`; empty for the body itself. */
      path: string;
      reason: string;
    };
    Problem: {
      /** @description urn:fraud-platform:problem: and the code */
      type: string;
      title: string;
      status?: number;
      detail: string;
      code: string;
      requestId: string;
      violations?: components["schemas"]["Violation"][];
    };
  };
  responses: {
    /** @description Something is wrong with the request: everything that is stands under `violations`. */
    Invalid: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        "application/problem+json": components["schemas"]["Problem"];
      };
    };
    /** @description Who asks is not known: where the stack has an authorizer. */
    Unauthorized: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        "application/problem+json": components["schemas"]["Problem"];
      };
    };
    /** @description The key is missing or not valid, or whoever asks may not. */
    Forbidden: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        "application/problem+json": components["schemas"]["Problem"];
      };
    };
    /** @description More than 1,000 transactions, or more than 2,000,000 bytes. */
    TooLarge: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        "application/problem+json": components["schemas"]["Problem"];
      };
    };
    /** @description The body is neither application/json nor text/csv. */
    UnsupportedMediaType: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        "application/problem+json": components["schemas"]["Problem"];
      };
    };
    /** @description The request is well formed, and the model in service does not take it. */
    NotScorable: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        "application/problem+json": components["schemas"]["Problem"];
      };
    };
    /** @description The key's rate or quota is used up. */
    TooManyRequests: {
      headers: {
        /** @description Seconds after which another try makes sense. */
        "Retry-After"?: number;
        [name: string]: unknown;
      };
      content: {
        "application/problem+json": components["schemas"]["Problem"];
      };
    };
    /** @description The request could not be answered; give its id when you report this. */
    Failed: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        "application/problem+json": components["schemas"]["Problem"];
      };
    };
    /** @description The model in service failed. */
    ModelFailed: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        "application/problem+json": components["schemas"]["Problem"];
      };
    };
    /** @description No model is in service, or it can't answer now. */
    Unavailable: {
      headers: {
        /** @description Seconds after which another try makes sense. */
        "Retry-After"?: number;
        [name: string]: unknown;
      };
      content: {
        "application/problem+json": components["schemas"]["Problem"];
      };
    };
  };
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
  predict: {
    parameters: {
      query?: {
        /** @description How many reasons each prediction comes with: the features that moved it most. */
        reasons?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["PredictRequest"];
        "text/csv": string;
      };
    };
    responses: {
      /** @description A prediction for each transaction, in their order. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["PredictAnswer"];
        };
      };
      400: components["responses"]["Invalid"];
      401: components["responses"]["Unauthorized"];
      403: components["responses"]["Forbidden"];
      413: components["responses"]["TooLarge"];
      415: components["responses"]["UnsupportedMediaType"];
      422: components["responses"]["NotScorable"];
      429: components["responses"]["TooManyRequests"];
      500: components["responses"]["Failed"];
      502: components["responses"]["ModelFailed"];
      503: components["responses"]["Unavailable"];
    };
  };
  health: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The endpoint serves. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          "application/json": components["schemas"]["HealthAnswer"];
        };
      };
      429: components["responses"]["TooManyRequests"];
      500: components["responses"]["Failed"];
      503: components["responses"]["Unavailable"];
    };
  };
}
