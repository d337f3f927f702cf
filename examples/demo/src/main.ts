import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import type { DemoNews, DemoOrder } from '@portico/protocol/demo';

/** The demo's process: started by `portico start`, told by it what to do, and gone with it. */

enableCompileCache(join(import.meta.dirname, '..', '.cache', 'compiled'));
const { openDemo } = await import('./open-demo.ts');

if (process.send === undefined) throw new Error('the demo is started by "npm start", which registers it');
// The server says when it is over; a Ctrl-C at the terminal reaches both, and an answer under way may still need this one.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));

const tell = (news: DemoNews): void => void process.send?.(news);
const demo = openDemo(tell);
process.on('message', (order) => {
  void demo(order as DemoOrder).catch((error: unknown) => {
    console.error(`the demo: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  });
});
