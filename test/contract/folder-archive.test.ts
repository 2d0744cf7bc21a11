import { ArchiveFolder } from '../simulators/folder-archive.js';
import { archiveSourceContract } from './archive-source.js';

archiveSourceContract('ObjectArchive on a folder', () => ArchiveFolder.create());
