import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ExportReply } from '../../../src/browse/api.js';
import { exportUrl, getExport, orderExport } from '../api.js';
import { sleep } from '../clock.js';
import { count } from '../format.js';

const LOOK_MS = 700;

/** Orders an export, tells how it stands, and offers its files. */
export function Making({ camera, from, to }: { camera: string; from: number; to: number }) {
  const job = useSignal<ExportReply | undefined>(undefined);
  const problem = useSignal('');
  useEffect(() => {
    const stop = new AbortController();
    void make({ camera, from, to }, stop.signal, (now) => (job.value = now)).catch((error: unknown) => {
      if (!stop.signal.aborted) problem.value = error instanceof Error ? error.message : String(error);
    });
    return () => stop.abort();
  }, []);
  if (problem.value) return <p class="form-problem">{problem.value}</p>;
  const { value } = job;
  if (value?.state === 'failed') return <p class="form-problem">{value.reason ?? 'The export failed.'}</p>;
  if (value?.state !== 'done')
    return <p role="status">{value?.state === 'waiting' ? 'Waiting its turn…' : 'Making it…'}</p>;
  const proofs = value.files.filter((file) => !isFootage(file));
  return (
    <div role="status">
      <p>Done.</p>
      <Files job={value} files={value.files.filter(isFootage)} />
      <details>
        <summary>{count(proofs.length, 'file')} to prove it by</summary>
        <Files job={value} files={proofs} />
      </details>
    </div>
  );
}

/** Clips, and originals; all else is about them. */
const isFootage = (file: string) => !/^index\/|\.json$|\.html$/.test(file);

function Files({ job, files }: { job: ExportReply; files: readonly string[] }) {
  return (
    <ul class="export-files">
      {files.map((file) => (
        <li key={file}>
          <a href={exportUrl(job.id, file)} download>
            {file}
          </a>
        </li>
      ))}
    </ul>
  );
}

async function make(
  order: { camera: string; from: number; to: number },
  signal: AbortSignal,
  tell: (job: ExportReply) => void,
): Promise<void> {
  let job = await orderExport(order, signal);
  while (!signal.aborted) {
    tell(job);
    if (job.state === 'done' || job.state === 'failed') return;
    await sleep(LOOK_MS, signal);
    if (!signal.aborted) job = await getExport(job.id, signal);
  }
}
