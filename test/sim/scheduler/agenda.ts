/** What is to happen and when: a heap by time, first come first served at the same instant. */

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => void;
}

function comesBefore(one: Entry, other: Entry): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/** The events of a world that have not happened yet. */
export class Agenda {
  readonly #heap: Entry[] = [];
  #added = 0;

  add(atMs: number, action: () => void): void {
    this.#added += 1;
    const heap = this.#heap;
    heap.push({ atMs, order: this.#added, action });
    let child = heap.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!comesBefore(heap[child]!, heap[parent]!)) break;
      [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
      child = parent;
    }
  }

  take(): Entry | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    heap[0] = last;
    let parent = 0;
    for (;;) {
      const left = 2 * parent + 1;
      const right = left + 1;
      let least = parent;
      if (left < heap.length && comesBefore(heap[left]!, heap[least]!)) least = left;
      if (right < heap.length && comesBefore(heap[right]!, heap[least]!)) least = right;
      if (least === parent) return first;
      [heap[parent], heap[least]] = [heap[least]!, heap[parent]!];
      parent = least;
    }
  }
}
