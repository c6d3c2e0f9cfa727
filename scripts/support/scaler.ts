/**
 * The arithmetic of a HorizontalPodAutoscaler that KEDA feeds with an AverageValue, as Kubernetes documents it:
 * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
 */
export interface ScalerRules {
  min: number;
  max: number;
  /** Of the figure, for one pod. */
  target: number;
  behavior: { scaleUp: Direction; scaleDown: Direction };
}

interface Direction {
  stabilizationWindowSeconds: number;
  policies: { type: 'Percent' | 'Pods'; value: number; periodSeconds: number }[];
}

/** How often the controller looks, as it is unless a cluster's owner changes it. */
const SYNC_SECONDS = 15;
/** A ratio this near to one changes nothing. */
const TOLERANCE = 0.1;

/** The scaler of one Deployment that has `min` pods at second 0. */
export class Scaler {
  readonly #rules: ScalerRules;
  #pods: number;
  #recommended: { at: number; pods: number }[] = [];
  #changes: { at: number; by: number }[] = [];

  constructor(rules: ScalerRules) {
    this.#rules = rules;
    this.#pods = rules.min;
  }

  /** How many pods it wants once it has seen `figure` at second `at`; undefined when nobody answered. */
  look(at: number, figure: number | undefined): number {
    // The fallback is "as many as there are".
    if (figure === undefined) return this.#pods;
    const { min, max, behavior } = this.#rules;
    const raw = this.#wanted(figure);
    this.#recommended.push({ at, pods: raw });
    const within = (seconds: number) =>
      this.#recommended.filter((each) => each.at > at - seconds || each.at === at);
    const most = Math.max(...within(behavior.scaleDown.stabilizationWindowSeconds).map(({ pods }) => pods));
    const least = Math.min(...within(behavior.scaleUp.stabilizationWindowSeconds).map(({ pods }) => pods));
    const stable = Math.min(Math.max(this.#pods, least), most);
    const limited =
      stable > this.#pods
        ? Math.min(stable, this.#highest(at))
        : stable < this.#pods
          ? Math.max(stable, this.#lowest(at))
          : stable;
    const next = Math.min(max, Math.max(min, limited));
    if (next !== this.#pods) this.#changes.push({ at, by: next - this.#pods });
    this.#pods = next;
    const longest = Math.max(300, behavior.scaleDown.stabilizationWindowSeconds);
    this.#recommended = this.#recommended.filter((each) => each.at > at - longest);
    return next;
  }

  #wanted(figure: number): number {
    const ratio = figure / (this.#rules.target * this.#pods);
    return Math.abs(ratio - 1) <= TOLERANCE ? this.#pods : Math.ceil(figure / this.#rules.target);
  }

  #changed(at: number, seconds: number, sign: 1 | -1): number {
    return this.#changes
      .filter((each) => each.at > at - seconds && Math.sign(each.by) === sign)
      .reduce((sum, { by }) => sum + Math.abs(by), 0);
  }

  /** The policy that allows the most is the one that counts, both ways. */
  #highest(at: number): number {
    return Math.max(
      ...this.#rules.behavior.scaleUp.policies.map(({ type, value, periodSeconds }) => {
        const before = this.#pods - this.#changed(at, periodSeconds, 1);
        return type === 'Pods' ? before + value : Math.ceil(before * (1 + value / 100));
      }),
    );
  }

  #lowest(at: number): number {
    return Math.min(
      ...this.#rules.behavior.scaleDown.policies.map(({ type, value, periodSeconds }) => {
        const before = this.#pods + this.#changed(at, periodSeconds, -1);
        return type === 'Pods' ? before - value : Math.floor(before * (1 - value / 100));
      }),
    );
  }
}

export interface Load {
  /** Orders that come in this second. */
  arrivals(second: number): number;
  /** What one ready worker and what Redis take in a second at most, orders. */
  perWorker: number;
  perRedis: number;
  /** Seconds from a pod wanted to a pod at work. */
  startSeconds: number;
  /** How old the figure is when the scaler has it. */
  figureAgeSeconds: number;
  /** While this holds, nobody answers the scaler and no order is worked off. */
  down?(second: number): boolean;
}

export interface Played {
  /** For each second. */
  backlog: number[];
  pods: number[];
  /** How often the number of pods went from growing to shrinking or back. */
  turns: number;
  podSeconds: number;
}

/** `seconds` of a Deployment of workers under that load, from an empty queue or `backlog` orders. */
export function play(rules: ScalerRules, load: Load, seconds: number, backlog = 0): Played {
  const scaler = new Scaler(rules);
  const played: Played = { backlog: [], pods: [], turns: 0, podSeconds: 0 };
  let wanted = rules.min;
  let ready = rules.min;
  let starting: { at: number; pods: number }[] = [];
  let waiting = backlog;
  let direction = 0;
  for (let second = 0; second < seconds; second += 1) {
    if (second % SYNC_SECONDS === 0) {
      const seen = played.backlog[Math.max(0, second - load.figureAgeSeconds)] ?? waiting;
      const next = scaler.look(second, load.down?.(second) ? undefined : seen);
      if (next > wanted) starting.push({ at: second + load.startSeconds, pods: next - wanted });
      if (next < wanted) ready = Math.min(ready, next);
      if (next !== wanted) {
        const now = Math.sign(next - wanted);
        if (direction !== 0 && now !== direction) played.turns += 1;
        direction = now;
      }
      wanted = next;
    }
    for (const { at, pods } of starting) if (at === second) ready = Math.min(wanted, ready + pods);
    starting = starting.filter(({ at }) => at > second);
    const worked = load.down?.(second) ? 0 : Math.min(ready * load.perWorker, load.perRedis);
    waiting = Math.max(0, waiting + load.arrivals(second) - worked);
    played.backlog.push(waiting);
    played.pods.push(wanted);
    played.podSeconds += wanted;
  }
  return played;
}
