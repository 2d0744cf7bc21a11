import { serverNow } from '../clock.js';
import type { Timeline } from '../timeline/timeline.js';
import { Modal } from '../widgets/modal.js';
import { HELP } from './keys.js';

export function GoTo({ timeline, onClose }: { timeline: Timeline; onClose: () => void }) {
  const { zone } = timeline;
  const head = timeline.head.peek() ?? serverNow();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    timeline.seek(zone.at(String(form.get('day')), String(form.get('clock'))));
    onClose();
  };
  return (
    <Modal title="Go to a time" class="goto" onClose={onClose}>
      <form onSubmit={submit}>
        <label>
          Time
          <input type="time" step="1" name="clock" required autofocus value={zone.clock(head)} />
        </label>
        <label>
          Day
          <input type="date" name="day" required value={zone.dayOf(head)} max={zone.dayOf(serverNow())} />
        </label>
        <p class="hint">Times are those of {zone.name}.</p>
        <button type="submit" class="primary">
          Go
        </button>
      </form>
    </Modal>
  );
}

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Modal title="Keys" class="keys" onClose={onClose}>
      <table>
        <tbody>
          {HELP.map(([keys, what]) => (
            <tr key={what}>
              <th scope="row">
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </th>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
  );
}
