/** Answers the few operations of Secrets Manager and SQS that functions use, in AWS's JSON protocol. */
import { randomUUID } from "node:crypto";
import { type AwsAnswer, awsError, type AwsRequest } from "./protocol.ts";
import { md5, type Queues } from "./queues.ts";
import type { Secrets } from "./secrets.ts";

function ok(output: object): AwsAnswer {
  return { status: 200, body: JSON.stringify(output) };
}

function unknownOperation({ service, operation }: AwsRequest): AwsAnswer {
  return awsError("UnknownOperationException", `the local ${service} has no ${operation}`);
}

/** Answers GetSecretValue for the stages AWSCURRENT and AWSPREVIOUS. */
export function answerSecretRequest(request: AwsRequest, secrets: Secrets): AwsAnswer {
  if (request.operation !== "GetSecretValue") return unknownOperation(request);
  const { SecretId, VersionStage = "AWSCURRENT" } = request.input as Record<string, string>;
  const secret = secrets.read(SecretId ?? "", VersionStage);
  if (!secret) {
    return awsError(
      "ResourceNotFoundException",
      `Secrets Manager can't find the specified secret value for staging label: ${VersionStage}`,
    );
  }
  return ok({
    ARN: secret.arn,
    Name: secret.name,
    SecretString: secret.value,
    VersionId: randomUUID(),
    VersionStages: [VersionStage],
    CreatedDate: secret.createdAtMs / 1000,
  });
}

/** Answers SendMessage, ReceiveMessage, DeleteMessage and GetQueueAttributes. */
export function answerQueueRequest(request: AwsRequest, queues: Queues): AwsAnswer {
  const { QueueUrl, MessageBody, MaxNumberOfMessages } = request.input as {
    QueueUrl: string;
    MessageBody: string;
    MaxNumberOfMessages?: number;
  };
  const missing = awsError("AWS.SimpleQueueService.NonExistentQueue", `no queue ${QueueUrl}`);
  switch (request.operation) {
    case "SendMessage": {
      const message = queues.send(QueueUrl, MessageBody);
      if (!message) return missing;
      return ok({ MessageId: message.messageId, MD5OfMessageBody: md5(MessageBody) });
    }
    case "ReceiveMessage":
      return ok({
        Messages: queues.take(QueueUrl, MaxNumberOfMessages ?? 1).map(({ messageId, body }) => ({
          MessageId: messageId,
          ReceiptHandle: messageId,
          Body: body,
          MD5OfBody: md5(body),
        })),
      });
    case "DeleteMessage":
      return ok({});
    case "GetQueueAttributes": {
      const messages = queues.messages(QueueUrl);
      if (!messages) return missing;
      return ok({ Attributes: { ApproximateNumberOfMessages: String(messages.length) } });
    }
    default:
      return unknownOperation(request);
  }
}
