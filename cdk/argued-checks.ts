import { AwsSolutionsChecks, type IApplyRule, NagRuleCompliance, type NagRuleResult } from 'cdk-nag';
import type { IConstruct } from 'constructs';

const ARGUED = 'nvr-uplink:argued';

export interface Argument {
  /** The rule without its pack: `IAM5`. */
  readonly rule: string;
  /**
   * The end of the finding, for rules that find several things in one resource: `/home/*`.
   * @default - the rule finds one thing
   */
  readonly findingEnd?: string;
  /** Why it is right here: a sentence that a reviewer can disagree with. */
  readonly reason: string;
}

/** Says why a construct, or what is in it, is right although a rule finds something. */
export function argue(construct: IConstruct, argument: Argument): void {
  construct.node.addMetadata(ARGUED, argument);
}

/** Everything that was argued in a tree, for reviewers and tests. */
export function argumentsIn(scope: IConstruct): { path: string; argument: Argument }[] {
  return scope.node
    .findAll()
    .flatMap((construct) => own(construct).map((argument) => ({ path: construct.node.path, argument })));
}

/**
 * cdk-nag's AwsSolutions rules, except what was argued. CDK's own acknowledgements take a finding by its exact text, which for a
 * reference into another stack is the JSON of a name that CDK makes up; these take the end of it.
 */
export class ArguedChecks extends AwsSolutionsChecks {
  /** Arguments that a finding was met with. The others argue about nothing. */
  readonly used = new Set<Argument>();

  protected override applyRule(params: IApplyRule): void {
    const suffix = params.ruleSuffixOverride ?? params.rule.name;
    const rule = (node: IApplyRule['node']) => this.#without(suffix, node, params.rule(node));
    super.applyRule({ ...params, ruleSuffixOverride: suffix, rule });
  }

  #without(rule: string, node: IConstruct, result: NagRuleResult): NagRuleResult {
    if (Array.isArray(result)) {
      const left = result.filter((finding) => !this.#isArgued(rule, node, finding));
      return left.length > 0 ? left : NagRuleCompliance.COMPLIANT;
    }
    if (result !== NagRuleCompliance.NON_COMPLIANT || !this.#isArgued(rule, node, undefined)) return result;
    return NagRuleCompliance.COMPLIANT;
  }

  #isArgued(rule: string, node: IConstruct, finding: string | undefined): boolean {
    const argument = node.node.scopes
      .flatMap(own)
      .find(
        (one) =>
          one.rule === rule &&
          (finding === undefined
            ? one.findingEnd === undefined
            : one.findingEnd !== undefined && finding.endsWith(one.findingEnd)),
      );
    if (argument) this.used.add(argument);
    return argument !== undefined;
  }
}

function own(construct: IConstruct): Argument[] {
  return construct.node.metadata.filter(({ type }) => type === ARGUED).map(({ data }) => data as Argument);
}
