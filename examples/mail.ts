/** A mail for each paid order, once. Its endpoint: `{ "types": ["order.paid"], "include": ["customer"] }`. */
import type { Take } from "./receiver.ts";

/** What sends mails, as the transports of nodemailer do. */
export interface Mailer {
  sendMail(mail: {
    to: string;
    subject: string;
    text: string;
    messageId: string;
  }): Promise<unknown>;
}

/** The ids of what was mailed: a table of yours, which outlives the process. */
export interface MailedIds {
  has(id: string): Promise<boolean>;
  add(id: string): Promise<unknown>;
}

export function createMailing(mailer: Mailer, mailed: MailedIds): Take {
  return async ({ id, type, data }) => {
    if (type !== "order.paid" || !data.customer?.email || (await mailed.has(id))) return;
    const { orderId, totalMinor, currency } = data;
    const total = new Intl.NumberFormat("en", { style: "currency", currency });
    const digits = total.resolvedOptions().maximumFractionDigits ?? 2;
    await mailer.sendMail({
      to: data.customer.email,
      subject: `Your order ${orderId} is paid`,
      text: `Thank you. We received ${total.format(totalMinor / 10 ** digits)}.`,
      // Who dies before the next line sends again: mail servers know by this that it is the same mail.
      messageId: `<${id}@shop.example>`,
    });
    await mailed.add(id);
  };
}
