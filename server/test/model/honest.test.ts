import { rounds } from '../counts.ts';
import { forEachDatabase } from '../databases.ts';
import { proveHistories } from './prove-histories.ts';

forEachDatabase('an honest client is never signed out, whatever its tabs, its network and the servers do', async (open, t) => {
  await proveHistories(t, await open(), 'honest', rounds(300, 10_000));
});
