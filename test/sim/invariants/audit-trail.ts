/**
 * A1: the streams are delivered late, repeatedly and out of order between items (in order for each),
 * and still the trail has an entry for every change and leads to the present state.
 */
import { isUsesId, parseUsesName } from "../../../shared/base/uses-id.ts";
import { isEnding, isNotice } from "./hot-books.ts";
import { isItemLine } from "../../../shared/base/line-id.ts";
import { type AuditEntry, isCopyOfPromotion, isOfLine } from "../../../shared/audit/audit.ts";
import { afterSteps, stepsBetween } from "../../../shared/audit/difference.ts";
import { withoutPerson } from "../../../shared/base/personal.ts";
import type { ItemChange } from "../../../shared/table/stream.ts";
import { epochMs } from "../../../shared/base/time.ts";
import { keyText } from "../engine/table.ts";
import type { Item } from "../engine/values.ts";
import { copyOfMap } from "../engine/values.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";
import type { Processes } from "../workloads/processes.ts";

export function changeOf(commit: Commit): ItemChange {
  const { key, oldImage, newImage, sequence, atMs, isTtlDeletion } = commit;
  return {
    eventId: `event-${sequence}`,
    sequence: String(sequence),
    key: copyOfMap(key) as ItemChange["key"],
    ...(oldImage ? { before: copyOfMap(oldImage) } : {}),
    ...(newImage ? { after: copyOfMap(newImage) } : {}),
    atMs: epochMs(Math.floor(atMs / 1000) * 1000),
    byTtl: isTtlDeletion,
  };
}

