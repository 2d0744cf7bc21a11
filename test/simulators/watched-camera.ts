import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../lib/clock.js';
import { accessUnits, NAL, nalType, splitNals } from '../../lib/simulator/annexb.js';
import type { Clip } from '../../lib/simulator/clip.js';
import type { Conduct } from '../../lib/simulator/conduct.js';
import { Feed } from '../../lib/simulator/feed.js';
import type { PacketBlock } from '../../lib/simulator/rtp.js';
import { RtspServer } from '../../lib/simulator/rtsp-server.js';

const FPS = 10;
const GOP_FRAMES = 5;
const WIDTH = 320;
const HEIGHT = 180;
const FRAMES = 60;

const ACCOUNT = { username: 'admin', password: 'secret' };

/** The same place, with and without somebody who walks to and fro in it for ever. Each group of pictures stands alone. */
export interface WatchedClips {
  still: Clip;
  moving: Clip;
}

export function encodeWatchedClips(): WatchedClips {
  return { still: encode(false), moving: encode(true) };
}

/** A camera before which things move when a test says so. */
export class WatchedCamera {
  readonly #server: RtspServer;
  readonly #conduct: Conduct = { fault: undefined };
  readonly #feed: SwitchedFeed;
  #port = 0;
  #hurry: AbortController | undefined;

  constructor(clips: WatchedClips) {
    this.#feed = new SwitchedFeed(clips);
    this.#server = new RtspServer({
      name: 'watched',
      accounts: { find: (username) => (username === ACCOUNT.username ? ACCOUNT : undefined) },
      feeds: new Map([['/sub', this.#feed]]),
      clock: systemClock,
      epochMs: systemClock.monotonic(),
      conduct: this.#conduct,
    });
  }

  async open(): Promise<void> {
    this.#port = await this.#server.open('127.0.0.1', this.#port);
  }

  async close(): Promise<void> {
    this.#hurry?.abort();
    await this.#server.close();
  }

  get stream() {
    return { url: `rtsp://127.0.0.1:${this.#port}/sub`, ...ACCOUNT };
  }

  /** From the next keyframe on, which is half a second away at most. */
  move(active: boolean): void {
    this.#feed.moving = active;
  }

  async be(state: 'there' | 'gone' | 'silent'): Promise<void> {
    this.#conduct.fault = state === 'silent' ? 'silent' : undefined;
    if (state === 'gone') await this.#server.close();
    else if (state === 'there') await this.open();
  }

  /** Hangs up a moment after each stream has begun. */
  hurry(): void {
    const hurry = new AbortController();
    this.#hurry = hurry;
    void (async () => {
      while (!hurry.signal.aborted) {
        await delay(250);
        await this.#server.drop();
      }
    })();
  }

  get sessions(): number {
    return this.#server.sessions;
  }

  get accepted(): number {
    return this.#server.accepted;
  }
}

class SwitchedFeed extends Feed {
  moving = false;
  readonly #other: Feed;
  #now: Feed;

  constructor({ still, moving }: WatchedClips) {
    super(still);
    this.#other = new Feed(moving);
    this.#now = this;
  }

  override video(position: number): PacketBlock {
    if (this.isKey(position)) this.#now = this.moving ? this.#other : this;
    return this.#now === this ? super.video(position) : this.#now.video(position);
  }
}

function encode(moving: boolean): Clip {
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', `${WIDTH}x${HEIGHT}`, '-r', String(FPS), '-i', 'pipe:0'];
  const gop = ['-g', String(GOP_FRAMES), '-keyint_min', String(GOP_FRAMES), '-sc_threshold', '0', '-bf', '0'];
  const coding = ['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'superfast', ...gop, '-crf', '26', '-f', 'h264'];
  const input = Buffer.concat(Array.from({ length: FRAMES }, (_, frame) => draw(moving ? frame : undefined)));
  const stream = execFileSync('ffmpeg', ['-v', 'error', ...raw, ...coding, 'pipe:1'], { input, maxBuffer: 2 ** 26 });
  const nals = splitNals(stream);
  const of = (type: number) => nals.find((nal) => nalType(nal) === type)!;
  return {
    spec: {
      ...{ title: '', variant: 0, width: WIDTH, height: HEIGHT, fps: FPS, gopFrames: GOP_FRAMES },
      ...{ loopMs: (FRAMES * 1000) / FPS, noise: 0, rate: 'capped', rateBps: 500_000 },
    },
    ...{ video: accessUnits(nals), sps: of(NAL.sps), pps: of(NAL.pps), snapshots: [], motion: [] },
    audio: { config: Buffer.from([0x15, 0x88]), sampleRate: 8_000, channels: 1, frames: [Buffer.alloc(8)] },
  };
}

/** A wall of bricks; and somebody as high as a quarter of the picture, who walks there and back again in one loop. */
function draw(frame: number | undefined): Buffer {
  const picture = Buffer.alloc(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      picture[y * WIDTH + x] = 90 + (((x >> 4) + (y >> 3)) % 2) * 25 + (((x * 7 + y * 13) % 5) - 2);
    }
  }
  if (frame === undefined) return picture;
  const half = FRAMES / 2;
  const left = 40 + (frame < half ? frame : FRAMES - frame) * 6;
  for (let y = 90; y < 135; y++) picture.fill(200, y * WIDTH + left, y * WIDTH + left + 20);
  return picture;
}
