import type { App } from './app.js';
import { postAlert } from './operate/alerts/post.js';
import { AlertSender } from './operate/alerts/sender.js';
import { AlertWatch } from './operate/alerts/watch.js';
import type { Condition } from './operate/conditions.js';

/** Tells people what is wrong, where the configuration names any: what `status` calls a problem, when it begins and when it ends. */
export class AppAlerts {
  readonly #senders: readonly AlertSender[];

  /** Adds its services to the app. `conditions`: what is wrong at this moment. */
  constructor(app: App, conditions: () => Promise<readonly Condition[]>) {
    const { config, clock, log } = app.options;
    const { ledger } = app;
    const targets = Object.entries(config.alerts);
    this.#senders = targets.map(
      ([target, settings]) =>
        new AlertSender({
          ...{ target, site: config.site, ledger, clock, log },
          send: (message, signal) => postAlert(settings, message, signal),
        }),
    );
    if (targets.length === 0) return;
    const onNews = () => {
      for (const sender of this.#senders) sender.poke();
    };
    const names = targets.map(([name]) => name);
    app.add(new AlertWatch({ conditions, targets: names, onNews, ledger, clock, log }));
    for (const sender of this.#senders) app.add(sender);
  }

  /** Who cannot be told anything at present, and why. */
  get untold(): ReadonlyMap<string, string> {
    return new Map(this.#senders.flatMap(({ target, problem }) => (problem ? [[target, problem]] : [])));
  }
}
