/** What is done with an order by hand: sending its lines, paying back with or without a return, ending it. */
import type { InputOf } from "../../client/index.ts";
import { formatAmount, formatMoney, parseAmount } from "../parts/money.ts";
import { openQuestion, reasonField } from "./confirm-form.tsx";
import type { Desk, Order } from "./desk.ts";
import { openDialog } from "./dialog.tsx";
import {
  dropUndefined,
  type Field,
  makeFieldError,
  readNumber,
  readText,
  type Values,
} from "./form-values.ts";
import { RecordForm } from "./record-form.tsx";

/** What of a line was sent, what came back, and what can still be either. */
export function countLine(order: Order, lineId: string) {
  const units = (lists: readonly (readonly { lineId: string; quantity: number }[])[]): number =>
    lists
      .flat()
      .filter((line) => line.lineId === lineId)
      .reduce((sum, { quantity }) => sum + quantity, 0);
  const ordered = units([order.lines]);
  const sent = units(order.fulfilments.map(({ lines }) => lines));
  const back = units((order.payment?.refunds ?? []).map(({ lines = [] }) => lines));
  return { ordered, sent, back, toSend: Math.max(0, ordered - sent - back) };
}

const referenceHint = "The same reference and contents are written down once, whoever sends them.";

function makeReference(hint = referenceHint): Field {
  return { name: "reference", label: "Reference", required: true, hint };
}

/** The lines by which units are counted, and what is named of each. */
function readLines(order: Order, values: Values): { lineId: string; quantity: number }[] {
  return order.lines.flatMap(({ lineId }, index) => {
    const quantity = readNumber(values, `line${index}`) ?? 0;
    return quantity === 0 ? [] : [{ lineId, quantity }];
  });
}

function listLineFields(order: Order, count: "toSend" | "ordered"): Field[] {
  return order.lines.map(({ lineId, name }, index) => {
    const lines = countLine(order, lineId);
    const most = count === "toSend" ? lines.toSend : lines.ordered - lines.back;
    return {
      name: `line${index}`,
      label: `Units of ${name}`,
      kind: "number",
      hint: `${most} left`,
    };
  });
}

async function fulfil({ client }: Desk, order: Order, values: Values): Promise<string> {
  const { orderId } = order;
  const lines = readLines(order, values);
  if (lines.length === 0) throw makeFieldError("line0", "something has to be sent");
  const tracking = readText(values, "tracking");
  const reference = readText(values, "reference") ?? "";
  await client.fulfilOrder({
    params: { orderId },
    body: { reference, lines, ...(tracking && { tracking }) },
  });
  return `${reference} of ${orderId} is written down as sent.`;
}

/** Opens what is sent of an order; all that is left of it stands there already. */
export function openFulfilment(desk: Desk, order: Order): void {
  const left = order.lines.map(({ lineId }, index) => [
    `line${index}`,
    String(countLine(order, lineId).toSend),
  ]);
  openDialog(
    <RecordForm
      key={`fulfil-${order.orderId}`}
      title={`Send ${order.orderId}`}
      warning="It is written down for good, and the shopper's order shows it."
      action="It was sent"
      fields={[
        makeReference(),
        ...listLineFields(order, "toSend"),
        { name: "tracking", label: "How to follow it" },
      ]}
      initial={{
        ...Object.fromEntries(left),
        reference: `parcel-${order.fulfilments.length + 1}`,
      }}
      notices={desk.notices}
      save={(values) => fulfil(desk, order, values)}
    />,
  );
}

const wholes = ["all of it", "an amount", "lines that come back"] as const;
const isChosen = (whole: (typeof wholes)[number]) => (values: Values) => values["what"] === whole;

type Refund = InputOf<"refundPayment">["body"];

function readRefund(order: Order, values: Values): Refund {
  const amount = readText(values, "amount");
  const amountMinor = amount === undefined ? undefined : parseAmount(amount, order.currency);
  const isAmount = isChosen("an amount")(values);
  if (isAmount && amountMinor === undefined) throw makeFieldError("amount", "must be like 49.00");
  const lines = isChosen("lines that come back")(values) ? readLines(order, values) : undefined;
  if (lines?.length === 0) throw makeFieldError("line0", "something has to come back");
  const restock = values["restock"] === "true";
  return dropUndefined({
    reason: readText(values, "reason") ?? "",
    reference: readText(values, "reference"),
    amountMinor: isAmount ? amountMinor : undefined,
    lines: lines?.map((line) => ({ ...line, restock })),
    outside: values["outside"] === "true" || undefined,
  });
}

async function refund(desk: Desk, order: Order, values: Values): Promise<string> {
  const { orderId } = order;
  const body = readRefund(order, values);
  await desk.client.refundPayment({ params: { orderId }, body });
  await desk.owed.ask();
  return `The refund of ${orderId} was asked for: the order shows what came of it.`;
}

/** Opens what goes back of an order: all of it, a part of the money, or lines that come back. */
export function openRefund(desk: Desk, order: Order): void {
  const { orderId, currency, payment } = order;
  const left = payment?.refundableMinor ?? 0;
  const isReturn = isChosen("lines that come back");
  const lineFields = listLineFields(order, "ordered");
  openDialog(
    <RecordForm
      key={`refund-${orderId}`}
      title={`Pay back ${orderId}`}
      warning={`At most ${formatMoney(left, currency)} can go back. It cannot be called back.`}
      action="Pay it back"
      fields={[
        { name: "what", label: "What goes back", kind: "choice", options: wholes, required: true },
        {
          name: "amount",
          label: `Amount in ${currency}`,
          required: true,
          isShown: isChosen("an amount"),
        },
        ...lineFields.map((field) => ({ ...field, isShown: isReturn })),
        {
          name: "restock",
          label: "What comes back can be sold again",
          kind: "check",
          isShown: isReturn,
        },
        reasonField,
        makeReference(`${referenceHint} That way nobody pays it back twice.`),
        { name: "outside", label: "The money went back by other means already", kind: "check" },
      ]}
      initial={{
        what: wholes[0],
        amount: formatAmount(left, currency),
        reference: `console-${(payment?.refunds.length ?? 0) + 1}`,
      }}
      notices={desk.notices}
      save={(values) => refund(desk, order, values)}
    />,
  );
}

/** Asks before a pending order ends. */
export function openEnding(desk: Desk, { orderId, userId }: Order): void {
  const { client, notices } = desk;
  openQuestion({
    notices,
    title: `End ${orderId}`,
    warning: `${userId} loses what is held, and the cart can be edited again.`,
    action: "End it",
    fields: [reasonField],
    save: async (values) => {
      const body = { reason: values["reason"] ?? "" };
      await client.releaseOrder({ params: { orderId }, body });
      return `${orderId} has ended, with your reason on record.`;
    },
  });
}
