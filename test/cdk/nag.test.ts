import { Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { expect, it } from 'vitest';
import { ArchiveStack } from '../../cdk/archive-stack.js';
import { newApp } from './synthesized.js';

function findings(scope: IConstruct): string[] {
  return new AwsSolutionsChecks(scope).validateScope(scope).violations.map((violation) => violation.ruleName);
}

it('the archive stack has no finding, and none is acknowledged away', () => {
  const stack = new ArchiveStack(newApp(), 'Archive', { retentionDays: 90 });
  expect(findings(stack)).toEqual([]);
  const metadata = stack.node.findAll().flatMap((construct) => construct.node.metadata);
  expect(metadata.filter((entry) => entry.type === 'aws:cdk:acknowledged-rules')).toEqual([]);
});

it('the rules do find what a careless bucket leaves open', () => {
  const stack = new Stack(newApp(), 'Careless');
  new Bucket(stack, 'Bucket');
  expect(findings(stack)).toEqual(expect.arrayContaining(['AwsSolutions-S1', 'AwsSolutions-S10']));
});