/** A lock's row without those who wait, whose coming and going is nothing that happens to the lock, and without names. */
function withoutLine(item: Item | undefined): string {
  const entries = Object.entries(withoutPerson(item ?? {})).filter(
    ([attribute]) => !isOfLine(attribute),
  );
  return JSON.stringify(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** Where the entries of one subject lead. */
function replay(entries: readonly AuditEntry[]): object {
  const ordered = entries.toSorted((one, other) => (one.at < other.at ? -1 : 1));
  return afterSteps(
    {},
    ordered.flatMap(({ steps }) => steps),
  );
}

export class Auditor {
  readonly #world: World;
  readonly #processes: Processes;
  readonly #queues = new Map<string, Commit[]>();
  readonly #told: Commit[] = [];

  constructor(world: World, processes: Processes) {
    this.#world = world;
    this.#processes = processes;
    world.observers.push((commit) => this.#take(commit));
  }

  #take(commit: Commit): void {
    const { definition } = this.#world.engine.table(commit.table);
    // Events are told by what follows their own table.
    if (!definition.hasStream || commit.table === "Outbox") return;
    const name = `${commit.table} ${keyText(definition, commit.key)}`;
    const queue = this.#queues.get(name);
    if (queue) queue.push(commit);
    else this.#queues.set(name, [commit]);
  }

  /** Delivers while the shop is open, now and then something twice. */
  async follow(isOpen: () => boolean): Promise<void> {
    while (isOpen()) {
      await this.#world.sleep(this.#world.random.int(100, 20_000));
      await this.#deliverSome();
    }
  }

  /** Delivers the rest, and compares the trail with the tables. */
  async finish(): Promise<void> {
    while (this.#queues.size > 0) await this.#deliverSome();
    this.#check();
  }

  async #deliverSome(): Promise<void> {
    const { random } = this.#world;
    const names = [...this.#queues.keys()];
    if (names.length === 0) return;
    const name = random.pick(names);
    const queue = this.#queues.get(name)!;
    const batch = queue.slice(0, random.int(1, 5));
    for (const commit of batch) {
      const isDone = await this.#deliver(commit);
      if (!isDone) return;
      this.#told.push(commit);
      queue.shift();
    }
    if (queue.length === 0) this.#queues.delete(name);
    // A batch may come again as a whole, also after later ones.
    if (this.#told.length > 0 && random.chance(0.15)) await this.#deliver(random.pick(this.#told));
  }

  async #deliver(commit: Commit): Promise<boolean> {
    const change = changeOf(commit);
    const answer = await this.#processes.request("changes", async (system) => {
      await system.audit.record(change);
      await system.orderMovements.record(change);
    });
    return answer.kind === "done";
  }

  #check(): void {
    const entries = this.#world.engine.table("Audit").items() as unknown as AuditEntry[];
    const bySubject = Map.groupBy(entries, ({ subject }) => subject);
    const kinds = [
      ["Locks", "resource", "lock"],
      ["Carts", "cartId", "cart"],
      ["Orders", "orderId", "order"],
      ["Stock", "itemId", "item"],
      ["Promotions", "code", "promotion"],
      ["Documents", "documentId", "document"],
    ] as const;
    this.#checkTold(entries);
    const replays = new Map<string, object>();
    const replayOf = (subject: string): object => {
      const known = replays.get(subject) ?? replay(bySubject.get(subject) ?? []);
      replays.set(subject, known);
      return known;
    };
    // Who stood still for long may close a settlement row once more that has ended: what it said is told already.
    const ended = new Set(
      this.#told
        .filter(({ oldImage, newImage }) => isEnding(oldImage) && !newImage)
        .map(({ key }) => `${String(key["itemId"])} ${String(key["shard"])}`),
    );
    for (const [table, key, kind] of kinds) {
      for (const item of this.#world.engine.table(table).items()) {
        if (isItemLine(item)) continue;
        if (isCopyOfPromotion(item) || isNotice(item) || isEnding(item)) continue;
        if (ended.has(`${String(item["itemId"])} ${String(item["shard"])}`)) continue;
        // A further row of an item stands in the item's own trail, below its name.
        const owner = item["item"] === undefined ? undefined : String(item["item"]);
        const row = owner && `${String(item[key]).slice(owner.length)}@${String(item["shard"])}`;
        const id = owner ?? String(item[key]);
        const subject = isUsesId(id) ? `uses/${parseUsesName(id)}` : `${kind}/${id}`;
        this.#checkReplay(subject, item, replayOf(subject), row);
      }
    }
  }

  #checkTold(entries: readonly AuditEntry[]): void {
    const bySequence = Map.groupBy(entries, ({ at }) => Number(at.split("#")[1]));
    for (const { sequence, table, by, key, oldImage, newImage } of this.#told) {
      if (isItemLine(key)) continue;
      if (table === "Locks" && withoutLine(oldImage) === withoutLine(newImage)) continue;
      if (table === "Promotions" && isCopyOfPromotion(key)) continue;
      if (isNotice(newImage) || isEnding(newImage ?? oldImage)) continue;
      const own = bySequence.get(sequence);
      if (!own) {
        const change = `change ${sequence} of ${table} by ${by?.label}`;
        throw new InvariantBroken("A1", `${change} left no entry`);
      }
      if (own.some(({ actor }) => !actor || actor === "system:unknown")) {
        throw new InvariantBroken("A1", `change ${sequence} of ${table} has no actor`);
      }
    }
  }

  #checkReplay(subject: string, item: Item, all: object, row?: string): void {
    // The rows of an item stand below their names.
    const isRow = (name: string): boolean => name.includes("@");
    const own = Object.fromEntries(Object.entries(all).filter(([name]) => !isRow(name)));
    const state = row === undefined ? own : ((all as Record<string, object>)[row] ?? {});
    const isLock = subject.startsWith("lock/");
    const difference = stepsBetween(state as never, copyOfMap(item)).filter(
      ({ path: [attribute] }) => !isLock || !isOfLine(attribute),
    );
    const told = stepsBetween({}, copyOfMap(item));
    // Long texts stand in the trail as fingerprints: what is still different must be one of those.
    const left = difference.filter(
      ({ path, value }) =>
        !told.some(
          (step) =>
            step.path.join("/") === path.join("/") &&
            step.value === value &&
            typeof value === "string" &&
            value.startsWith("sha256:"),
        ),
    );
    if (left.length > 0) {
      throw new InvariantBroken("A1", `${subject}: the trail misses ${JSON.stringify(left)}`);
    }
  }
}
