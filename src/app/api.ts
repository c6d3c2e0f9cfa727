import { Entrance, type Trace } from '../access/entrance.ts';
import { anybodyInvited } from '../access/invited.ts';
import { KeyRing } from '../access/keyRing.ts';
import { KeyStore } from '../access/keyStore.ts';
import { PeopleStore } from '../access/peopleStore.ts';
import { RateLimiter } from '../access/rateLimiter.ts';
import { type Policy, sharedBuckets } from '../access/tokenBuckets.ts';
import { type AuditLog, makeAuditLog, type Outcome } from '../audit/auditLog.ts';
import { startAutoDriver } from '../desk/auto/autoDriver.ts';
import { type AutoRepair, listAutoRepairs } from '../desk/auto/autoRepairs.ts';
import { boardChanges } from '../desk/boardGate.ts';
import { BOARD_PATH, board } from '../desk/bullBoard.ts';
import { startRedriveDriver } from '../desk/deadLetters/redriveDriver.ts';
import { makeDesk } from '../desk/desk.ts';
import { makeDeskApi } from '../desk/orders/deskApi.ts';
import { qualityFigures } from '../desk/quality/qualityApi.ts';
import { startRunDrivers } from '../desk/runs/runDrivers.ts';
import { analyticsRoutes } from '../http/analytics/analyticsRoutes.ts';
import type { ApiParts } from '../http/app.ts';
import { docsRoutes } from '../http/description/docsRoutes.ts';
import { deskRoutes } from '../http/desk/deskRoutes.ts';
import type { QueueDepth } from '../http/health.ts';
import { liveRoutes } from '../http/live/liveRoutes.ts';
import { sharedSnapshots } from '../http/live/sharedSnapshots.ts';
import { expositionRoute, forPrometheus } from '../http/metrics.ts';
import { Provider } from '../http/people/provider.ts';
import { providerRoutes } from '../http/people/providerRoutes.ts';
import { signInRoutes } from '../http/people/signInRoutes.ts';
import type { Freshness } from '../http/stats/freshness.ts';
import { withOlderDays } from '../http/stats/olderDays.ts';
import { statsRoutes } from '../http/stats/routes.ts';
import { sharedReads, tooSlow } from '../http/stats/sharedReads.ts';
import { guards } from '../http/transport/guards.ts';
import { redisSessions } from '../http/transport/sessions.ts';
import { whoAsks } from '../http/transport/whoAsks.ts';
import { makeParseOrder } from '../orders/parseOrder.ts';
import { changeLearned } from '../quality/baselines/openBaselines.ts';
import { readFailures } from '../queue/failures/readFailures.ts';
import type { LetterQueue } from '../queue/letterQueue.ts';
import type { OrderQueues } from '../queue/orderQueues.ts';
import { readMemoryShare } from '../queue/queueLoad.ts';
import { retryFailed } from '../queue/retryFailed.ts';
import { deadline } from '../runtime/deadline.ts';
import { throttledErrors } from '../runtime/throttle.ts';
import { makeWatchedReads, mayTakeLong } from '../stats/read/readStats.ts';
import { readBacklog } from '../store/archiveStand.ts';
import type { Counter } from '../telemetry/figures.ts';
import { fleetFamilies } from '../telemetry/prometheus/fleet.ts';
import { qualityFamilies } from '../telemetry/prometheus/quality.ts';
import { historyReader, SPANS, type Step } from '../telemetry/read/history.ts';
import { hoursReader } from '../telemetry/read/hours.ts';
import { pulseReader } from '../telemetry/read/pulse.ts';
import { readSnapshot } from '../telemetry/read/snapshot.ts';
import { startWebhook } from '../telemetry/webhook.ts';
import { deadLettersLater } from './deadLetters.ts';
import type { Asked, HttpParts } from './http.ts';

/* An answer comes within a second even when Redis hangs: the check of a key, then the read. */
const ACCESS_TIMEOUT_MS = 200;
/** Somebody waits who has no other way in. */
const PEOPLE_TIMEOUT_MS = 2_000;
const READ_TIMEOUT_MS = 750;
/** Where all users of a range are added up, that holds for each round trip, and this for all of them. */
const LONG_READ_TIMEOUT_MS = 5_000;
/** An operator waits longer than a program, and is told then. */
const DESK_TIMEOUT_MS = 10_000;

