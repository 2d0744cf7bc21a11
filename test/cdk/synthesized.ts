import { readFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { parse } from 'yaml';
import { ArchiveStack } from '../../cdk/archive-stack.js';
import { buildStacks } from '../../cdk/deployment-app.js';
import { type Deployment, deploymentOf, loadDeployment } from '../../src/config/deployment.js';
import { type BucketSettings, deploymentSchema } from '../../src/config/deployment-schema.js';

export const EXAMPLES = ['two-cameras', 'vpc-sftp-ftps', 'forty-sites', 'locked-kms', 's3-only'] as const;
export type Example = (typeof EXAMPLES)[number];

/**
 * An app under the same feature flags as the deployed one: without them CDK makes other templates. Handlers are not bundled: that
 * `cdk synth` does it is a test of its own.
 */
export function newApp(): App {
  const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };
  return new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] } });
}

export function bucketSettings(settings: object = {}): BucketSettings {
  return deploymentSchema.parse({ aws: { bucket: settings } }).aws.bucket;
}

export function archiveTemplate(settings: object = {}): Template {
  return Template.fromStack(new ArchiveStack(newApp(), 'Archive', { settings: bucketSettings(settings) }));
}

/** What is written as YAML; throws as the program would. */
export function deployment(yaml: string): Deployment {
  return deploymentOf(parse(yaml) ?? {}, 'the test', () => undefined);
}

export function example(name: Example): Deployment {
  return loadDeployment(`cdk/examples/${name}.yaml`).deployment;
}

export interface Synthesized {
  app: App;
  /** By the end of the stack's name: `Transfer`. */
  stack(end: string): Stack;
  template(end: string): Template;
}

const known = new Map<string, Synthesized>();

/** Once for each deployment: nobody changes what comes out of it. */
export function synthesize(wanted: Deployment): Synthesized {
  const key = JSON.stringify(wanted);
  const made = known.get(key) ?? make(wanted);
  known.set(key, made);
  return made;
}

function make(wanted: Deployment): Synthesized {
  const app = newApp();
  buildStacks(app, wanted);
  const stack = (end: string) => {
    const found = app.node.findAll().find((one): one is Stack => Stack.isStack(one) && one.stackName.endsWith(end));
    if (!found) throw new Error(`There is no stack …${end}`);
    return found;
  };
  const templates = new Map<string, Template>();
  const template = (end: string) => {
    const known = templates.get(end) ?? Template.fromStack(stack(end));
    templates.set(end, known);
    return known;
  };
  return { app, stack, template };
}
