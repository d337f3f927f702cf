import { countUnsealedEvents } from '../src/audit/event-trail.ts';
import { sealBatch } from '../src/audit/seal.ts';
import { openVault } from '../src/keys/open-vault.ts';
import type { Database } from '../src/platform/db.ts';
import { migrate } from '../src/platform/migrate.ts';
import { openDatabase } from '../src/platform/open-database.ts';
import type { DatabaseJob } from './database-jobs.ts';

const INCREMENT = 'update counters set n = n + 1 where id = $1';

async function perform(job: DatabaseJob): Promise<void> {
  const db = openDatabase(job.where, { max: 3 });
  switch (job.kind) {
    case 'increment':
      await increment(db, job.times);
      break;
    case 'append':
      await Promise.all(Array.from({ length: 10 }, (_, lane) => append(db, job.first + lane, 10)));
      break;
    case 'seal':
      await seal(db, job);
      break;
    case 'migrate':
      process.stdout.write(`${(await migrate(db, job.folder)).length}\n`);
      break;
  }
  await db.close();
}

async function increment(db: Database, times: number): Promise<void> {
  for (let done = 0; done < times; done += 2) {
    await Promise.all([
      db.all(INCREMENT, [1]),
      db.transaction(async (tx) => {
        await tx.all(INCREMENT, [1]);
      }),
    ]);
  }
}

async function append(db: Database, first: number, step: number): Promise<never> {
  for (let id = first; ; id += step) {
    await db.all('insert into entries (id) values ($1)', [id]);
    process.stdout.write(`${id}\n`);
  }
}

async function seal(db: Database, { limit, masterKey }: Extract<DatabaseJob, { kind: 'seal' }>): Promise<void> {
  const vault = await openVault({ db, now: Date.now, config: { masterKey: Buffer.from(masterKey, 'base64') } });
  const deps = { db, vault, now: Date.now, config: { eventLife: 1 } };
  // A batch of none says that another process was faster, or that there is nothing left.
  while ((await countUnsealedEvents(db, 1)) > 0) process.stdout.write(`${await sealBatch(deps, limit)}\n`);
}

await perform(JSON.parse(process.argv[2] ?? '') as DatabaseJob);