/** What only those who may read or operate reach. Loaded by roles that serve it: it brings Bull Board along. */
export function apiParts(parts: HttpParts, { redis, ping }: Asked): ApiParts {
  const {
    config,
    logger,
    services,
    connect,
    partitions,
    queues,
    queueState,
    lastCounted,
    metrics,
    troubles,
    isStarted,
    historyReads,
  } = parts;
  const { keysNeeded, perKey, perAddress, authFailures, corsOrigins, readsInFlight } = config.api;
  const accessRedis = connect('fail_fast', 'access', { commandTimeout: ACCESS_TIMEOUT_MS });
  // Not only once somebody changes something: that first change would find no connection.
  const deskRedis = connect('fail_fast', 'desk', { commandTimeout: DESK_TIMEOUT_MS });
  const takeTokens = sharedBuckets(accessRedis);
  const limiter = (name: Policy['name'], limit: number) =>
    new RateLimiter({ name, limit, windowSeconds: 60 }, takeTokens);
  const reads = makeWatchedReads(redis, partitions);
  const hours = hoursReader(redis);
  const recent = sharedReads((watch) => ({ ...reads(watch), hours }), {
    mostUnderWay: readsInFlight,
    deadlineMs: READ_TIMEOUT_MS,
    long: { isLong: mayTakeLong, deadlineMs: LONG_READ_TIMEOUT_MS },
  });
  const stats = withOlderDays(recent, parts.historyReads);
  const look = pulseReader(redis);
  const onLookError = throttledErrors(logger, 'pulse');
  const snapshots = sharedSnapshots(
    () =>
      inTime(
        readSnapshot({
          currency: config.rules.currency,
          partitions: partitions.all.length,
          look,
          totals: () => stats.global(),
          failed: () => readFailures(redis, partitions.all),
          backlog: config.history.on ? () => readBacklog(redis, partitions) : undefined,
          queue: queueState,
        }),
      ),
    onLookError,
  );
  const history = historyReader(look);
  const fleet = async () => {
    const [snapshot, memoryShare, standing, quality] = await Promise.all([
      snapshots.latest(),
      inTime(readMemoryShare(redis)),
      inTime(listAutoRepairs(redis)),
      config.quality.layers.length === 0 ? undefined : inTime(qualityFigures({ redis, now: parts.now })),
    ]);
    const of = (wanted: AutoRepair['state']) => standing.filter(({ state }) => state === wanted).length;
    return [
      ...fleetFamilies(snapshot, memoryShare, { standing: of('standing'), stopped: of('stopped') }),
      ...(quality ? qualityFamilies(quality) : []),
    ];
  };
  if (config.webhook) {
    const { stop } = startWebhook({
      ...config.webhook,
      // Not the one for reads: what a replica does not know yet would be told again.
      redis: accessRedis,
      read: snapshots.latest,
      onError: throttledErrors(logger, 'webhook'),
    });
    services.add({ name: 'webhook', stop });
  }
  if (historyReads) services.add({ name: 'questions about the history', stop: historyReads.stop });
  const audit = makeAuditLog(deskRedis, { retentionDays: config.auditRetentionDays, logger });
  const deskParts = {
    redis: deskRedis,
    partitions,
    rules: {
      parse: makeParseOrder(config.rules),
      reading: { envelope: config.bridge.envelope, maxBodyBytes: config.maxBodyBytes },
      sumFields: config.rules.sumFields,
      idCase: config.rules.idCase,
    },
    ledgerRetentionDays: config.ledgerRetentionDays,
    currency: config.rules.currency,
    audit,
    auditRetentionDays: config.auditRetentionDays,
  };
  const drivers = startRunDrivers(deskParts, isStarted, throttledErrors(logger, 'runs of repairs'));
  const auto = startAutoDriver(
    { ...deskParts, troubles },
    isStarted,
    throttledErrors(logger, 'standing recipes'),
  );
  services.add({ name: 'standing recipes', quiet: auto.stop, stop: auto.stop });
  const letters = deadLettersLater(config, services);
  const redrive = startRedriveDriver(deskParts, letters, isStarted, throttledErrors(logger, 'redrive'));
  services.add({ name: 'redrive of dead letters', quiet: redrive.stop, stop: redrive.stop });
  services.add({ name: 'runs of repairs', quiet: drivers.stop, stop: drivers.stop });
  services.add({ name: 'those who look', quiet: async () => snapshots.stop(), stop: async () => {} });
  const peopleRedis = connect('fail_fast', 'people', { commandTimeout: PEOPLE_TIMEOUT_MS });
  const people = new PeopleStore(peopleRedis);
  const { admin, provider } = config;
  const failures = limiter('auth-failures', authFailures);
  const entrance = new Entrance({ people, admin, attempts: failures, trace: tracedBy(audit) });
  const sessions = redisSessions(peopleRedis);
  const invited = anybodyInvited(people);
  // In production never open: not even until it is known that nobody may sign in, and the start is refused.
  const mustSignIn = config.production || admin !== undefined || keysNeeded || provider !== undefined;
  const isClosed = async () => mustSignIn || invited();
  const guarded = guards({
    whoAsks: whoAsks({ keys: new KeyRing(new KeyStore(accessRedis)), admin, entrance, sessions, failures }),
    keysNeeded,
    isClosed,
    hasPassword: admin !== undefined,
    listensOn: config.http.host,
    perKey: perKey === 0 ? undefined : limiter('per-key', perKey),
    perAddress: perAddress === 0 ? undefined : limiter('per-address', perAddress),
  });
  return {
    guards: guarded,
    keysNeeded,
    hasHistory: historyReads !== undefined,
    signIn(prefixes) {
      const common = { entrance, sessions, logger };
      const host = provider && new URL(provider.issuer).host;
      const router = signInRoutes(prefixes, { ...common, guards: guarded, isClosed, provider: host });
      if (!provider) return router;
      const { issuer } = provider;
      return router.use(providerRoutes({ ...common, issuer, provider: new Provider(provider) }));
    },
    corsOrigins,
    stats: statsRoutes(
      stats,
      config.rules.idCase,
      () => freshnessOf(queueState(), lastCounted()),
      forPrometheus(expositionRoute({ metrics, ping, fleet })),
    )
      .use(liveRoutes(snapshots, (span) => inTime(history(span)), guarded.mayStay))
      .use(analyticsRoutes(historyReads, config.rules.idCase)),
    fleet,
    desk: deskRoutes(
      makeDeskApi(deskParts, letters as () => Promise<LetterQueue>, {
        layers: config.quality.layers,
        now: parts.now,
        history: async (span) =>
          outcomesIn(SPANS[span].step, await inTime(history(span, { underWay: true }))),
        changeLearned: (change) =>
          changeLearned({ redis: deskRedis, onError: throttledErrors(logger, 'learned baselines') }, change),
      }),
    ),
    documents: docsRoutes(config.rules.idCase),
    operators: {
      at: BOARD_PATH,
      router: lazily(queues, (open) => {
        const onError = throttledErrors(logger, 'Bull Board');
        const desk = makeDesk({
          redis: deskRedis,
          queues: open,
          partitions,
          audit,
          maxBodyBytes: config.maxBodyBytes,
          retryFailed: (some) => retryFailed(deskRedis, some),
        });
        return board(open, config.http.basePath + BOARD_PATH, boardChanges(desk, onError), onError);
      }),
    },
  };
}

