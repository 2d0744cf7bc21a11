import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Small and quick, so that they fill what is left at the end. */
const QUICK = /\/test\/unit\//;

/** Files that take long begin first, also where nothing is known of an earlier run: otherwise all wait for the last of them. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isQuick = ({ moduleId }: TestSpecification) => QUICK.test(moduleId);
    return [...sorted.filter((file) => !isQuick(file)), ...sorted.filter(isQuick)];
  }
}
