/** The parts of the OpenAPI document that have names: every schema with an `id` of its own stands in it once. */
import { z } from "zod";

/** A JSON schema, or another object of the document. */
export type JsonObject = Record<string, unknown>;

/** Collects what has a name, and hands out references to it. */
export interface Components {
  /** A zod schema as JSON schema; parts of it that have an `id` become references. */
  schema(schema: z.ZodType, io: "input" | "output"): JsonObject;
  /** A reference to a response that is kept under this name. */
  response(name: string, response: JsonObject): JsonObject;
  /** What was collected so far. */
  collected(): { readonly schemas: JsonObject; readonly responses: JsonObject };
}

/** A reference to a schema by its name. */
export function schemaRef(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** Makes a collection that begins with these schemas. */
export function createComponents(given: JsonObject): Components {
  const schemas: JsonObject = { ...given };
  const responses: JsonObject = {};

  function keep(into: JsonObject, name: string, part: unknown): void {
    const known = into[name];
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(part)) {
      throw new Error(`Two parts of the document are called ${name}`);
    }
    into[name] = part;
  }

  return {
    schema(schema, io) {
      const made = z.toJSONSchema(schema, { io, unrepresentable: "any" });
      const text = JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/');
      const { $schema: _dialect, $defs = {}, ...rest } = JSON.parse(text) as JsonObject;
      for (const [name, part] of Object.entries($defs as JsonObject)) {
        const { id: _id, ...named } = part as JsonObject;
        keep(schemas, name, named);
      }
      return rest;
    },
    response(name, response) {
      keep(responses, name, response);
      return { $ref: `#/components/responses/${name}` };
    },
    collected: () => ({ schemas, responses }),
  };
}
