import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { CameraStatus, RemoteStatus, StatusReport } from '../../../src/browse/api.js';
import { getStatus } from '../api.js';
import { repeat, serverNow } from '../clock.js';
import { ago, bytes, count, duration } from '../format.js';
import { session } from '../session.js';
import { doingOf, settling, tally } from '../wall/words.js';
import { LatestPicture } from '../widgets/latest-picture.js';

const POLL_MS = 3000;

/** Every camera at a glance, and everything that is wrong, in sentences. */
export function Wall() {
  const report = useSignal<StatusReport | undefined>(undefined);
  const problem = useSignal('');
  const now = useSignal(serverNow());
  useEffect(() => {
    const stop = new AbortController();
    void repeat(POLL_MS, stop.signal, async () => {
      try {
        report.value = await getStatus(stop.signal);
        problem.value = '';
      } catch (error) {
        problem.value = error instanceof Error ? error.message : String(error);
      }
      now.value = serverNow();
    });
    return () => stop.abort();
  }, []);
  const { value: status } = report;
  if (!status) return <main class="page wall">{problem.value && <p class="starting">{problem.value}</p>}</main>;
  return (
    <main class="page wall">
      <Overall status={status} lost={problem.value} now={now} />
      <div class={problem.value ? 'cards stale' : 'cards'}>
        {status.cameras.map((camera) => (
          <CameraCard key={camera.name} camera={camera} now={now.value} />
        ))}
      </div>
      {status.cameras.length === 0 && <p class="empty">No camera is configured yet.</p>}
      <Footing status={status} />
    </main>
  );
}

const VERDICTS = { ok: 'All is well', degraded: 'Needs attention', down: 'Not working' };

function Overall({ status, lost, now }: { status: StatusReport; lost: string; now: Signal<number> }) {
  const at = Date.parse(status.at);
  return (
    <section class={`overall ${lost ? 'down' : status.state}`} aria-live="polite">
      <h1>
        <span class="lamp" aria-hidden="true" />
        {lost ? 'No answer' : VERDICTS[status.state]}
      </h1>
      {lost ? (
        <ul>
          <li>
            {lost} What you see is from {session.value?.zone.clock(at)}, {ago(at, now.value)}.
          </li>
        </ul>
      ) : (
        <>
          <p>{tally(status.cameras)}</p>
          <Remotes remotes={status.remotes} now={now.value} />
          {untold(status).length > 0 && (
            <ul>
              {untold(status).map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          )}
        </>
      )}
    </section>
  );
}

/** Problems that the lines of the remotes do not tell already. */
function untold({ problems, remotes }: StatusReport): string[] {
  return problems.filter((sentence) => !remotes.some(({ reason }) => reason && sentence.includes(reason)));
}

const REMOTE_STATES: Record<RemoteStatus['state'], string> = {
  idle: 'nothing left to send',
  sending: 'sending',
  waiting: 'waiting to try again',
  refused: 'refused: needs you',
  paused: 'paused',
};

function Remotes({ remotes, now }: { remotes: RemoteStatus[]; now: number }) {
  return (
    <>
      {remotes.map((remote) => (
        <p key={remote.name} class={`remote ${remote.state}`}>
          <b>{remote.name}</b> {REMOTE_STATES[remote.state]}
          {remote.retryAt && `, next try ${ago(Date.parse(remote.retryAt), now)}`}
          {settling(remote, now)}
          {remote.reason && (
            <>
              : <span class="reason">{remote.reason}</span>
            </>
          )}
        </p>
      ))}
      {remotes.length === 0 && <p>No remote is configured: footage stays on this disk.</p>}
    </>
  );
}

/** Connecting takes a moment; shorter gaps are told of, and nobody is alarmed. */
const TELLING_GAP_S = 5;

function CameraCard({ camera, now }: { camera: CameraStatus; now: number }) {
  const { name, backlog, gaps24h, gapSeconds24h } = camera;
  const doing = doingOf(camera, session.value!.zone, now);
  const query = `?camera=${encodeURIComponent(name)}`;
  return (
    <article class="card" aria-label={`Camera ${name}`}>
      <a href={`/timeline${query}`} class="picture" aria-label={`${name}: open the timeline`}>
        <LatestPicture camera={name} />
      </a>
      <div class="card-head">
        <h2 title={name}>{name}</h2>
        <span class={`chip ${doing.mood}`}>{doing.chip}</span>
      </div>
      {doing.sentence && <p class={`reason ${doing.mood}`}>{doing.sentence}</p>}
      <dl>
        <Fact name="Last frame" value={<Ago at={camera.lastFrameAt} now={now} none="none yet" />} />
        <Fact name="Verified upload" value={<Ago at={camera.lastVerifiedUploadAt} now={now} none="none yet" />} />
        <Fact
          name="Waiting to upload"
          value={
            backlog.files === 0 ? (
              'nothing'
            ) : (
              <>
                {count(backlog.files, 'file')}, {bytes(backlog.bytes)}
                {backlog.oldestAt && <small>oldest {ago(Date.parse(backlog.oldestAt), now)}</small>}
              </>
            )
          }
        />
        <Fact
          name="Gaps in 24 h"
          bad={gapSeconds24h >= TELLING_GAP_S}
          value={
            gaps24h === 0
              ? 'none'
              : `${gaps24h}, ${gapSeconds24h < 1 ? 'under 1 s' : duration(gapSeconds24h * 1000)} in all`
          }
        />
      </dl>
      <div class="card-links">
        <a href={`/timeline${query}`}>Timeline</a>
        <a href={`/review${query}`}>Motion</a>
        <a href={`/photos${query}`}>Photos</a>
      </div>
    </article>
  );
}

function Fact({ name, value, bad }: { name: string; value: preact.ComponentChildren; bad?: boolean }) {
  return (
    <div class={bad ? 'fact bad' : 'fact'}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Ago({ at, now, none }: { at: string | null; now: number; none: string }) {
  if (!at) return <>{none}</>;
  const time = Date.parse(at);
  const { zone } = session.value!;
  return (
    <time dateTime={at} title={`${zone.dayTitle(zone.dayOf(time))}, ${zone.clock(time)}`}>
      {ago(time, now)}
    </time>
  );
}

function Footing({ status }: { status: StatusReport }) {
  const { usedBytes, freeBytes } = status.disk;
  const share = usedBytes / Math.max(usedBytes + freeBytes, 1);
  return (
    <footer class="footing">
      <span class="disk">
        Disk: {bytes(usedBytes)} of footage, {bytes(freeBytes)} free
        <meter min={0} max={1} value={share} aria-label="Share of the room that footage takes" />
      </span>
      <span>
        nvr-uplink {status.version}
        {status.ffmpeg && `, ffmpeg ${status.ffmpeg.version}`}, times in {session.value?.zone.name}
      </span>
    </footer>
  );
}
