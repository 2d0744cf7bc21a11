import type { Clip } from './clip.js';
import type { EncoderSettings } from './device-settings.js';
import type { OnvifProfile } from './onvif-identity.js';
import type { EncoderHabits } from './persona.js';
import { SoapFault } from './soap-reply.js';

export const BITRATE_KBPS = { min: 32, max: 16_384 };
export const QUALITY = { min: 1, max: 6 };

export interface Size {
  width: number;
  height: number;
}

/** Picture sizes the encoder can make: the sensor's, and smaller ones of its shape. */
export function sizesOf({ width, height }: Size): Size[] {
  const even = (value: number) => Math.round(value / 2) * 2;
  return [1, 0.75, 0.5, 0.25].map((share) => ({ width: even(width * share), height: even(height * share) }));
}

/** How long groups of pictures may be at this frame rate. */
export function longestGop({ maxGopSeconds }: EncoderHabits, fps: number): number {
  return Math.max(1, Math.round(maxGopSeconds * fps));
}

/**
 * What the encoder makes of what it is told: sizes and codecs it has not are a fault, numbers are brought into its range
 * and to its steps without a word.
 */
export function settleEncoder(
  { encoder, sensor, names }: OnvifProfile,
  wanted: Partial<EncoderSettings>,
  habits: EncoderHabits,
): EncoderSettings {
  const next = { ...encoder, ...withoutUndefined(wanted) };
  const hasSize = sizesOf(sensor).some(({ width, height }) => width === next.width && height === next.height);
  if (!hasSize) throw refused(`resolution ${next.width}x${next.height}`);
  const numbers = [next.fps, next.bitrateKbps, next.gopFrames, next.quality];
  if (!numbers.every((value) => Number.isFinite(value) && value > 0)) throw refused('number');
  if (next.codec === 'H265' && names.codec !== 'H265') throw refused('codec H265');
  const fps = nearest(habits.frameRates, next.fps);
  const gop = Math.round(Math.min(next.gopFrames, longestGop(habits, fps)));
  const step = habits.bitrateStepKbps;
  const rounded = Math.max(step, Math.round(next.bitrateKbps / step) * step);
  return {
    ...next,
    fps,
    gopFrames: habits.ignoresGop ? encoder.gopFrames : gop,
    bitrateKbps: clamp(rounded, BITRATE_KBPS),
    quality: clamp(next.quality, QUALITY),
  };
}

function withoutUndefined(wanted: Partial<EncoderSettings>): Partial<EncoderSettings> {
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
}

function nearest(choices: readonly number[], wanted: number): number {
  return choices.reduce((best, one) => (Math.abs(one - wanted) < Math.abs(best - wanted) ? one : best));
}

function clamp(value: number, { min, max }: { min: number; max: number }): number {
  return Math.min(max, Math.max(min, value));
}

function refused(what: string): SoapFault {
  return new SoapFault('Sender', ['InvalidArgVal', 'ConfigModify'], `The encoder cannot do this ${what}`);
}

/** An encoder set to what a clip was made with. */
export function encoderOf({ spec }: Clip): EncoderSettings {
  const { width, height, fps, rateBps, gopFrames, codec = 'H264' } = spec;
  const bitrateKbps = Math.round(rateBps / 1000);
  return { codec, width, height, fps, bitrateKbps, gopFrames, quality: 4, profile: codec === 'H265' ? 'Main' : 'High' };
}
