import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ArchiveStack, type ArchiveStackProps } from '../../cdk/archive-stack.js';

/** An app under the same feature flags as the deployed one: without them CDK makes other templates. */
export function newApp(): App {
  const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };
  return new App({ context });
}

export function archiveTemplate(props?: ArchiveStackProps): Template {
  return Template.fromStack(new ArchiveStack(newApp(), 'Archive', props));
}
