import type { ProgramFacts } from '@portico/ui/admin-views';
import { readVersion } from '../../platform/version.ts';

/** The program as its operator knows it: which one, since when, and what it takes. */
export function thisProcess(): ProgramFacts {
  const { platform, arch, pid, versions } = process;
  return {
    version: readVersion(),
    node: versions.node,
    platform: `${platform} ${arch}`,
    pid,
    upSeconds: Math.floor(process.uptime()),
    memoryBytes: process.memoryUsage.rss(),
  };
}
