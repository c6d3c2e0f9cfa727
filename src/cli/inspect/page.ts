import { whole } from '../kit/print.ts';
import { type ModelsPart, modelRows } from './askModel.ts';
import {
  GRADES,
  type Grade,
  type Inspected,
  type InspectedFinding,
  type InspectedGroup,
  warmthInWords,
} from './inspected.ts';
import { STYLE } from './pageStyle.ts';

/*
 * What was found as one page that needs nothing beside itself. Whatever stood in the file is text in it: of an order
 * nothing may become markup, and the page allows no script and no request.
 */

const GROUPS_SHOWN = 300;
const NAMES: Record<Grade, string> = {
  info: 'remarked on',
  warn: 'warned of',
  hold: 'to be held',
  error: 'refused',
};
const MEANINGS: Record<Grade, string> = {
  error: 'The rules of an order refuse it: it would wait in the failed set.',
  hold: 'Right by the rules, and to be seen by a person before it counts.',
  warn: 'It counts, and is probably not what was meant.',
  info: 'It counts; worth a look.',
};

export function pageOf(file: string, inspected: Inspected, said?: ModelsPart): string {
  const { orders, worst, groups } = inspected;
  const flagged = GRADES.reduce((sum, grade) => sum + worst[grade], 0);
  const verdict =
    flagged === 0
      ? `All ${whole(orders)} orders are clean`
      : `${whole(flagged)} of ${whole(orders)} orders need a look`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>${text(verdict)}: ${text(file)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<p class="file">${text(file)}</p>
<h1>${text(verdict)}</h1>
${inspected.isPart ? '<p class="note">Stopped before the end of the file.</p>' : ''}
</header>
<section aria-labelledby="outcomes">
<h2 id="outcomes">Orders by their gravest finding</h2>
${bar(inspected, flagged)}
<p>${text(warmthInWords(inspected))}.</p>
</section>
${groups.length === 0 ? '' : rulesTable(inspected)}
${GRADES.toReversed()
  .map((grade) => gradeSection(grade, groups))
  .join('\n')}
${hiddenNote(inspected)}
${said ? modelSection(said) : ''}
</main>
</body>
</html>
`;
}

function bar({ orders, worst, duplicates }: Inspected, flagged: number): string {
  const parts = [
    { grade: 'clean', name: 'clean', count: orders - flagged },
    ...GRADES.map((grade) => ({ grade, name: NAMES[grade], count: worst[grade] })),
  ].filter(({ count, grade }) => count > 0 || grade === 'clean');
  const blocks = parts
    .filter(({ count }) => count > 0)
    .map(({ grade, count }) => `<span class="${grade}" style="flex-grow:${count}"></span>`)
    .join('');
  const legend = parts
    .map(
      ({ grade, name, count }) =>
        `<li><span class="swatch ${grade}"></span><b>${whole(count)}</b> ${name}${orders === 0 ? '' : ` <span class="quiet">${share(count, orders)}</span>`}</li>`,
    )
    .join('');
  const twice =
    duplicates > 0
      ? `<p class="note">${whole(duplicates)} of the clean ones repeat an order of the file, and would count once.</p>`
      : '';
  return `<div class="bar" aria-hidden="true">${blocks}</div><ul class="legend">${legend}</ul>${twice}`;
}

function share(count: number, of: number): string {
  const percent = (count / of) * 100;
  return percent > 0 && percent < 0.1 ? 'under 0.1 %' : `${percent.toFixed(1)} %`;
}

function rulesTable({ rules, orders }: Inspected): string {
  const rows = rules.map(
    (rule) =>
      `<tr><th scope="row"><span class="tag ${rule.severity}">${rule.severity}</span> <code>${text(rule.rule).replaceAll('_', '_<wbr>')}</code></th><td>${whole(rule.orders)}</td><td>${share(rule.orders, orders).replaceAll(' ', '&nbsp;')}</td><td>${whole(rule.findings)}</td></tr>`,
  );
  return `<section aria-labelledby="rules"><h2 id="rules">Rules that spoke</h2>
<div class="wide" tabindex="0" role="region" aria-labelledby="rules"><table class="rules">
<thead><tr><th scope="col">rule</th><th scope="col">orders</th><th scope="col">of all</th><th scope="col">findings</th></tr></thead>
<tbody>${rows.join('')}</tbody></table></div></section>`;
}

function gradeSection(grade: Grade, groups: readonly InspectedGroup[]): string {
  const own = groups.slice(0, GROUPS_SHOWN).filter(({ severity }) => severity === grade);
  if (own.length === 0) return '';
  return `<section aria-labelledby="of-${grade}"><h2 id="of-${grade}">${capital(NAMES[grade])}</h2>
<p class="note">${MEANINGS[grade]}</p>
${own.map(groupCard).join('\n')}</section>`;
}

function groupCard({ rule, key, severity, count, fixes, findings }: InspectedGroup): string {
  const [first] = findings as [InspectedFinding];
  const more = count - findings.length;
  const of = key === '' || key === first.path || key === first.observed ? '' : ` <code>${text(key)}</code>`;
  const mended = fixes === 0 ? '' : `, ${fixes === count ? '' : `${whole(fixes)} `}with a fix`;
  return `<article class="${severity}">
<h3><code>${text(rule)}</code>${of} <span class="quiet">${whole(count)} ${count === 1 ? 'finding' : 'findings'}${mended}</span></h3>
<ul>${findings.map(findingItem).join('')}</ul>
${more > 0 ? `<p class="note">and ${whole(more)} more like ${findings.length === 1 ? 'it' : 'these'}</p>` : ''}
</article>`;
}

/** What a model wrote is a stranger's text, as what stands in the file is. */
function modelSection(said: ModelsPart): string {
  const rows = modelRows(said).map(
    ([about, opinion]) => `<tr><th scope="row">${text(about)}</th><td>${text(opinion)}</td></tr>`,
  );
  const { asked, spent } = said;
  return `<section aria-labelledby="model"><h2 id="model">What the language model thinks</h2>
<p class="note">An opinion, no finding: ${whole(asked)} things were shown to it in ${whole(spent.calls)} calls.</p>
<div class="wide" tabindex="0" role="region" aria-labelledby="model"><table>${rows.join('')}</table></div></section>`;
}

function findingItem({ line, path, observed, expected, fix }: InspectedFinding): string {
  const fixes =
    fix === null
      ? ''
      : `<dt>fix</dt><dd>${fix.map((edit) => `<code>${text(edit.path)}</code> becomes <b>${text(String(edit.value))}</b>`).join(', ')}</dd>`;
  const place = path === '' ? 'the order' : `<code>${text(path)}</code>`;
  return `<li><p class="where">Line ${whole(line)}, ${place}</p><dl>${
    observed === '' ? '' : `<dt>is</dt><dd>${text(observed)}</dd>`
  }<dt>expected</dt><dd>${text(expected)}</dd>${fixes}</dl></li>`;
}

function hiddenNote({ groups, ungrouped }: Inspected): string {
  const hidden = groups.slice(GROUPS_SHOWN).reduce((sum, { count }) => sum + count, ungrouped);
  return hidden === 0
    ? ''
    : `<p class="note">${whole(hidden)} more findings are not on this page; inspect --json has them all.</p>`;
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** What would steer a page or hide in it is shown as U+FFFD. */
const text = (raw: string): string =>
  raw.replace(/[&<>"']/g, (sign) => ENTITIES[sign] as string).replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '\ufffd');
