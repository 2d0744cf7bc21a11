import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** An error as AWS sends it: `ResourceNotFoundException`. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

export interface AwsCall {
  /** `TransferService.DescribeServer`, or the `Action` of services that speak XML. */
  action: string;
  /** The parameters as they came. */
  input: Record<string, unknown>;
}

/** Answers by action; the result of an XML service is the inner text of `<ActionResult>`. */
export type AwsScript = Record<string, (input: Record<string, unknown>) => unknown>;

/** AWS's two protocols on one port, answered from a script. For clients that are told where it is by `AWS_ENDPOINT_URL`. */
export class ScriptedAws {
  readonly calls: AwsCall[] = [];
  /** Added to and changed while it runs. */
  readonly script: AwsScript;
  readonly #server: Server;

  private constructor(script: AwsScript) {
    this.script = { ...script };
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(script: AwsScript): Promise<ScriptedAws> {
    const scripted = new ScriptedAws(script);
    scripted.#server.listen(0, '127.0.0.1');
    await once(scripted.#server, 'listening');
    return scripted;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What a process needs to find it, and to sign with. */
  get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.url,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  }

  inputsOf(action: string): Record<string, unknown>[] {
    return this.calls.filter((call) => call.action === action).map(({ input }) => input);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const target = request.headers['x-amz-target'];
    const isJson = typeof target === 'string';
    const input = isJson ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body));
    // S3 speaks neither: its requests are told apart by their method, and answered with whole documents.
    const isRest = !isJson && request.method !== 'POST';
    const action = isJson ? target : isRest ? String(request.method) : String(input.Action);
    if (isRest) input.url = request.url;
    this.calls.push({ action, input });
    try {
      const perform = this.script[action];
      if (!perform) throw new AwsError('UnknownOperationException', `The script has no ${action}`);
      const result = await perform(input);
      response.setHeader('content-type', isJson ? 'application/x-amz-json-1.1' : 'text/xml');
      response.end(isJson ? JSON.stringify(result) : isRest ? String(result) : xml(action, String(result)));
    } catch (error) {
      const { code, status, message } =
        error instanceof AwsError ? error : new AwsError('InternalFailure', String(error), 500);
      response.statusCode = status;
      response.setHeader('content-type', isJson ? 'application/x-amz-json-1.1' : 'text/xml');
      response.end(
        isJson
          ? JSON.stringify({ __type: code, message, Message: message })
          : `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
      );
    }
  }
}

function xml(action: string, result: string): string {
  const metadata = '<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>';
  return `<${action}Response><${action}Result>${result}</${action}Result>${metadata}</${action}Response>`;
}
