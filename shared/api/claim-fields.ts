/** What the contracts of claims to carts and to orders share. */
import { z } from "zod";
import { instantField, text } from "./fields.ts";

/** The secret by which a claim is shown. */
export const claimField = text(128);
/** A claim as the reference shows one. */
export const exampleClaim = "clm_5b2f1c6e0d9a4f7b8c3e2a1d0f9b8c7a";
/** A claim that was made: whoever shows it before that instant gets what it is to. */
export const offered = z.object({ claim: z.string(), expiresAtMs: instantField });
