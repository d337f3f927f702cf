import { chromium } from './chromium.ts';
import { canInstallPackages, installPackages } from './debian-packages.ts';
import { godot, mono } from './games.ts';
import { apache, authlib, nginx } from './outside-clients.ts';
import { postgres } from './postgres.ts';
import { redis } from './redis.ts';
import type { Found, Service } from './service.ts';
import { spin } from './spin.ts';

export interface Services {
  /** For the environment of every test. */
  readonly env: Readonly<Record<string, string>>;
  /** What could not be had, each with the reason. Its tests skip themselves. */
  readonly missing: readonly { readonly name: string; readonly why: string }[];
  stop(): Promise<void>;
}

const SERVICES: readonly Service[] = [postgres, chromium, redis, spin, apache, nginx, authlib, mono, godot];

/** Finds or starts what the tests need beside Node; as root on Debian it installs what is missing. */
export async function startServices(say: (line: string) => void): Promise<Services> {
  const running: Found[] = [];
  const missing: { name: string; why: string }[] = [];
  const look = async (service: Service, how: (service: Service) => Promise<Found | null>): Promise<boolean> => {
    try {
      const found = await how(service);
      if (found === null) return false;
      running.push(found);
      say(`${service.name}: ${found.what}`);
    } catch (error) {
      missing.push({ name: service.name, why: error instanceof Error ? error.message : String(error) });
    }
    return true;
  };
  const absent: Service[] = [];
  for (const service of SERVICES) if (!(await look(service, (one) => one.find()))) absent.push(service);
  await installTogether(absent, say);
  for (const service of absent) await look(service, obtain);
  return {
    env: Object.assign({}, ...running.map((found) => found.env)),
    missing,
    stop: async () => {
      await Promise.all(running.map((found) => found.stop()));
    },
  };
}

/** One call of apt-get: each reads all package lists anew. What it could not bring is tried one by one, each with its own reason. */
async function installTogether(absent: readonly Service[], say: (line: string) => void): Promise<void> {
  if (absent.length === 0 || !canInstallPackages()) return;
  const packages = absent.flatMap((service) => service.packages);
  say(`${absent.map(({ name }) => name).join(', ')}: installing ${packages.join(' ')} with apt-get (once, a minute or two)…`);
  await installPackages(packages).catch(() => undefined);
}

async function obtain(service: Service): Promise<Found> {
  const here = await service.find();
  if (here !== null) return here;
  const wanted = service.packages.join(' ');
  if (!canInstallPackages()) throw new Error(`not on this machine; Debian has it as: apt-get install ${wanted}`);
  await installPackages(service.packages);
  const installed = await service.find();
  if (installed === null) throw new Error(`still not there after apt-get install ${wanted}`);
  return installed;
}
