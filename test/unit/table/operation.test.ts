/** What an operation carries along: its meter and its times. */
import { describe, expect, it } from "vitest";
import {
  currentOperation,
  newMeter,
  runOperation,
  withMoreTime,
} from "../../../shared/table/operation.ts";

describe("what has to be done although patience is over", () => {
  const operation = { meter: newMeter(), deadlineMs: 100, patientUntilMs: 10 };
  const seen = (moreMs: number) =>
    runOperation(operation, () =>
      withMoreTime({ moreMs, nowMs: 12 }, async () => currentOperation()),
    );

  it("has so much time more, and counts in the same meter", async () => {
    expect(await seen(20)).toEqual({ ...operation, patientUntilMs: 32 });
    expect((await seen(20))?.meter).toBe(operation.meter);
  });

  it("ends with the deadline all the same", async () => {
    expect(await seen(1_000)).toMatchObject({ patientUntilMs: 100, deadlineMs: 100 });
  });

  it("needs no operation around it", async () => {
    expect(await withMoreTime({ moreMs: 1, nowMs: 0 }, async () => currentOperation())).toBe(
      undefined,
    );
  });
});
