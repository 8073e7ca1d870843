/** A claim: whoever shows it may have a cart, or an order, once. It is how what a guest has becomes a member's. */
import { HoldfastError } from "../../base/errors.ts";

/** How long a claim is good for: long enough to sign up and confirm an address. */
export const claimLifeMs = 3_600_000;

/** Why a claim is not accepted. */
export const claimRefusals = ["unknown", "used", "expired"] as const;

/** One of these. */
export type ClaimRefusal = (typeof claimRefusals)[number];

const details: Readonly<Record<ClaimRefusal, string>> = {
  unknown: "There is no such claim",
  used: "This claim was used already",
  expired: "The time of this claim is over",
};

/** The claim gives nothing (any more); nothing was changed. */
export class ClaimNotAccepted extends HoldfastError {
  /** The cart, or the user, that it went to. */
  readonly usedBy: string | undefined;

  constructor(reason: ClaimRefusal, usedBy?: string) {
    super("CLAIM_NOT_ACCEPTED", details[reason], { reason });
    this.usedBy = usedBy;
  }
}
