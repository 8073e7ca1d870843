/** An administrator for as long as a smoke test takes, in the stage's own user pool. */
import { randomBytes } from "node:crypto";
import { getOutput, type StackOutputs } from "../aws/outputs.ts";
import type { CallAws } from "./aws-cli.ts";
import { Missing } from "./missing.ts";

/** Somebody who is signed in, and goes again. */
export interface Visitor {
  readonly token: string;
  leave(): Promise<void>;
}

interface SignedIn {
  readonly ChallengeName?: string;
  readonly AuthenticationResult?: { readonly AccessToken: string };
}

async function signIn(callAws: CallAws, outputs: StackOutputs, Username: string): Promise<string> {
  const UserPoolId = getOutput(outputs, "UserPoolId");
  // Longer and more colourful than any rule asks for.
  const Password = `${randomBytes(24).toString("base64")}aA1!`;
  const user = { UserPoolId, Username };
  await callAws("cognito-idp", "admin-set-user-password", { ...user, Password, Permanent: true });
  const GroupName = getOutput(outputs, "AdminGroup");
  await callAws("cognito-idp", "admin-add-user-to-group", { ...user, GroupName });
  const { AuthenticationResult, ChallengeName } = await callAws<SignedIn>(
    "cognito-idp",
    "admin-initiate-auth",
    {
      UserPoolId,
      ClientId: getOutput(outputs, "UserPoolClientId"),
      AuthFlow: "ADMIN_USER_PASSWORD_AUTH",
      AuthParameters: { USERNAME: Username, PASSWORD: Password },
    },
  );
  if (AuthenticationResult) return AuthenticationResult.AccessToken;
  throw new Missing(
    `The user pool asks everybody for a second factor (${ChallengeName}): say --token, an administrator's access token`,
  );
}

/**
 * Makes a user with a password that nobody knows, in the group that administers, and signs in as it. Whatever fails,
 * the user is gone again.
 *
 * @throws Missing when the stage believes another issuer, or asks everybody for a second factor
 */
export async function visitAsAdministrator(
  callAws: CallAws,
  outputs: StackOutputs,
): Promise<Visitor> {
  const { UserPoolId } = outputs;
  if (UserPoolId === undefined) {
    const issuer = outputs["Issuer"] ?? "another issuer";
    throw new Missing(
      `Tokens come from ${issuer}: say --token, an access token of an administrator`,
    );
  }
  const Username = `smoke-${randomBytes(6).toString("hex")}@example.com`;
  const leave = async () => {
    await callAws("cognito-idp", "admin-delete-user", { UserPoolId, Username });
  };
  await callAws("cognito-idp", "admin-create-user", {
    UserPoolId,
    Username,
    MessageAction: "SUPPRESS",
  });
  try {
    return { token: await signIn(callAws, outputs, Username), leave };
  } catch (error) {
    await leave();
    throw error;
  }
}
