import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { configSchema } from '../../../src/config/schema.js';
import { MOTION_SETTINGS } from '../../../web/src/review/hint.js';

it('what the review says to write is a configuration that is accepted, and has motion noticed', () => {
  const { error, data } = configSchema.safeParse(parse(MOTION_SETTINGS));
  expect(error?.issues).toBeUndefined();
  expect(data!.cameras.gate!.motion!.sources).toEqual(['onvif', 'analysis']);
});