/** What people do about themselves, in the log of who changed what. */
const tracedBy =
  (audit: AuditLog): Trace =>
  async ({ name, address }, action, act) => {
    const who = { kind: 'user', name, address } as const;
    const change = { action, person: name };
    const outcome = await audit.change<Outcome>(who, change, async () => ({
      result: (await act()) ? 'done' : 'refused',
    }));
    return outcome.result === 'done';
  };

/** Answers as every read does when Redis hangs. */
const inTime = <T>(reading: Promise<T>): Promise<T> => deadline(reading, READ_TIMEOUT_MS, tooSlow);

/** What the pulse knows of reviews. */
const outcomesIn = (step: number, steps: readonly Step[]) => ({
  step,
  points: steps.map(({ time, counts, refused }) => {
    const of = (counter: Counter) => counts.get(counter) ?? 0;
    const held = refused.get('quality_hold') ?? 0;
    return {
      time,
      counted: of('counted'),
      reviewed: of('reviewed'),
      flagged: of('flagged'),
      lost: of('flagged_lost'),
      held,
      invalid: [...refused.values()].reduce((sum, count) => sum + count, 0) - held,
      linesReviewed: of('lines_reviewed'),
      linesWarm: of('lines_warm'),
    };
  }),
});

/** Bull Board needs queues, and those need Redis once; /health answers before that. */
function lazily(
  queues: () => OrderQueues | undefined,
  make: (open: OrderQueues) => ReturnType<typeof board>,
) {
  let router: ReturnType<typeof board> | undefined;
  return () => {
    const open = queues();
    if (open) router ??= make(open);
    return router;
  };
}

/** While Redis is away, as it was last. */
const freshnessOf = (state: QueueDepth | undefined, lastCounted: number | undefined): Freshness => ({
  ...(state ? { waiting: state.waiting + state.active + state.delayed, failed: state.failed } : {}),
  ...(lastCounted === undefined ? {} : { newestCountedAt: new Date(lastCounted).toISOString() }),
});
