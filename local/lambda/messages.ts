/** What the runner and a function's worker thread say to each other. Events and results cross as JSON text, as on AWS. */

/** What a worker is started with. */
export interface WorkerSettings {
  /** Path of the bundle's module. */
  file: string;
  /** Name of the export that handles events. */
  handlerName: string;
  functionName: string;
  functionArn: string;
  memoryMegabytes: number;
}

/** One invocation, from the runner to the worker. */
export interface InvokeMessage {
  requestId: string;
  event: string;
  deadlineMs: number;
}

/** How a function's error is reported. */
export interface FunctionError {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

/** What comes back: either a result (absent when the handler returned undefined) or an error. */
export interface ResultMessage {
  requestId: string;
  result?: string;
  error?: FunctionError;
}
