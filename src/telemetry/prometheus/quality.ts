import { byLabel, type Family, gauge } from './families.ts';

/** What the review of orders has come to, of the whole installation. */
export interface QualityFigures {
  groups: { open: number; rare: number; quiet: number; muted: number };
  /** Null where no language model is asked. */
  model: {
    dollars: number;
    dollars_cap: number;
    calls: number;
    parse_failures: number;
    canary_misses: number;
  } | null;
}

export function qualityFamilies({ groups, model }: QualityFigures): Family[] {
  return [
    byLabel('gauge', 'order_pipeline_finding_groups', 'Groups of findings.', 'state', groups),
    gauge('order_pipeline_model_spent_dollars', 'Spent on the language model today (UTC).', model?.dollars),
    gauge('order_pipeline_model_budget_dollars', 'What may be spent on it in a day.', model?.dollars_cap),
    gauge('order_pipeline_model_calls', 'Calls to it today.', model?.calls),
    gauge(
      'order_pipeline_model_unreadable_answers',
      'Of its answers today, those that could not be read.',
      model?.parse_failures,
    ),
    gauge(
      'order_pipeline_model_missed_canaries',
      'How often it misjudged today what is plain.',
      model?.canary_misses,
    ),
  ];
}
