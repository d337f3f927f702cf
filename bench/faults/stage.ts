import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FreezableProxy, startFreezableProxy } from '../../server/test/freezable-proxy.ts';
import { freePort } from '../../server/test/portico-process.ts';
import { launchRedis, type TestRedis } from '../../server/test/redis.ts';
import { type SmtpCatcher, startSmtpCatcher } from '../../server/test/smtp-catcher.ts';
import { databaseUrl, placeNode, type StageNode } from './stage/node.ts';
import { type FaultyPostgres, startFaultyPostgres } from './stage/postgres.ts';
import { type StartFront, startProxy } from './stage/proxy.ts';
import { type Installation, newMasterKey, settleInstallation } from './stage/sites.ts';
import { type StrictSite, startStrictSite } from './stage/strict-site.ts';

/** A whole installation as it runs in production, on this machine, with a wire that can go wrong between each two of its parts. */
export interface Stage extends Installation {
  /** Where people and sites find it: at what stands before the nodes. */
  readonly origin: string;
  readonly port: number;
  readonly nodes: readonly StageNode[];
  /** Null on SQLite. */
  readonly postgres: FaultyPostgres | null;
  readonly redis: TestRedis | null;
  readonly toMail: FreezableProxy;
  readonly mail: SmtpCatcher;
  readonly site: StrictSite;
  /** Of SQLite: the folder that all its files lie in. */
  readonly dataDir: string;
  close(): Promise<void>;
}

export interface StageOptions {
  /** 2 unless given; on SQLite 1. */
  readonly nodes?: number;
  readonly database?: 'postgres' | 'sqlite';
  readonly redis?: boolean;
  /** As on the command line of postgres. */
  readonly postgresSettings?: Readonly<Record<string, string>>;
  /** Where the cluster or the data folder lies; a place on a disk unless given. */
  readonly folder?: string;
  /** More settings for every node. */
  readonly settings?: Readonly<Record<string, string>>;
  /** What stands before the nodes, when not the proxy of our own. */
  readonly front?: StartFront;
  /** Another program for a node than this tree's `portico`, by the node's name (`a`, `b`, …); asked at each of its starts. */
  readonly command?: (name: string) => string | undefined;
}

/** What the machine has not got; the run is skipped, loudly. */
export class StageMissing extends Error {}

export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const { database = 'postgres', redis: wantsRedis = true, nodes: wanted = database === 'postgres' ? 2 : 1 } = options;
  const ends: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const names = 'abcdefgh'.slice(0, wanted).split('');
    const ports = await Promise.all(names.map(freePort));
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const front = await (options.front ?? startProxy)(ports, port);
    ends.push(() => front.close());
    const postgres = database === 'postgres' ? await startFaultyPostgres(options.postgresSettings, options.folder) : null;
    if (database === 'postgres' && postgres === null) throw new StageMissing('no PostgreSQL on this machine');
    ends.push(() => postgres?.close());
    const redis = wantsRedis && database === 'postgres' ? await launchRedis() : null;
    if (wantsRedis && database === 'postgres' && redis === null) throw new StageMissing('no redis-server on this machine');
    ends.push(() => redis?.end());
    const mail = await startSmtpCatcher();
    ends.push(() => mail.close());
    const toMail = await startFreezableProxy({ host: '127.0.0.1', port: mail.port });
    ends.push(() => toMail.close());
    const dataDir = mkdtempSync(join(options.folder ?? tmpdir(), 'portico-stage-'));
    ends.push(() => rmSync(dataDir, { recursive: true, force: true }));

    const settings: Readonly<Record<string, string>> = {
      NODE_ENV: 'test',
      PORTICO_ORIGIN: origin,
      PORTICO_MASTER_KEY: newMasterKey(),
      PORTICO_SMTP_URL: `smtp://127.0.0.1:${toMail.port}`,
      PORTICO_TRUSTED_PROXIES: '127.0.0.1/32',
      PORTICO_LOG_LEVEL: 'warn',
      PORTICO_DEMO: 'off',
      ...(postgres === null ? { PORTICO_DATA_DIR: dataDir } : { PORTICO_DATABASE_URL: databaseUrl(postgres.port) }),
      ...options.settings,
    };
    const installation = await settleInstallation({ PORTICO_DATA_DIR: dataDir, ...settings });
    const nodes: StageNode[] = [];
    for (const [index, name] of names.entries()) {
      const redisPort = redis === null ? null : Number(new URL(redis.url).port);
      const place = { name, port: ports[index] ?? 0, postgres, redisPort, settings };
      const node = await placeNode({ ...place, command: () => options.command?.(name) });
      ends.push(() => node.close());
      nodes.push(node);
    }
    await Promise.all(nodes.map((node) => node.start()));
    const site = await startStrictSite(origin, installation.notes);
    ends.push(() => site.close());
    return { ...installation, origin, port, nodes, postgres, redis, toMail, mail, site, dataDir, close };
  } catch (error) {
    await close();
    throw error;
  }
}
