/** The one base class of every error that the domain means to raise; HTTP is unknown here. */

/** Extra facts that an error hands to the caller, for example who holds a lock. */
export type ErrorFields = Readonly<Record<string, unknown>>;

/**
 * An outcome that the domain expects and names: a refusal, a missing thing, a limit.
 *
 * `code` is stable and meant for programs, `message` is one sentence for people, `fields` carry what
 * made the error, so that an answer can name the holder of a lock without a second read. Whatever is
 * not a HoldfastError is a fault of ours.
 */
export class HoldfastError extends Error {
  readonly code: string;
  readonly fields: ErrorFields;

  constructor(code: string, detail: string, fields: ErrorFields = {}) {
    super(detail);
    this.name = new.target.name;
    this.code = code;
    this.fields = fields;
  }
}

/** One thing wrong with an input: where it is (`items.0.quantity`) and what is wrong with it. */
export interface InputIssue {
  readonly path: string;
  readonly message: string;
}

/** An input that breaks its schema or a limit; nothing was read or written. */
export class InvalidRequest extends HoldfastError {
  constructor(issues: readonly InputIssue[]) {
    const first = issues[0];
    super("INVALID_REQUEST", first ? `${first.path}: ${first.message}` : "Invalid request", {
      issues,
    });
  }
}

/** The caller is known but may not do this; nothing was read or written. */
export class Forbidden extends HoldfastError {
  constructor(detail = "You may not do this") {
    super("FORBIDDEN", detail);
  }
}

/** More lines or bytes than a limit allows; nothing was changed. `limit` is that limit. */
export class TooLarge extends HoldfastError {
  constructor(detail: string, limit: number) {
    super("TOO_LARGE", detail, { limit });
  }
}

/** Contention or throttling outlasted the retries; nothing was changed, so repeating is safe. */
export class TryAgain extends HoldfastError {
  constructor(detail = "Too busy right now: nothing was changed, please try again") {
    super("TRY_AGAIN", detail);
  }
}
