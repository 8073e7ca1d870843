/** What the runner and a function's worker thread say to each other. Events and results cross as JSON text, as on AWS. */

/** What a worker is started with. */
export interface WorkerSettings {
  /** Path of the bundle's module. */
  readonly file: string;
  /** Name of the export that handles events. */
  readonly handlerName: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMegabytes: number;
  /** How far its clock is ahead, or behind where it is negative. */
  readonly clockOffsetMs: number;
}

/** One invocation, from the runner to the worker. */
export interface InvokeMessage {
  readonly requestId: string;
  readonly event: string;
  readonly deadlineMs: number;
}

/** How a function's error is reported. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: string[];
}

/** What comes back: either a result (absent when the handler returned undefined) or an error. */
export interface ResultMessage {
  readonly requestId: string;
  readonly result?: string;
  readonly error?: FunctionError;
}
