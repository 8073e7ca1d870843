/** Locks and holds by the time that is left, and ending one by force, having seen who loses what. */
import { useSignal } from "@preact/signals";
import { Emptiness } from "../parts/emptiness.tsx";
import { Left } from "../parts/left.tsx";
import type { Desk, Lock } from "./desk.ts";
import { SubjectButton } from "./subject-button.tsx";

/** What ending a lock takes away, in a sentence. */
function describeLoss({ kind, resource, owner, username, quantity, orderId }: Lock): string {
  const who = username ?? owner;
  if (kind === "item") return `${who} loses ${quantity} × ${resource} and order ${orderId} ends`;
  if (kind === "cart") return `order ${orderId} of ${who} ends, and the cart can be edited again`;
  return `${who} loses the right to save ${resource}; what is not saved yet stays with them`;
}

/** An order's holds end with the order; a document's lock by itself, and no later one than the one that was seen. */
async function end({ client }: Desk, lock: Lock, reason: string): Promise<void> {
  const { resource, fence, orderId } = lock;
  if (orderId) await client.releaseOrder({ params: { orderId }, body: { reason } });
  else {
    const docId = resource.replace(/^document\//, "");
    const body = { docId, reason, ...(fence === null ? {} : { fence }) };
    await client.forceReleaseLock({ body });
  }
}

function EndForm({ desk, lock, close }: { desk: Desk; lock: Lock; close: () => void }) {
  const reason = useSignal("");
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    const isDone = await desk.notices.attempt(async () => {
      await end(desk, lock, reason.value);
      await Promise.all([desk.locks.ask(), desk.stats.ask()]);
      return "Ended, with your reason on record.";
    });
    if (isDone) close();
  };
  return (
    <form onSubmit={send} aria-label={`End the lock on ${lock.resource}`}>
      <p>{describeLoss(lock)}.</p>
      <label>
        Reason{" "}
        <input
          required
          maxLength={500}
          value={reason.value}
          onInput={({ currentTarget }) => (reason.value = currentTarget.value)}
        />
      </label>{" "}
      <button type="submit" class="main">
        End it
      </button>{" "}
      <button type="button" onClick={close}>
        Keep it
      </button>
    </form>
  );
}

/** How the audit trail calls what is locked. */
function describeSubject({ kind, resource, orderId }: Lock): string {
  if (orderId) return `order/${orderId}`;
  return kind === "document"
    ? `lock/document/${resource.replace(/^document\//, "")}`
    : `lock/${resource}`;
}

/** Named locks are ended by who has them, or by time: the API ends documents' locks and orders' holds only. */
const canEnd = ({ kind, orderId }: Lock): boolean => kind === "document" || orderId !== null;

function Row({ desk, lock }: { readonly desk: Desk; readonly lock: Lock }) {
  const isAsking = useSignal(false);
  const { kind, resource, owner, username, fence, quantity, expiresAtMs } = lock;
  return (
    <tr>
      <th scope="row">
        <SubjectButton desk={desk} subject={describeSubject(lock)} name={resource} />
      </th>
      <td>{kind}</td>
      <td>{username ?? owner}</td>
      <td class="number">{quantity ?? fence}</td>
      <td class="number">
        <Left untilMs={expiresAtMs} />
      </td>
      <td>
        {isAsking.value ? (
          <EndForm desk={desk} lock={lock} close={() => (isAsking.value = false)} />
        ) : canEnd(lock) ? (
          <button type="button" onClick={() => (isAsking.value = true)}>
            End…
          </button>
        ) : null}
      </td>
    </tr>
  );
}

const makeKey = ({ kind, resource, owner, orderId }: Lock) =>
  [kind, resource, owner, orderId].join();

/** The third panel: what ends first stands first. */
export function LocksPanel({ desk }: { readonly desk: Desk }) {
  const locks = (desk.locks.value.value ?? []).toSorted(
    (one, other) => one.expiresAtMs - other.expiresAtMs,
  );
  return (
    <section aria-label="Locks">
      <h2>Locks and holds</h2>
      <Emptiness
        list={desk.locks.value.value}
        problem={desk.locks.problem.value}
        says="Nothing is locked or held."
      />
      <table hidden={locks.length === 0}>
        <caption>By the time that is left</caption>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Kind</th>
            <th scope="col">Whose</th>
            <th scope="col">Units or fence</th>
            <th scope="col">Left</th>
            <th scope="col">End</th>
          </tr>
        </thead>
        <tbody>
          {locks.map((lock) => (
            <Row key={makeKey(lock)} desk={desk} lock={lock} />
          ))}
        </tbody>
      </table>
    </section>
  );
}
