/** The payment providers by name: the one list that the domain, the contract and the stack take it from. */

/** Every provider; a new one begins here. */
export const providerNames = ["stripe", "razorpay", "wompi", "sandbox"] as const;

/** The name of one of them. */
export type ProviderName = (typeof providerNames)[number];
