import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { startPageServer } from './page-server.ts';

const names =
  process.argv[2] === 'all'
    ? (await import('./sample-views.ts')).sampleViews.map((s) => s.name).filter((n) => !/error-(?!404|503|reason)/.test(n))
    : process.argv[2]!.split(',');
const widths = (process.argv[3] ?? '360,1280').split(',').map(Number);
const schemes = (process.argv[4] ?? 'light,dark').split(',') as ('light' | 'dark')[];
const pseudo = process.argv[5] === 'pseudo';
mkdirSync('/tmp/shots', { recursive: true });
const server = await startPageServer((req, res) => {
  if (req.url?.startsWith('/api/')) {
    return true;
  }
  return false;
});
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
for (const scheme of schemes)
  for (const width of widths) {
    const context = await browser.newContext({
      viewport: { width, height: width < 700 ? 760 : 860 },
      colorScheme: scheme,
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.on('console', (m) => {
      if (m.type() !== 'log' && !m.text().includes('404')) console.log(m.type(), m.text());
    });
    page.on('pageerror', (e) => console.log('ERR', e.message));
    for (const name of names) {
      await page.goto(server.pageOf(name, pseudo));
      await page.waitForTimeout(150);
      await page.screenshot({ path: `/tmp/shots/${name}-${width}-${scheme}.png`, fullPage: true });
    }
    await context.close();
  }
await browser.close();
await server.close();
