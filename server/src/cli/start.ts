import { flushCompileCache } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { offerSetup } from '../accounts/offer-setup.ts';
import { hasOwner } from '../accounts/user.ts';
import { buildApp } from '../app.ts';
import { fillClientSearchKeys, saveFirstPartyClient } from '../clients/client.ts';
import { type Config, readConfig } from '../config.ts';
import type { Deps } from '../deps.ts';
import { type RunningJobs, startJobs } from '../jobs/runner.ts';
import { joinNodes } from '../nodes/join-nodes.ts';
import { createLogger } from '../platform/logger.ts';
import { masterKeyIdOf } from '../platform/master-key.ts';
import { createRandom } from '../platform/random.ts';
import { OWN_LISTENER } from '../platform/revoked-set.ts';
import { createThisNode } from '../platform/this-node.ts';
import { readVersion } from '../platform/version.ts';
import { StartProblem } from '../start-problem.ts';
import { createDeps, keepCurrent, messageOf } from '../wire.ts';
import { watchAnswers } from './close-server.ts';
import { commandLine } from './command-line.ts';
import { settleDemo, startDemo } from './demo.ts';
import { endOnFatalErrors, leaveAfter, untilAsked } from './process-end.ts';
import { startScreen } from './start-screen.ts';

/** A clean end takes this long at most, in milliseconds. */
const END_PATIENCE = 10_000;
/** Of it, jobs get this much to stop between two steps. */
const JOBS_PATIENCE = 3000;

/** Serves until the process is asked to end. */
export async function start(): Promise<number> {
  const config = readConfig();
  const node = createThisNode(createRandom());
  const log = createLogger(config).child({ node: node.id });
  endOnFatalErrors(log);
  let jobs: RunningJobs | null = null;
  const wired = await createDeps(config, log, () => jobs?.wake('deliver-mail'), node);
  const { deps, close } = wired;
  try {
    await saveFirstPartyClient(deps);
    await fillClientSearchKeys(deps.db);
    await settleDemo(deps);
    const current = await keepCurrent(wired);
    const membership = await joinNodes(deps, masterKeyIdOf(config.masterKey));
    const server = await serve(deps, log);
    jobs = startJobs(deps, node.id);
    // Whatever ends a sign-in, here, at another node or on a command line, is heard of as a revocation; then some site may wait to be told.
    deps.revoked.subscribe(`${OWN_LISTENER}deliver-logouts`, () => jobs?.wake('deliver-logouts'));
    await announce(deps, log);
    // Otherwise it is written at the end, and a process that is killed would leave the next start as slow as its own.
    flushCompileCache();
    const demo = startDemo(deps, log, (text) => process.stdout.write(text));

    const signal = await untilAsked();
    leaveAfter(END_PATIENCE, log);
    log.info({ signal }, 'ending: not ready any more; then no new connections, and answers under way are finished');
    await membership.leave();
    await sleep(config.drainDelay);
    await Promise.all([server.close(), jobs.stop(JOBS_PATIENCE), demo.stop()]);
    current.stop();
    await membership.end();
    return 0;
  } finally {
    await close();
  }
}

async function serve(deps: Deps, log: Logger): Promise<{ close(): Promise<void> }> {
  const app = await buildApp(deps, log);
  const close = watchAnswers(app.server);
  await listen(app, deps.config);
  return { close: () => close(app, deps.config.drainDelay) };
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<void> {
  try {
    await app.listen({ host, port, listenTextResolver: () => 'listening' });
  } catch (cause) {
    throw new StartProblem(listenProblem(cause, host, port), cause);
  }
}

function listenProblem(cause: unknown, host: string, port: number): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : '';
  if (code === 'EADDRINUSE') return `port ${port} on ${host} is taken by another program: end that one, or set PORTICO_PORT`;
  if (code === 'EACCES') return `port ${port} on ${host} needs more rights: set PORTICO_PORT to one from 1024 on`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `${host} is no address of this machine: check PORTICO_HOST`;
  return `cannot listen on ${host}, port ${port}: ${messageOf(cause)}`;
}

async function announce(deps: Deps, log: Logger): Promise<void> {
  const { config } = deps;
  const { host, port, origin } = config;
  // Since the process began.
  const milliseconds = Math.round(performance.now());
  log.info({ version: readVersion(), host, port, origin, milliseconds }, 'portico is ready');
  // In production standard output is the log, one JSON object a line.
  if (config.mode === 'production' && !process.stdout.isTTY) return;
  process.stdout.write(startScreen(config, { version: readVersion(), milliseconds, setup: await firstOwnerLink(deps) }));
}

/** Only where a person reads it: what goes to a log would stand there for whoever reads logs. Null: there is an owner. */
async function firstOwnerLink(deps: Deps): Promise<string | null> {
  if (await hasOwner(deps.db)) return null;
  return (await offerSetup(deps, commandLine(deps), { madeBy: 'start' })).link;
}
