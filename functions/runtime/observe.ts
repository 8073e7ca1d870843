/** Logs and metrics of the functions: structured, correlated, without bodies, tokens or secrets. */
import { Logger } from "@aws-lambda-powertools/logger";
import { injectLambdaContext } from "@aws-lambda-powertools/logger/middleware";
import { HoldfastError } from "../../shared/base/errors.ts";
import type { Logger as DomainLogger } from "../../shared/base/logger.ts";
import type { Meter } from "../../shared/table/operation.ts";
import { countCost, countDenial, countRefusal, countUnmeant } from "./metrics.ts";
import { isContention, problems } from "./problem.ts";

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
  /** Adds the function's facts to every log line, and forgets those of the request before. */
  middleware: () => injectLambdaContext(logger, { resetKeys: true }),

  /**
   * Every line from here on carries this request's id, and so do the stream's about its changes; and it names
   * who asks, by nothing else of the token.
   */
  began({ requestContext }: Request, sub: string | undefined): void {
    logger.setCorrelationId(requestContext.requestId);
    if (sub !== undefined) logger.appendKeys({ sub });
  },

  /** A refusal by contention is a warning with its code; a fault is an error with its stack. */
  failure({ routeKey }: Request, error: unknown): void {
    if (!(error instanceof HoldfastError) || !problems[error.code]) {
      countUnmeant();
      logger.error("Request failed", { routeKey, error: error as Error });
      return;
    }
    countRefusal(error);
    const { code, fields } = error;
    // Why a provider failed or a method cannot be had is what whoever reads the log can act on.
    const { provider, reason, retriable } = fields;
    const cause = typeof reason === "string" ? { provider, reason, retriable } : {};
    if (isContention(error)) logger.warn("Refused", { routeKey, code, ...cause });
    else logger.info("Refused", { routeKey, code, ...cause });
  },

  /** One line a request: its outcome and what it cost in DynamoDB. */
  answered({ routeKey }: Request, status: number, meter: Meter, sub = "anyone"): void {
    logger.info("Answered", { routeKey, status, dynamodb: { ...meter } });
    if (status === 401 || status === 403) countDenial(status, sub);
    countCost(routeKey, meter);
  },
};
