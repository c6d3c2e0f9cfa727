import { type Child, element } from '../kit/element.ts';
import { jsonText } from '../kit/jsonText.ts';
import { inline } from '../kit/prose.ts';
import { table } from '../kit/table.ts';
import type { DocumentedAnswer, Operation, Schema } from './apiDocument.ts';

/** What may come back, folded away until somebody wants to know: fields, an example, every status. */
export function documentedAnswers({ answers, summary }: Operation): HTMLElement {
  const json = answers.find(({ status }) => status === '200')?.json;
  return element(
    'details',
    { class: 'answers' },
    element('summary', {}, 'Fields, example and statuses'),
    ...(json ? [...fieldsView(summary, json.schema), ...exampleView(json.example)] : []),
    element('h4', {}, 'Statuses'),
    table({
      label: `Statuses of: ${summary}`,
      columns: [
        { title: 'Status', cell: ({ status }: DocumentedAnswer) => element('code', {}, status) },
        { title: 'Means', cell: ({ description }) => element('span', {}, ...inline(description)) },
      ],
      rows: answers,
      empty: 'None is documented.',
    }),
  );
}

function fieldsView(summary: string, schema: Schema): Child[] {
  return [
    element('h4', {}, 'Fields'),
    table({
      label: `Fields of: ${summary}`,
      columns: [
        { title: 'Field', cell: ({ name }: Leaf) => element('code', {}, name) },
        { title: 'Type', cell: ({ type }) => type },
        { title: 'Means', cell: ({ description }) => element('span', {}, ...inline(description)) },
      ],
      rows: leavesOf(schema),
      empty: 'Whatever the answer holds.',
    }),
  ];
}

const exampleView = (example: unknown): Child[] => [
  element('h4', {}, 'Example'),
  element('pre', { tabindex: 0 }, jsonText(JSON.stringify(example))),
];

interface Leaf {
  name: string;
  type: string;
  description: string;
}

/** The leaves of a schema, each with its place: `users[].user_id`. */
function leavesOf(schema: Schema, name = ''): Leaf[] {
  if (schema.type === 'array') return leavesOf(schema.items ?? {}, `${name}[]`);
  if (schema.properties) {
    return Object.entries(schema.properties).flatMap(([key, value]) =>
      leavesOf(value, name === '' ? key : `${name}.${key}`),
    );
  }
  return name === '' ? [] : [{ name, type: typeOf(schema), description: schema.description ?? '' }];
}

function typeOf({ type, enum: choices, const: only, anyOf }: Schema): string {
  if (choices) return choices.join(' | ');
  if (only !== undefined) return String(only);
  return (anyOf ? anyOf.flatMap((each) => each.type ?? []) : [type ?? 'anything'].flat()).join(' or ');
}
