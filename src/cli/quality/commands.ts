/** What is done by `order-pipeline quality`: what each takes, those in brackets may be left out, and what it does. */
export const QUALITY_COMMANDS: Readonly<Record<string, readonly [operands: string, does: string]>> = {
  groups: ['', 'what was found, a line for each group that is open'],
  findings: ['MESSAGE_ID', 'what was found in one order, and what would mend it'],
  label: ['GROUP right|wrong|unsure', 'say what you think of a group'],
  mute: ['GROUP', 'workers say nothing of its rule and key any more, and learn from its orders'],
  unmute: ['GROUP', 'they say it again'],
  restore: ['RULE', 'a rule that took a step down by itself speaks as it is written'],
  reset: ['RULE [KEY]', 'a rule forgets what it learned of a key, or of all, and learns it anew'],
};

export const commandRows = (): (readonly [use: string, does: string])[] =>
  Object.entries(QUALITY_COMMANDS).map(([name, [operands, does]]) => [`${name} ${operands}`.trim(), does]);
