import type { ThawTier } from '../../lib/objects/s3-thaw.js';
import { ObjectArchive } from '../archive/object-archive.js';
import { archiveThaw } from '../archive/reader.js';
import { entriesIn, isMedia } from '../archive/span-entries.js';
import { planThaw, type ThawPlan, thawCost, untilThawed } from '../archive/thaw.js';
import { openSite } from './archive-place.js';
import { requireCamera } from './camera-in-archive.js';
import { type Context, EXIT, print, printJson } from './context.js';
import { count, size, span, usage } from './format.js';
import { type SpanOptions, spanOf } from './spans.js';

interface RestoreOptions extends SpanOptions {
  tier?: string;
  days?: string;
  yes?: boolean;
  wait?: boolean;
}

const TIERS: readonly ThawTier[] = ['expedited', 'standard', 'bulk'];

/** `nvr-uplink restore`: has S3 thaw what lies in an archive class. Without `--yes` it says what that costs. */
export async function restore(context: Context, options: RestoreOptions): Promise<number> {
  const tier = TIERS.find((one) => one === (options.tier ?? 'standard'));
  if (!tier) throw usage(`--tier ${options.tier} is not a tier`, `Tiers are: ${TIERS.join(', ')}`);
  const days = Number(options.days ?? 7);
  if (!Number.isInteger(days) || days < 1 || days > 365) throw usage('--days must be 1 to 365', 'For a week: --days 7');
  const place = await openSite(context, options);
  const thaw = await archiveThaw({ ...options, config: place.config }, context.env);
  try {
    const { camera, ...wanted } = spanOf(options, place.timezone, context.clock.now());
    await requireCamera(place, camera);
    const archive = new ObjectArchive({ reader: place.reader, site: place.site, onProblem: () => undefined });
    const files = (await entriesIn(archive, camera, wanted)).filter(isMedia);
    const plan = await planThaw(thaw, files);
    const cost = thawCost(plan, tier);
    if (!cost) throw usage(`DEEP_ARCHIVE has no tier ${tier}`, 'Take --tier standard or --tier bulk');
    if (options.yes) for (const { key } of plan.frozen) await thaw.request(key, tier, days);
    if (options.json) printJson(context, { ...plan, tier, days, ...cost, requested: options.yes ?? false });
    else for (const line of lines(plan, { tier, days, ...cost }, options.yes ?? false)) print(context, line);
    if (options.wait && (options.yes || plan.thawing > 0)) {
      const onLeft = (left: number) =>
        void context.stderr.write(`${left} of ${count(files.length, 'file')} cannot be read yet\n`);
      const present = files.map(({ key }) => key).filter((key) => !plan.missing.includes(key));
      await untilThawed(thaw, present, { clock: context.clock, signal: context.signal, onLeft });
    }
    return plan.missing.length > 0 ? EXIT.degraded : EXIT.ok;
  } finally {
    thaw.close();
    place.reader.close();
  }
}

function lines(
  { frozen, thawing, readable, missing }: ThawPlan,
  { tier, days, dollars, hours }: { tier: string; days: number; dollars: number; hours: number },
  requested: boolean,
): string[] {
  const bytes = frozen.reduce((sum, one) => sum + one.bytes, 0);
  const what = `${count(frozen.length, 'frozen file')}, ${size(bytes)}`;
  const price = `about $${dollars.toFixed(2)} and up to ${span(hours * 3_600)} (tier ${tier}), readable for ${count(days, 'day')} then`;
  return [
    ...missing.map((key) => `${key} is missing`),
    `${count(readable, 'file')} can be read, ${thawing} ${thawing === 1 ? 'is' : 'are'} being thawed.`,
    ...(frozen.length === 0
      ? []
      : [requested ? `Asked for: ${what}; ${price}.` : `Would be thawed: ${what}; ${price}.`]),
    ...(frozen.length > 0 && !requested
      ? ['Do it with: --yes (and --wait). To copy them here afterwards: nvr-uplink get']
      : []),
  ];
}
