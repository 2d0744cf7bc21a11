import { Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { ArguedChecks, argue, argumentsIn } from '../../cdk/argued-checks.js';
import { EXAMPLES, example, newApp, synthesize } from './synthesized.js';

function check(scope: IConstruct): { findings: string[]; checks: ArguedChecks } {
  const checks = new ArguedChecks(scope);
  const findings = checks.validateScope(scope).violations.map((violation) => violation.ruleName);
  return { findings, checks };
}

describe.each(EXAMPLES)('the stacks of %s', (name) => {
  it('have no finding but what is argued, and argue about nothing that is not found', () => {
    const { app } = synthesize(example(name));
    app.synth();
    const { findings, checks } = check(app);
    expect(findings).toEqual([]);
    const argued = argumentsIn(app);
    for (const { argument } of argued) expect(argument.reason.length).toBeGreaterThan(60);
    const rules = (all: Iterable<{ rule: string }>) => [...new Set([...all].map(({ rule }) => rule))].sort();
    expect(rules(checks.used)).toEqual(rules(argued.map(({ argument }) => argument)));
  });
});

describe('the archive', () => {
  it('is argued about nowhere', () => {
    for (const name of EXAMPLES) expect(argumentsIn(synthesize(example(name)).stack('Archive'))).toEqual([]);
  });
});

describe('the rules', () => {
  it('find what a careless bucket leaves open', () => {
    const stack = new Stack(newApp(), 'Careless');
    new Bucket(stack, 'Bucket');
    expect(check(stack).findings).toEqual(expect.arrayContaining(['AwsSolutions-S1', 'AwsSolutions-S10']));
  });

  it('are silenced where it was argued, and there only', () => {
    const stack = new Stack(newApp(), 'Partly');
    const argued = new CfnSecret(stack, 'Argued');
    argue(argued, { rule: 'SMG4', reason: 'because' });
    expect(check(stack).findings).toEqual([]);
    new CfnSecret(stack, 'Other');
    expect(check(stack).findings).toEqual(['AwsSolutions-SMG4']);
  });
});
