import { go } from '../router.js';
import { type Filter, writeFilter } from './filter.js';

/** What is looked at is in the address: a filter can be shared, and the back button undoes it. */
export function Filters({ filter, cameras }: { filter: Filter; cameras: readonly string[] }) {
  const set = (change: Partial<Filter>) => go(writeFilter({ ...filter, ...change }));
  const names = cameras.length > 0 ? cameras : filter.camera ? [filter.camera] : [];
  return (
    <search class="filters">
      <label>
        Camera
        <select
          value={filter.camera ?? ''}
          onChange={({ currentTarget: { value } }) => set({ camera: value || undefined })}
        >
          <option value="">All</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Day
        <input
          type="date"
          value={filter.day ?? ''}
          onChange={({ currentTarget: { value } }) => set({ day: value || undefined })}
        />
      </label>
      <label>
        From
        <input
          type="time"
          value={filter.from ?? ''}
          onChange={({ currentTarget: { value } }) => set({ from: value || undefined })}
        />
      </label>
      <label>
        To
        <input
          type="time"
          value={filter.to ?? ''}
          onChange={({ currentTarget: { value } }) => set({ to: value || undefined })}
        />
      </label>
      <label>
        Score at least
        <select
          value={String(Math.round(filter.score * 100))}
          onChange={({ currentTarget: { value } }) => set({ score: Number(value) / 100 })}
        >
          {[0, 25, 50, 75, 90].map((percent) => (
            <option key={percent} value={String(percent)}>
              {percent === 0 ? 'any' : `${percent} %`}
            </option>
          ))}
        </select>
      </label>
    </search>
  );
}
