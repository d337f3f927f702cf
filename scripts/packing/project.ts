import { existsSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { npm } from './npm.ts';

/** An empty project in which the tarballs were installed, as somebody who uses them has it. Nothing is fetched: jose comes from this repository's own packages. */
export function installedProject(root: string, tarballs: readonly string[]): string {
  const project = mkdtempSync(join(tmpdir(), 'portico-project-'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }));
  npm(project, 'install', '--offline', '--install-links', '--no-audit', '--no-fund', ...tarballs, join(root, 'node_modules', 'jose'));
  return project;
}

/** Puts a package of this repository into the project: a framework that an adapter is for, with its types. */
export function lend(root: string, project: string, names: readonly string[]): void {
  for (const name of names) {
    const place = join(project, 'node_modules', name);
    if (existsSync(place)) continue;
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(realpathSync(join(root, 'node_modules', name)), place);
  }
}
