/** Which worlds a release is on its way into. Apart, because the world itself is in the package, and releases are not. */
import type { World } from "../scheduler/world.ts";
import type { Deployment } from "./deployment.ts";

const deployments = new WeakMap<object, Deployment>();

/** From now on both releases serve there. */
export function deploy(world: World, deployment: Deployment): void {
  deployments.set(world, deployment);
}

/** Where two releases serve one shop: which of them does when. */
export function findDeployment(world: object): Deployment | undefined {
  return deployments.get(world);
}
