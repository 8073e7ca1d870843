/** The settings of a shop as a record, typed by their definitions. */
import type { IUserPool, IUserPoolClient } from "aws-cdk-lib/aws-cognito";
import type { ICertificate } from "aws-cdk-lib/aws-certificatemanager";
import type { IHostedZone } from "aws-cdk-lib/aws-route53";
import type { definitions, providerDefinitions } from "../../infra/settings/definitions.ts";
import type { Definition } from "../../infra/settings/definition.ts";
import { readSettings, type Settings, SettingsError } from "../../infra/settings/settings.ts";
import type { ProviderName } from "../../shared/api/payment-providers.ts";

type Definitions = typeof definitions;
type ProviderDefinitions = typeof providerDefinitions;

type ValueOf<D extends Definition> = D extends {
  readonly kind: "choice";
  readonly choices: readonly (infer Choice)[];
}
  ? Choice
  : D extends { readonly kind: "number" }
    ? number
    : D extends { readonly kind: "list" }
      ? string | readonly string[]
      : string;

type OfProviders = {
  readonly [Part in keyof ProviderDefinitions as `payment.${ProviderName}.${Part}`]?: ValueOf<
    ProviderDefinitions[Part]
  >;
};

/** Every setting of docs/settings.md by its key. The stage is part of names that are unique in an account. */
export type ShopSettings = {
  readonly [Key in keyof Definitions]?: ValueOf<Definitions[Key]>;
} & OfProviders & { readonly stage: string };

/** An address of one's own for the API. */
export interface ShopDomain {
  /** Like `api.example.com`. */
  readonly name: string;
  /** Of the stack's region; with `edge: "on"` of us-east-1. */
  readonly certificate: ICertificate;
  /** Gets the records; without it a CNAME to `domainTarget` is yours to make. */
  readonly zone?: IHostedZone;
}

/** What of a shop is somebody's own, and is told to it as settings. */
export interface OwnParts {
  readonly domain?: ShopDomain | undefined;
  readonly userPool?: IUserPool | undefined;
  readonly userPoolClients?: readonly IUserPoolClient[] | undefined;
}

function tellDomain({ domain }: OwnParts): Record<string, unknown> {
  if (!domain) return {};
  const { name, certificate, zone } = domain;
  const hostedZone = zone && { hostedZone: zone.hostedZoneId };
  return { domain: name, certificate: certificate.certificateArn, ...hostedZone };
}

function tellTokens({ userPool, userPoolClients = [] }: OwnParts): Record<string, unknown> {
  if (!userPool && userPoolClients.length === 0) return {};
  if (!userPool || userPoolClients.length === 0) {
    throw new SettingsError(["userPool and userPoolClients must be given together"]);
  }
  return {
    issuer: `https://cognito-idp.${userPool.env.region}.amazonaws.com/${userPool.userPoolId}`,
    audience: userPoolClients.map(({ userPoolClientId }) => userPoolClientId),
  };
}

/**
 * Checks settings, and takes what is somebody's own among them. Context has no part in it.
 *
 * @throws SettingsError naming everything that is wrong
 */
export function readShopSettings(given: ShopSettings, own: OwnParts): Settings {
  const told: Record<string, unknown> = { ...tellDomain(own), ...tellTokens(own) };
  const twice = Object.keys(told).filter((key) => key in given);
  if (twice.length > 0) {
    throw new SettingsError(twice.map((key) => `${key} is given twice: once among the settings`));
  }
  const all: Record<string, unknown> = { ...given, ...told };
  if (all["pages"] === "on") {
    throw new SettingsError(["pages=on works from the sources alone: the package has no pages"]);
  }
  // A stage that nobody named would give goods away for nothing and have the routes of tests.
  if (!all["stage"]) throw new SettingsError(["stage is missing: its settings name it"]);
  return readSettings({ tryGetContext: (key) => all[key], getAllContext: () => all });
}
