interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Who waits beside a lasting promise; nobody any more once it has settled. */
type Others = Set<Waiting> | 'settled';
const beside = new WeakMap<Promise<unknown>, Others>();

/**
 * Settles as the first of both does. For a promise that lasts while waits come and go: `Promise.race` leaves each wait with it, and
 * what that brought, until it settles itself. A file of 2 GB waits 30,000 times for one failure, and left 10 MB so.
 */
export function race<T, L>(wait: Promise<T>, lasting: Promise<L>): Promise<T | L> {
  if (beside.get(lasting) === 'settled') return Promise.race([wait, lasting]);
  return new Promise<T | L>((resolve, reject) => {
    const mine = { resolve, reject } as Waiting;
    // Asked first, as by `Promise.race`: where both have settled already, the wait is what counts.
    wait.then(
      (value) => {
        others.delete(mine);
        resolve(value);
      },
      (error) => {
        others.delete(mine);
        reject(error);
      },
    );
    const others = (beside.get(lasting) as Set<Waiting> | undefined) ?? watch(lasting);
    others.add(mine);
  });
}

function watch(lasting: Promise<unknown>): Set<Waiting> {
  const others = new Set<Waiting>();
  beside.set(lasting, others);
  const settle = (tell: (one: Waiting) => void) => {
    beside.set(lasting, 'settled');
    for (const one of others) tell(one);
    others.clear();
  };
  lasting.then(
    (value) => settle(({ resolve }) => resolve(value)),
    (error) => settle(({ reject }) => reject(error)),
  );
  return others;
}
