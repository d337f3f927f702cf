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

await perform(JSON.parse(process.argv[2] ?? '') as DatabaseJob);
