/** Somebody who listens over a real WebSocket, and remembers everything that came. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, paginateScan } from "@aws-sdk/lib-dynamodb";
import { expect } from "vitest";
import type { TestServer } from "./server.ts";
import { localClientSettings } from "./tables.ts";

/** What came over the socket. */
export interface Said {
  readonly type: string;
  readonly topic?: string;
  readonly id?: string;
  readonly [field: string]: unknown;
}

/** A socket that is open. */
export interface Ear {
  readonly socket: WebSocket;
  readonly said: Said[];
  /** Sends and waits for the answer: the next thing that is no fact. */
  ask(message: unknown): Promise<Said>;
  /** Waits until this was heard, and gives it. */
  hear(type: string, topic: string): Promise<Said>;
  close(): Promise<void>;
}

/** How a socket ended that never was: browsers are told no more than that. */
export class NotOpened extends Error {}

/** Opens a socket at an address. @throws NotOpened when it is refused */
export async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new NotOpened()), { once: true });
  });
  return socket;
}

/** The address of a connection for this user. */
export async function liveUrl(server: TestServer, as: string, groups?: string[]): Promise<string> {
  const { status, body } = await server.call("GET /live", { as, ...(groups ? { groups } : {}) });
  expect(status).toBe(200);
  return body.url;
}

/** Listens as this user. */
export async function listen(server: TestServer, as: string, groups?: string[]): Promise<Ear> {
  const socket = await openSocket(await liveUrl(server, as, groups));
  const said: Said[] = [];
  socket.addEventListener("message", ({ data }) => said.push(JSON.parse(String(data)) as Said));
  const isAnswer = ({ id }: Said): boolean => id === undefined;
  return {
    socket,
    said,
    async ask(message) {
      const before = said.filter(isAnswer).length;
      socket.send(typeof message === "string" ? message : JSON.stringify(message));
      await expect.poll(() => said.filter(isAnswer).length).toBeGreaterThan(before);
      return said.filter(isAnswer)[before]!;
    },
    async hear(type, topic) {
      const find = () => said.find((one) => one.type === type && one.topic === topic);
      await expect.poll(find, { message: `${type} of ${topic}` }).toBeDefined();
      return find()!;
    },
    async close() {
      if (socket.readyState === WebSocket.CLOSED) return;
      const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
      socket.close();
      await closed;
    },
  };
}

/** Every row of live updates that a server has. */
export async function liveRows(server: TestServer): Promise<Record<string, unknown>[]> {
  const bare = new DynamoDBClient(localClientSettings(server.dynamoDbEndpoint));
  const client = DynamoDBDocumentClient.from(bare);
  const TableName = server.tables.find(({ logicalId }) =>
    /^Live[0-9A-F]{8}$/.test(logicalId),
  )!.name;
  const rows: Record<string, unknown>[] = [];
  for await (const { Items = [] } of paginateScan({ client }, { TableName })) rows.push(...Items);
  bare.destroy();
  return rows;
}
