import { rounds } from '../counts.ts';
import { forEachDatabase } from '../databases.ts';
import { proveHistories } from './prove-histories.ts';

forEachDatabase('owner and thief of a copied token never both live on it', async (open, t) => {
  await proveHistories(t, await open(), 'theft', rounds(300, 10_000));
});
