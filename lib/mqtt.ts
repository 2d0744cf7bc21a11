import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { Service } from './service.js';

export interface MqttListenerOptions {
  /** `mqtt://host[:port]` or `mqtts://host[:port]`, without sign-in details. */
  url: string;
  username?: string;
  password?: string;
  /** PEM: whom to believe besides the system's authorities. */
  ca?: Buffer;
  topics: readonly string[];
  /** Told of each message as it comes. What the broker kept from earlier is not passed on: it happened long ago. */
  onMessage(topic: string, text: string): void;
  /** Told when the broker can be heard, and when it cannot any more, and why. */
  onState(listening: boolean, problem?: string): void;
}

const RETRY_MS = 5_000;
const CONNECT_MS = 10_000;

/** Larger messages are none of ours. */
const MOST_BYTES = 1_024;

/** Hears a broker out for ever: connects anew whenever the connection is lost, and subscribes again. */
export class MqttListener implements Service {
  readonly name = 'mqtt';
  readonly #options: MqttListenerOptions;

  constructor(options: MqttListenerOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const client = this.#connect();
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    // Forced: a broker that does not answer would keep us waiting.
    await client.endAsync(true);
  }

  #connect(): MqttClient {
    const { url, username, password, ca, onMessage, onState } = this.#options;
    const settings: IClientOptions = {
      ...{ username, password, ca, clean: true, reconnectPeriod: RETRY_MS, connectTimeout: CONNECT_MS },
      // Subscribed by hand, so that a refusal is noticed each time.
      ...{ resubscribe: false, reconnectOnConnackError: true },
    };
    const client = connect(url, settings);
    client.on('connect', () => this.#subscribe(client));
    client.on('message', (topic, payload, { retain }) => {
      if (!retain && payload.length <= MOST_BYTES) onMessage(topic, payload.toString('utf8').trim());
    });
    client.on('error', (error) => onState(false, error.message || (error as NodeJS.ErrnoException).code));
    client.on('close', () => onState(false));
    return client;
  }

  #subscribe(client: MqttClient): void {
    const { topics, onState } = this.#options;
    client.subscribe([...topics], { qos: 1 }, (error, granted) => {
      const refused = granted?.find(({ qos }) => qos === 128);
      if (error) onState(false, error.message);
      else if (refused) onState(false, `the broker refuses the topic ${refused.topic}`);
      else onState(true);
    });
  }
}
