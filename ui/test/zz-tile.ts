import { chromium } from 'playwright-core';

const [out, ...files] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--allow-file-access-from-files'],
});
const page = await browser.newPage({ viewport: { width: 3000, height: 800 } });
const { readFileSync } = await import('node:fs');
await page.setContent(
  `<body style="margin:8px;background:#888;display:inline-flex;gap:8px;align-items:flex-start">${files.map((f) => `<img src="data:image/png;base64,${readFileSync('/tmp/shots/' + f + '.png').toString('base64')}">`).join('')}</body>`,
);
await page.locator('body').screenshot({ path: out });
await browser.close();
