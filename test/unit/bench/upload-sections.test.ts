import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { belongs, stages } from '../../../bench/upload/sections.js';

const ids = (quick: boolean, ...only: string[]) =>
  stages(quick, only).flatMap(({ sections }) => sections.map(({ id }) => id));

describe('what bench upload measures', () => {
  it('is what there are goals for, also with --quick', () => {
    const goals = JSON.parse(readFileSync('bench/goals.json', 'utf8')) as { upload: { metric: string }[] };
    // What is made of two others.
    const asked = goals.upload.map(({ metric }) => metric).filter((metric) => !metric.endsWith('rss-growth'));
    for (const quick of [false, true])
      expect(asked.filter((metric) => !ids(quick).some((id) => belongs(metric, id)))).toEqual([]);
  });

  it('can be chosen by the beginning of a name, and only a line that is needed is built', () => {
    expect(ids(false, 'sftp-large-wan', 'ftps-small-slow')).toEqual(['sftp-large-wan', 'ftps-small-slow']);
    expect(ids(true, 'sftp-small')).toEqual(['sftp-small-wan', 'sftp-small-slow', 'sftp-small-lossy']);
    expect(stages(false, ['sftp-large-loopback']).map(({ wan }) => wan?.name)).toEqual([undefined]);
    expect(() => stages(false, ['sftp-larg'])).toThrow('There is no sftp-larg to measure, but sftp-large-loopback,');
  });

  it('leaves the line that loses packets out of --quick', () => {
    expect(ids(false)).toContain('ftps-large-lossy');
    expect(ids(true).filter((id) => id.endsWith('lossy'))).toEqual([]);
  });
});
