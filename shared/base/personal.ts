/** What in a row tells of a person beyond an id: what the audit trail leaves out, and what an erasure takes away. */

type Fields = Readonly<Record<string, unknown>>;

/** Of orders, carts and locks; no other row has attributes of these names. */
const attributes = /^(?:customer|shipTo|note|metadata|ownerName)$|^metadata:/s;

/** Whether an attribute is about a person as a whole. */
export function isPersonal(attribute: string): boolean {
  return attributes.test(attribute);
}

function withoutName(place: Fields): Fields {
  const { username: _username, owner, ...rest } = place;
  const isNamed = typeof owner === "object" && owner !== null;
  if (owner === undefined) return rest;
  return { ...rest, owner: isNamed ? withoutName(owner as Fields) : owner };
}

/** A parcel that can be followed leads to somebody's door. */
function withoutTracking(sent: Fields): Fields {
  if (sent["tracking"] === undefined) return sent;
  const { tracking: _tracking, ...rest } = sent;
  return { ...rest, fingerprint: erased };
}

/** Stands where a fingerprint of something was that is gone. */
export const erased = "erased";

/** What is left of an attribute that is more than a person's. */
function withoutParts(name: string, value: unknown): unknown {
  if (name === "fulfilments" && Array.isArray(value)) {
    return value.map((sent) => withoutTracking(sent as Fields));
  }
  const isPlace = name.startsWith("lock:") || name.startsWith("waiter_");
  return isPlace && typeof value === "object" ? withoutName(value as Fields) : value;
}

/** A row without what tells of a person: ids, amounts, lines and everything else stay as they are. */
export function withoutPerson(row: Fields): Fields {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => !isPersonal(name))
      .map(([name, value]) => [name, withoutParts(name, value)]),
  );
}

/** Whether whoever acted is nobody, but a provider or the system: their reasons are from a list. */
export function isMachine(actor: string): boolean {
  return /^(?:system|provider):/.test(actor);
}
