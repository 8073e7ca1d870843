/** The sweep: what EventBridge Scheduler runs once a minute. */

export async function handler(): Promise<void> {}
