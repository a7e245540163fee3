// How long a job will still take, from how fast its fraction has grown.
import { t } from './translate';

/** Below this share the rate says nothing yet. */
const leastFraction = 0.03;
/** Before this time a word about time left would only flicker. */
const leastElapsedMs = 3000;

/** `about 40 s left`, or undefined while nothing can be said. */
export function remainingPhrase(fraction: number | undefined, elapsedMs: number): string | undefined {
  if (fraction === undefined || fraction < leastFraction || fraction >= 1 || elapsedMs < leastElapsedMs) return undefined;
  const seconds = (elapsedMs * (1 - fraction)) / fraction / 1000;
  if (seconds < 1) return undefined;
  if (seconds < 90) return t('about {0} s left', seconds < 10 ? Math.ceil(seconds) : Math.ceil(seconds / 5) * 5);
  return t('about {0} min left', Math.ceil(seconds / 60));
}
