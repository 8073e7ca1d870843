import { expect, test } from "vitest";
import { again, OnceMore } from "../../../shared/base/again.ts";
import { TryAgain } from "../../../shared/base/errors.ts";

/** An attempt that something moves under so many times. */
function movingTimes(times: number, worn?: Error) {
  const rounds: number[] = [];
  const attempt = async (round: number) => {
    rounds.push(round);
    return round < times ? new OnceMore(worn) : "done";
  };
  return { rounds, attempt };
}

test("what moved is looked at again until it stands still", async () => {
  const { rounds, attempt } = movingTimes(2);
  await expect(again(3, attempt)).resolves.toBe("done");
  expect(rounds).toEqual([0, 1, 2]);
});

test("when no round is left, somebody may try again", async () => {
  const { rounds, attempt } = movingTimes(3);
  await expect(again(3, attempt)).rejects.toThrow(TryAgain);
  expect(rounds).toEqual([0, 1, 2]);
});

test("an attempt can say what it comes to when no round is left", async () => {
  const worn = new RangeError("worn");
  await expect(again(3, movingTimes(3, worn).attempt)).rejects.toBe(worn);
});

test("what an attempt throws is final", async () => {
  const failed = new Error("refused");
  const work = again(3, async (round) => {
    if (round === 0) throw failed;
  });
  await expect(work).rejects.toBe(failed);
});

test("an attempt may hand back nothing", async () => {
  await expect(again(1, async () => undefined)).resolves.toBeUndefined();
});
