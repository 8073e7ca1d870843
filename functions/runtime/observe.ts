/** Logs and metrics of the functions: structured, correlated, without bodies, tokens or secrets. */
import { Logger } from "@aws-lambda-powertools/logger";
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware";
import { HoldfastError } from "../../shared/base/errors.ts";
import type { Logger as DomainLogger } from "../../shared/base/logger.ts";
import type { Meter } from "../../shared/table/operation.ts";

/** The logger of this function. */
export const logger = new Logger();

/** The same logger in the shape that the domain asks for. */
export const domainLogger: DomainLogger = {
  debug: (message, fields = {}) => logger.debug(message, fields),
  info: (message, fields = {}) => logger.info(message, fields),
  warn: (message, fields = {}) => logger.warn(message, fields),
  error: (message, fields = {}) => logger.error(message, fields),
};

interface Request {
  readonly routeKey: string;
  readonly requestContext: { readonly requestId: string };
}

/** What the HTTP chain reports of each request. */
export const observe = {
  /** Adds the request's ids to every log line. */
  middleware: () =>
    injectLambdaContext(logger, {
      correlationIdPath: "requestContext.requestId",
      resetKeys: true,
    }),

  /** A refusal is a warning with its code; a fault is an error with its stack. */
  failure(event: Request, error: unknown): void {
    const { routeKey } = event;
    if (error instanceof HoldfastError) logger.warn("Refused", { routeKey, code: error.code });
    else logger.error("Request failed", { routeKey, error: error as Error });
  },

  /** One line a request: its outcome and what it cost in DynamoDB. */
  answered({ routeKey }: Request, status: number, meter: Meter): void {
    logger.info("Answered", { routeKey, status, dynamodb: { ...meter } });
  },
};
