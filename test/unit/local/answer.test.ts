/** What API Gateway makes of a function's result. */
import { expect, test } from "vitest";
import { createAnswer } from "../../../local/http/answer.ts";

const result = (value: unknown) => createAnswer(JSON.stringify(value));

test("a structured result gives status, headers, cookies and body", () => {
  expect(
    result({
      statusCode: 201,
      headers: { ETag: '"1"', "X-Count": 3, Connection: "close" },
      cookies: ["a=1", "b=2"],
      body: "made",
    }),
  ).toEqual({
    status: 201,
    headers: {
      "content-type": "text/plain;charset=UTF-8",
      etag: '"1"',
      "x-count": "3",
      "set-cookie": ["a=1", "b=2"],
    },
    body: "made",
  });
});

test("a base64 body is decoded", () => {
  const { body } = result({ statusCode: 200, body: "AAEC", isBase64Encoded: true });
  expect(body).toEqual(Buffer.from([0, 1, 2]));
});

test("a bare value is the JSON body of a 200", () => {
  expect(result({ a: 1 })).toMatchObject({ status: 200, body: '{"a":1}' });
  expect(result("text")).toMatchObject({ status: 200, body: "text" });
  expect(createAnswer(undefined)).toMatchObject({ status: 200, body: "null" });
});

test.each([{ statusCode: "no" }, { statusCode: 99 }, { statusCode: 200, body: { a: 1 } }])(
  "the senseless result %j is a 500",
  (value) => {
    expect(result(value)).toMatchObject({
      status: 500,
      body: '{"message":"Internal Server Error"}',
    });
  },
);
