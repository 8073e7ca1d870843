/** What becomes of a call to a provider whose SDK is not there: whoever takes a part of Holdfast installs those that they use. */
import { ProviderFailed, type ProviderName } from "./provider.ts";

/**
 * Hands on why an SDK could not be loaded. It stands right behind each `import()`: a bundler then takes a package that is
 * missing for something that is dealt with.
 *
 * @throws ProviderFailed for good, with the reason `sdk_not_installed`
 */
export function notInstalled(provider: ProviderName): () => never {
  return () => {
    throw new ProviderFailed(provider, "sdk_not_installed", false);
  };
}
