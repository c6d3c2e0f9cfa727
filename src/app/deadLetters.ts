import type { DeadLetters } from '../bridge/sqs/deadLetters.ts';
import type { Config } from '../config/config.ts';
import type { Services } from '../runtime/services.ts';

/** The way to the dead-letter queue, found when it is first asked for: most processes never bring the AWS SDK along for it. */
export function deadLettersLater(config: Config, services: Services): () => Promise<DeadLetters> {
  let opening: Promise<DeadLetters> | undefined;
  const open = async () => {
    const { deadLetters } = await import('../bridge/sqs/deadLetters.ts');
    const letters = deadLetters(config.sqs);
    services.add({ name: 'dead letters', stop: async () => letters.close() });
    return letters;
  };
  return () => {
    opening ??= open();
    return opening;
  };
}
