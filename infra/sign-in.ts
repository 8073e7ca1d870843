/** Where tokens come from: the owner's own issuer when one is configured, else a Cognito user pool. */
import { Duration, RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import { HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import {
  CfnUserPoolGroup,
  FeaturePlan,
  Mfa,
  OAuthScope,
  UserPool,
  UserPoolEmail,
} from "aws-cdk-lib/aws-cognito";
import type { UserPoolClient } from "aws-cdk-lib/aws-cognito";
import type { Construct } from "constructs";
import type { Settings } from "./settings/settings.ts";

/** Who the API believes, and the user pool behind it if the stack made one. */
export interface SignIn {
  readonly authorizer: HttpJwtAuthorizer;
  readonly issuer: string;
  readonly audience: string;
  /** Where hosted pages are, if there are any. */
  readonly pages?: string;
  readonly userPool?: { readonly pool: UserPool; readonly client: UserPoolClient };
  /** As whom our own pages sign people in, where the stack has them. */
  readonly pagesClient?: string;
}

/** Origins that our own pages talk to while somebody signs in; known before anything is made. */
export function listSignInOrigins(scope: Construct, settings: Settings): string[] {
  if (settings.tokens) return [new URL(settings.tokens.issuer).origin];
  const { region } = Stack.of(scope);
  const pages = settings.hostedPages && [
    `https://${settings.hostedPages.prefix}.auth.${region}.amazoncognito.com`,
  ];
  return [`https://cognito-idp.${region}.amazonaws.com`, ...(pages ?? [])];
}

/**
 * Creates the authorizer of the API, and a user pool with the group that administers unless an issuer is given. Where
 * our own pages stand at an address, the pool knows them as a client of their own.
 */
export function createSignIn(scope: Construct, settings: Settings, pagesUrl?: string): SignIn {
  if (settings.tokens) {
    const { issuer, audience } = settings.tokens;
    return believe(issuer, audience, settings.pages?.client);
  }
  const pool = createUserPool(scope, settings);
  const client = pool.addClient("Client", {
    authFlows: {
      userSrp: true,
      userPassword: !settings.production,
      // For whoever has rights over the pool in AWS, and may let anybody in anyway: `npm run smoke`.
      adminUserPassword: true,
    },
    generateSecret: false,
    preventUserExistenceErrors: true,
    accessTokenValidity: Duration.hours(1),
    ...configureOAuth(settings),
  });
  const pages = hostPages(pool, settings);
  const { region } = Stack.of(scope);
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${pool.userPoolId}`;
  const pagesClient = pagesUrl === undefined ? undefined : addPagesClient(pool, pagesUrl);
  return {
    ...believe(issuer, [client.userPoolClientId], pagesClient),
    userPool: { pool, client },
    ...(pages !== undefined && { pages }),
  };
}

/** Our own pages take a code and nothing else, and lead back to where they stand; whoever lost a group loses it soon. */
function addPagesClient(pool: UserPool, pagesUrl: string): string {
  const client = pool.addClient("PagesClient", {
    generateSecret: false,
    preventUserExistenceErrors: true,
    enableTokenRevocation: true,
    accessTokenValidity: Duration.minutes(15),
    idTokenValidity: Duration.minutes(15),
    refreshTokenValidity: Duration.hours(12),
    oAuth: {
      flows: { authorizationCodeGrant: true },
      scopes: [OAuthScope.OPENID, OAuthScope.EMAIL, OAuthScope.PROFILE],
      callbackUrls: [`${pagesUrl}/console`],
      logoutUrls: [`${pagesUrl}/`],
    },
  });
  return client.userPoolClientId;
}

/** What tokens of our own pages are for is believed, too, and not told to shops. */
function believe(issuer: string, audience: readonly string[], pagesClient?: string): SignIn {
  const own = pagesClient === undefined ? [] : [pagesClient];
  const jwtAudience = [...new Set([...audience, ...own])];
  const authorizer = new HttpJwtAuthorizer("Tokens", issuer, { jwtAudience });
  return {
    authorizer,
    issuer,
    audience: audience.join(","),
    ...(pagesClient !== undefined && { pagesClient }),
  };
}

const plans = {
  lite: FeaturePlan.LITE,
  essentials: FeaturePlan.ESSENTIALS,
  plus: FeaturePlan.PLUS,
};

/** Hosted pages hand over a code, never a token; without them there is no OAuth at all. */
function configureOAuth({ hostedPages }: Settings) {
  if (!hostedPages?.callbackUrls.length) return { disableOAuth: true };
  return {
    oAuth: {
      flows: { authorizationCodeGrant: true },
      scopes: [OAuthScope.OPENID, OAuthScope.EMAIL, OAuthScope.PROFILE],
      callbackUrls: [...hostedPages.callbackUrls],
      logoutUrls: [...hostedPages.callbackUrls],
    },
  };
}

function hostPages(pool: UserPool, { hostedPages }: Settings): string | undefined {
  if (!hostedPages) return undefined;
  const domain = pool.addDomain("Pages", { cognitoDomain: { domainPrefix: hostedPages.prefix } });
  return domain.baseUrl();
}

function createUserPool(scope: Construct, settings: Settings): UserPool {
  const { production } = settings;
  const pool = new UserPool(scope, "Users", {
    selfSignUpEnabled: true,
    signInAliases: { email: true },
    autoVerify: { email: true },
    mfa: settings.mfa === "required" ? Mfa.REQUIRED : Mfa.OPTIONAL,
    mfaSecondFactor: { otp: true, sms: false },
    passwordPolicy: {
      minLength: 12,
      requireLowercase: true,
      requireUppercase: true,
      requireDigits: true,
      requireSymbols: true,
    },
    featurePlan: plans[settings.cognitoPlan],
    ...(settings.mailFrom !== undefined && {
      email: UserPoolEmail.withSES({
        fromEmail: settings.mailFrom,
        sesRegion: Stack.of(scope).region,
      }),
    }),
    deletionProtection: production,
    removalPolicy: production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  new CfnUserPoolGroup(scope, "Administrators", {
    userPoolId: pool.userPoolId,
    groupName: settings.adminGroup,
    description: "May call the administration routes",
  });
  if (settings.documentAccess === "group") {
    new CfnUserPoolGroup(scope, "Editors", {
      userPoolId: pool.userPoolId,
      groupName: settings.editorsGroup,
      description: "May edit documents that have no access list",
    });
  }
  Validations.of(pool).acknowledge(
    { id: "AwsSolutions-COG2", reason: "Shoppers choose whether they want a second factor" },
    {
      id: "AwsSolutions-COG8",
      reason: "Threat protection is a paid plan; an owner who wants it can switch it on",
    },
    {
      id: "AwsSolutions-COG3",
      reason: "Threat protection is a paid plan; an owner who wants it can switch it on",
    },
  );
  return pool;
}
