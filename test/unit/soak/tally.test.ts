/** What a soak counts as broken, and the clocks that it puts wrong. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../../local/root.ts";
import { Tally } from "../../../scripts/soak/tally.ts";

test("one key that placed two orders is broken, and the same one told twice is not", () => {
  const tally = new Tally();
  tally.orderPlaced("key", { orderId: "ord_1" });
  tally.orderPlaced("key", { orderId: "ord_1" });
  expect([tally.of("orders"), tally.broken]).toEqual([1, []]);
  tally.orderPlaced("key", { orderId: "ord_2" });
  expect(tally.broken).toEqual(["the key key placed ord_1 and ord_2"]);
});

test("a version that two saves were told of is broken", () => {
  const tally = new Tally();
  tally.documentSaved("doc", 1, "a");
  tally.documentSaved("doc", 2, "b");
  tally.documentSaved("doc", 2, "b");
  expect([tally.of("saves"), tally.broken]).toEqual([2, []]);
  tally.documentSaved("doc", 2, "c");
  expect(tally.broken).toEqual(["doc version 2: b and c"]);
});

test("a clock that was put wrong is wrong however it is read, and tells other instants as they are", () => {
  const script = `
    import { shiftClock } from ${JSON.stringify(join(ROOT, "local", "lambda", "clock.ts"))};
    const now = Date.now();
    shiftClock(3_600_000);
    const ahead = [Date.now(), new Date().getTime(), Date.parse(Date())].map((ms) => ms - now);
    const other = [new Date(0).getTime(), Date.UTC(1970, 0, 1), new Date() instanceof Date];
    console.log(JSON.stringify([ahead.map((ms) => Math.round(ms / 60_000)), other]));`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", script],
    {
      encoding: "utf8",
    },
  );
  expect([stdout.trim(), stderr]).toEqual(["[[60,60,60],[0,0,true]]", ""]);
});

test("what a soak does not know is told in one line, with what there is", () => {
  const parameters = [join(ROOT, "scripts", "soak.ts"), "--minutes", "soon"];
  const { status, stderr } = spawnSync(process.execPath, parameters, { encoding: "utf8" });
  expect([status, stderr.split("\n")[0]]).toEqual([
    2,
    "--minutes must be a number from 0 to 1440, not soon",
  ]);
});
