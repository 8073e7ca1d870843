/** A crowd at one item, in front of a DynamoDB that is as narrow, or as slow, as makes a small crowd a large one. */
import { defaultContention } from "../../local/contention/settings.ts";
import type { Drill, Scene } from "./drill.ts";
import { createItem, fresh, mustSend, times } from "./shopping.ts";

const crowd = 40;

/** So many buyers at once; how many of them were told to come again. */
async function storm(scene: Scene, itemId: string): Promise<number> {
  const items = [{ itemId, quantity: 1 }];
  const answers = await times(crowd, () =>
    scene.send("POST /order/me", { items, paymentMethod: "sandbox" }, fresh("buyer")),
  );
  return answers.filter(({ status }) => status === 503).length;
}

function crowded(given: Pick<Drill, "name" | "rings" | "contention">): Drill {
  let itemId: string | undefined;
  return {
    ...given,
    entry: "DynamoDB is busy",
    async provoke(scene) {
      itemId ??= await createItem(scene, "sandbox", 100_000);
      await storm(scene, itemId);
    },
    async mend(scene) {
      const before = await storm(scene, itemId!);
      await mustSend(scene, `PATCH /items/${itemId}`, { shards: 40 }, "admin");
      const after = await storm(scene, itemId!);
      scene.say(`of ${crowd} buyers ${before} were sent away, and ${after} once it was spread`);
    },
  };
}

/** The drills of the database. */
export const databaseDrills: readonly Drill[] = [
  crowded({
    name: "database-busy",
    rings: ["DatabaseThrottles", "TriedInVain"],
    contention: { ...defaultContention, partitionWriteUnits: 5 },
  }),
  crowded({
    name: "database-conflicts",
    rings: ["DatabaseConflicts"],
    contention: { ...defaultContention, busy: { medianMs: 100, p99Ms: 150 } },
  }),
];
