import { expect, it } from 'vitest';
import { EXAMPLES, example, synthesize } from './synthesized.js';

/** Hashes of code change with every line of it; which code is meant does not. */
function normalised(value: unknown): unknown {
  const text = JSON.stringify(value).replace(/\b[0-9a-f]{64}\b/g, '{hash}');
  return JSON.parse(text);
}

it.each(EXAMPLES)('%s makes the templates that were reviewed', async (name) => {
  const { app } = synthesize(example(name));
  for (const { stackName, template } of app.synth().stacks) {
    // Parameters, rules and metadata are of CDK's own making and change with its version.
    const { Resources, Outputs } = template as { Resources: Record<string, object>; Outputs: object };
    const bare = Object.entries(Resources).map(([id, resource]) => [id, { ...resource, Metadata: undefined }]);
    const text = JSON.stringify(normalised({ Resources: Object.fromEntries(bare), Outputs }), null, 1);
    await expect(`${text}\n`).toMatchFileSnapshot(`__snapshots__/${name}/${stackName}.snap`);
  }
});
