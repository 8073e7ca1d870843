/** No name that a route takes can be `.` or `..`: whoever sends one takes them for steps of an address. */
import { expect, test } from "vitest";
import { z } from "zod";
import { endpoints } from "../../../shared/api/index.ts";

interface Named {
  readonly route: string;
  readonly field: string;
  readonly schema: z.ZodType;
}

const named: Named[] = endpoints.flatMap(({ method, path, params }) => {
  const { shape } = params as unknown as z.ZodObject<Record<string, z.ZodType>>;
  return Object.entries(shape ?? {}).map(([field, schema]) => {
    return { route: `${method} ${path}`, field, schema };
  });
});

test("of the path", () => {
  expect(named.length).toBeGreaterThan(40);
  const taken = named.filter(({ schema }) =>
    [".", ".."].some((step) => schema.safeParse(step).success),
  );
  expect(taken.map(({ route, field }) => `${route} ${field}`)).toEqual([]);
});

/** Fields of bodies and queries that become a part of an address, or of a row's key, sooner or later. */
const identifying = /^(itemId|sessionId|fromSessionId|instance|docId|userId|code|name|endpointId)$/;

test("of bodies and queries that name what has an address", () => {
  const found = endpoints.flatMap(({ method, path, body, query }) =>
    [body, query].flatMap((part) => {
      const { shape = {} } = part as unknown as Partial<z.ZodObject<Record<string, z.ZodType>>>;
      return Object.entries(shape)
        .filter(([field]) => identifying.test(field))
        .filter(([field]) => !(field === "name" && !path.startsWith("/locks")))
        .filter(([, schema]) => [".", ".."].some((step) => schema.safeParse(step).success))
        .map(([field]) => `${method} ${path} ${field}`);
    }),
  );
  expect(found).toEqual([]);
});
