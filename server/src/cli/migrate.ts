import { readConfig } from '../config.ts';
import { migrate } from '../platform/migrate.ts';
import { connect } from '../wire.ts';

export async function migrateDatabase({ json }: { json: boolean }): Promise<number> {
  const database = await connect(readConfig());
  try {
    const applied = await migrate(database);
    if (json) console.log(JSON.stringify({ applied }));
    else console.log(applied.length === 0 ? 'the database is up to date' : `applied ${applied.join(', ')}`);
    return 0;
  } finally {
    await database.close();
  }
}
