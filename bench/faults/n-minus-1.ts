/** `node bench/faults/n-minus-1.ts`: nodes of this release and of the one before serve one database, up and down again. No request may fail. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Browser } from '../../server/test/browser.ts';
import { runPortico } from '../../server/test/portico-process.ts';
import { openLedger } from './ledger.ts';
import { connectLine } from './line.ts';
import { DRAIN_DELAY, type Ends, isSeamless, type Rolling, rollingRestart, tellRolling } from './rolling-restart.ts';
import { databaseUrl, type StageNode } from './stage/node.ts';
import { checkOutOlder } from './stage/older-program.ts';
import { type Front, startProxy } from './stage/proxy.ts';
import { type Stage, StageMissing } from './stage.ts';

export interface SideBySideOptions {
  readonly requests: number;
  /** Times that both nodes are brought up to this release and back down. */
  readonly rounds: number;
  /** Only one node goes up and comes back. */
  readonly brief?: boolean;
  readonly people?: number;
  readonly visitors?: number;
  readonly pause?: number;
}

export interface SideBySide {
  readonly release: string;
  readonly rolling: Rolling;
  /** Milliseconds until a sign-out at one release was heard at the other, by `from -> at`. */
  readonly heardAfter: readonly { readonly way: string; readonly milliseconds: number }[];
}

/** A sign-out is heard at every node within this, in milliseconds. */
export const HEARD_WITHIN = 1000;

/** The schema is this release's from the beginning: what an upgrade leaves when its first node is new. Throws StageMissing in a shallow clone. */
export async function sideBySide(options: SideBySideOptions): Promise<SideBySide> {
  const older = checkOutOlder();
  if (older === null) throw new StageMissing('the release before this one is not in this clone: git fetch --unshallow --tags');
  const settings = { PORTICO_MASTER_KEY: randomBytes(32).toString('base64url') };
  const isNew = new Map<string, boolean>();
  const heardAfter: { way: string; milliseconds: number }[] = [];
  let front: Front | null = null;
  const change = async (node: StageNode, ends: Ends, toNew: boolean) => {
    // 0.6 ends at once, whatever a proxy is sending it: an operator takes such a node out first.
    await front?.leaveOut?.(node.port, true);
    await ends.end(node);
    isNew.set(node.name, toNew);
    await node.start(toNew ? { PORTICO_DRAIN_DELAY: DRAIN_DELAY } : {});
    await front?.leaveOut?.(node.port, false);
    ends.events.push(`${new Date().toISOString()} ${node.name} is back, ${toNew ? 'new' : 'old'}`);
  };
  try {
    const rolling = await rollingRestart({
      front: 'own',
      ...options,
      stage: {
        settings,
        command: (name) => (isNew.get(name) === true ? undefined : older.command),
        front: async (ports, port) => (front = await startProxy(ports, port)),
      },
      round: async (stage, ends) => {
        const [a, b] = stage.nodes;
        if (a === undefined || b === undefined) throw new Error('two nodes are needed');
        await change(a, ends, true);
        heardAfter.push({ way: 'this release -> the one before', milliseconds: await hear(stage, a, b) });
        heardAfter.push({ way: 'the one before -> this release', milliseconds: await hear(stage, b, a) });
        if (options.brief === true) {
          await change(a, ends, false);
          return;
        }
        await change(b, ends, true);
        await change(a, ends, false);
        heardAfter.push({ way: 'after going back, this release -> the one before', milliseconds: await hear(stage, b, a) });
        await change(b, ends, false);
      },
      alsoTrue: (stage) => proveAuditLog(stage, settings),
    });
    return { release: older.release, rolling, heardAfter };
  } finally {
    older.close();
  }
}

/** Whether nothing failed, and nothing was heard late. */
export function isWhole({ rolling, heardAfter }: SideBySide): boolean {
  return isSeamless(rolling) && heardAfter.length > 0 && heardAfter.every(({ milliseconds }) => milliseconds <= HEARD_WITHIN);
}

let heard = 0;

/** Somebody signs in at `there` and out at `here`: after how many milliseconds `there` takes their access token no more. */
async function hear(stage: Stage, here: StageNode, there: StageNode): Promise<number> {
  const { calls } = openLedger();
  const [toHere, toThere] = [connectLine(here.port, calls), connectLine(there.port, calls)];
  try {
    heard += 1;
    const browser = new Browser(toThere.app, { now: Date.now }, { origin: stage.origin, address: `192.0.2.${(heard % 250) + 1}` });
    await enter(stage, browser, `heard${heard}-${randomBytes(3).toString('hex')}@example.com`);
    const copy = browser.copy();
    if ((await copy.call('me')).status !== 200) throw new Error('who has just come in is not let in');
    browser.app = toHere.app;
    const out = await browser.act('signOut');
    const told = performance.now();
    if (out.status !== 204) throw new Error(`a sign-out was answered ${out.status}: ${out.text}`);
    while ((await copy.call('me')).status === 200) {
      if (performance.now() - told > 20 * HEARD_WITHIN) break;
      await sleep(10);
    }
    return Math.round(performance.now() - told);
  } finally {
    toHere.close();
    toThere.close();
  }
}

async function enter(stage: Stage, browser: Browser, email: string): Promise<void> {
  const begun = await browser.call('signUp', { email, password: 'correct horse battery staple', keep: true });
  if (begun.status !== 200) throw new Error(`nobody new comes in: ${begun.status} ${begun.text}`);
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; await sleep(20)) {
    const letter = stage.mail.letters.findLast(({ recipients }) => recipients.includes(email));
    const code = /\b\d{4}[ \u00a0]?\d{4}\b/.exec(letter?.message.text ?? '')?.[0].replace(/\D/g, '');
    if (code === undefined) continue;
    const opened = await browser.call('verifySignIn', { securityCode: code });
    if (opened.status !== 200) throw new Error(`a code was refused: ${opened.status} ${opened.text}`);
    return;
  }
  throw new Error(`no letter came to ${email}`);
}

/** What both releases wrote into one log is proven by this one. */
async function proveAuditLog(stage: Stage, settings: Readonly<Record<string, string>>): Promise<string[]> {
  if (stage.postgres === null) return ['there is no database to prove'];
  const env = { NODE_ENV: 'test', PORTICO_DATA_DIR: stage.dataDir, PORTICO_DATABASE_URL: databaseUrl(stage.postgres.port), ...settings };
  const { stdout } = await runPortico(['doctor', '--json', '--only', 'database'], env);
  const { checks } = JSON.parse(stdout) as { checks: readonly { name: string; state: string; finding: string }[] };
  const log = checks.find(({ name }) => name === 'audit log');
  const proven = log?.state === 'ok' && /^[1-9]\d* events/.test(log.finding);
  return proven ? [] : [`audit log: ${log?.finding ?? 'not looked at'}`];
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { requests: { type: 'string' }, rounds: { type: 'string' } } });
  const result = await sideBySide({ requests: Number(values.requests ?? 20_000), rounds: Number(values.rounds ?? 3) });
  process.stdout.write(`${tellRolling(`${result.release} and this release side by side`, result.rolling)}\n`);
  for (const { way, milliseconds } of result.heardAfter) process.stdout.write(`  a sign-out, ${way}: heard after ${milliseconds} ms\n`);
  if (!isWhole(result)) process.exitCode = 1;
}
