/** `Map.groupBy` for Node 20, which parts of the package still run on. */

/** The entries of a list by what they have in common, in the order in which each group was met first. */
export function groupBy<Entry, Name>(
  list: Iterable<Entry>,
  nameOf: (entry: Entry) => Name,
): Map<Name, Entry[]> {
  const groups = new Map<Name, Entry[]>();
  for (const entry of list) {
    const name = nameOf(entry);
    const group = groups.get(name);
    if (group) group.push(entry);
    else groups.set(name, [entry]);
  }
  return groups;
}
