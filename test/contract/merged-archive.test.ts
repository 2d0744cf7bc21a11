import { MergedArchive } from '../../src/archive/merged-archive.js';
import type { Entry } from '../../src/segment.js';
import { ArchiveFolder } from '../simulators/folder-archive.js';
import { type ArchiveUnderTest, archiveSourceContract } from './archive-source.js';

async function merged(share: (entry: Entry, index: number) => ('local' | 'archive')[]): Promise<ArchiveUnderTest> {
  const local = await ArchiveFolder.create();
  const archive = await ArchiveFolder.create();
  const source = new MergedArchive(local.source, archive.source, ({ error }) => {
    throw error;
  });
  return {
    source,
    async add(entries) {
      await local.add(entries.filter((entry, index) => share(entry, index).includes('local')));
      await archive.add(entries.filter((entry, index) => share(entry, index).includes('archive')));
    },
    async dispose() {
      await local.dispose();
      await archive.dispose();
    },
  };
}

archiveSourceContract('MergedArchive, half of it local', () =>
  merged((_entry, index) => [index % 2 === 0 ? 'local' : 'archive']),
);
archiveSourceContract('MergedArchive, all of it in both', () => merged(() => ['local', 'archive']));
