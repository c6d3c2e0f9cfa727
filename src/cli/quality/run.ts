import { makeAuditLog } from '../../audit/auditLog.ts';
import {
  type AnsweringParts,
  labelGroup,
  muteGroup,
  resetRule,
  restoreRule,
} from '../../desk/quality/answering.ts';
import { flaggedAnswer, iso, knownOf } from '../../desk/quality/qualityAnswers.ts';
import { Refused } from '../../desk/refused.ts';
import { changeLearned } from '../../quality/baselines/openBaselines.ts';
import type { Finding } from '../../quality/finding.ts';
import { readFindings } from '../../quality/outcomes/readGroups.ts';
import { visibleLines } from '../../runtime/visibleText.ts';
import { redisNow } from '../../store/redisTime.ts';
import { commandAuthor } from '../kit/author.ts';
import { helpOf } from '../kit/commandLine.ts';
import { columns } from '../kit/print.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { type OpenRedis, withRedis } from '../kit/withRedis.ts';
import { readWanted, USAGE, type Wanted } from './options.ts';

type Asked = Exclude<Wanted, { do: 'help' } | { do: 'nothing' }>;
type ToChange = Exclude<Asked, { do: 'groups' } | { do: 'findings' }>;

/** The quality command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const wanted = readWanted(args);
  if (wanted.do === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  if (wanted.do === 'nothing') return refuse(wanted.problems, around);
  return withRedis(around, async ({ redis }, { auditRetentionDays }) => {
    const say = (text: string) => around.stdout.write(`${visibleLines(text)}\n`);
    try {
      if (wanted.do === 'groups') await tellGroups(redis, wanted, say);
      else if (wanted.do === 'findings') await tellFindings(redis, wanted, say);
      else {
        const audit = makeAuditLog(redis, { retentionDays: auditRetentionDays });
        const onError = (error: Error) => complain(error.message, around);
        const parts: AnsweringParts = {
          redis,
          audit,
          changeLearned: (what) => changeLearned({ redis, onError }, what),
        };
        await change(parts, wanted, say);
      }
      return EXIT.done;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      complain(error.message, around);
      return EXIT.no;
    }
  });
}

async function tellGroups(
  redis: OpenRedis['redis'],
  { all, json }: { all: boolean; json: boolean },
  say: (text: string) => void,
): Promise<void> {
  const { groups, mutedAlone, stateOf, answerOf } = await knownOf(redis, await redisNow(redis), all);
  const wanted = groups.filter((group) => all || stateOf(group) === 'open');
  const alone = all ? mutedAlone : [];
  if (json) {
    for (const group of wanted) say(JSON.stringify(answerOf(group)));
    for (const one of alone) say(JSON.stringify({ state: 'muted', ...one }));
    return;
  }
  if (wanted.length + alone.length === 0) return say('No group of findings is open');
  say(
    columns([
      ['group', 'state', 'severity', 'rule', 'key', 'orders', 'seen', 'expected', 'last seen'],
      ...wanted.map((group) => [
        group.id,
        stateOf(group),
        group.severity,
        group.rule,
        group.key,
        String(group.orders),
        group.finding.observed,
        group.finding.expected,
        `${iso(group.lastSeen).slice(0, 19)}Z`,
      ]),
      ...alone.map(({ group, rule, key }) => [group, 'muted', '', rule, key, '', '', '', '']),
    ]),
  );
}

async function tellFindings(
  redis: OpenRedis['redis'],
  { message, json }: { message: string; json: boolean },
  say: (text: string) => void,
): Promise<void> {
  const found = await readFindings(redis, message);
  if (found === undefined) throw new Refused('Nothing is kept that was found in this order.', 'missing');
  if (json) {
    for (const finding of flaggedAnswer(found).findings) say(JSON.stringify(finding));
    return;
  }
  say(
    columns([
      ['severity', 'rule', 'at', 'seen', 'expected', 'fix'],
      ...found.findings.map(({ severity, rule, path, observed, expected, fix }) => [
        severity,
        rule,
        path || 'the order',
        observed,
        expected,
        fixInWords(fix),
      ]),
    ]),
  );
}

const fixInWords = (fix: Finding['fix']): string =>
  (fix ?? []).map(({ path, value }) => `${path} = ${JSON.stringify(value)}`).join(', ');

async function change(parts: AnsweringParts, wanted: ToChange, say: (text: string) => void): Promise<void> {
  const who = commandAuthor();
  switch (wanted.do) {
    case 'label': {
      const { verdict, lowered } = await labelGroup(parts, who, wanted);
      say(`Labelled ${wanted.verdict}; together its labels say ${verdict}`);
      if (lowered) say(`Its rule took a step down: ${lowered.why}`);
      return;
    }
    case 'restore':
      await restoreRule(parts, who, wanted);
      return say('It speaks as it is written again');
    case 'reset':
      await resetRule(parts, who, wanted);
      return say('Forgotten: workers learn it anew');
    default:
      await muteGroup(parts, who, { ...wanted, muted: wanted.do === 'mute' });
      return say(wanted.do === 'mute' ? 'Muted' : 'It speaks again');
  }
}
