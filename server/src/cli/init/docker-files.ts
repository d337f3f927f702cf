import { readFileSync } from 'node:fs';

/** The files of server/data/docker; those of the repository are copies of them, which a test compares. */
const FOLDER = new URL('../../../data/docker/', import.meta.url);
/** As they lie below the folder that compose.yaml is in. */
export const COPIES: Readonly<Record<string, string>> = {
  'compose.yaml': 'compose.yaml',
  'deploy/database/role.sql': 'database/role.sql',
  'deploy/proxy/nginx.conf': 'proxy/nginx.conf',
  'deploy/proxy/http.conf': 'proxy/http.conf',
  'deploy/proxy/https.conf': 'proxy/https.conf',
};
/** The example of the settings that compose.yaml reads. */
export const ENV_EXAMPLE = 'env';

export function readDockerFile(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

/** Where the proxy listens, and as whom all of it runs. */
export interface Place {
  readonly origin: string;
  /** `1000:1000` */
  readonly runAs: string;
  /** The folder with the Dockerfile; null: this Portico came without one. */
  readonly source: string | null;
}

/** The example, filled in. Throws where the example has no line for a value. */
export function envFile({ origin, runAs, source }: Place): string {
  const { protocol, hostname, port } = new URL(origin);
  const secure = protocol === 'https:';
  const values: Readonly<Record<string, string>> = {
    PORTICO_ORIGIN: origin,
    PROXY: secure ? 'https' : 'http',
    HTTP_AT: secure ? '80' : `${hostname === 'localhost' ? '127.0.0.1' : hostname}:${port || '80'}`,
    HTTPS_AT: secure ? port || '443' : '127.0.0.1:8443',
    RUN_AS: runAs,
    BUILD_FROM: source ?? '.',
  };
  return Object.entries(values).reduce((text, [name, value]) => {
    const line = text.split('\n').find((each) => each.startsWith(`${name}=`));
    if (line === undefined) throw new Error(`the example of .env has no ${name}`);
    return text.replace(`\n${line}\n`, () => `\n${name}=${value}\n`);
  }, readDockerFile(ENV_EXAMPLE));
}
