/** Keeps the last lines that functions wrote, since there is no CloudWatch here to look them up in. */

/** One line of a function's log. */
export interface LogLine {
  readonly function: string;
  readonly atMs: number;
  readonly text: string;
}

/** The last lines of all functions. */
export interface LogBook {
  write(functionName: string, text: string): void;
  /** Oldest first; of one function, or of all. */
  lines(functionName?: string): LogLine[];
}

const MOST_LINES = 5000;

/** Makes an empty book. @param onLine is called with every line as it is written. */
export function createLogBook(onLine: (line: LogLine) => void = () => {}): LogBook {
  let lines: LogLine[] = [];
  return {
    write(functionName, text) {
      for (const part of text.split("\n")) {
        if (part.trim() === "") continue;
        const line = { function: functionName, atMs: Date.now(), text: part };
        lines.push(line);
        onLine(line);
      }
      if (lines.length > 2 * MOST_LINES) lines = lines.slice(-MOST_LINES);
    },
    lines: (functionName) =>
      lines.filter((line) => !functionName || line.function === functionName),
  };
}
