declare module '*.css';

/** Written by `build/page-assets.ts` from the finished client build. */
declare module 'virtual:page-assets' {
  export interface Asset {
    /** File name below `SYSTEM.assets`. */
    readonly file: string;
    /** Subresource integrity: a CDN that serves another file serves nothing. */
    readonly integrity: string;
  }
  export const style: Asset;
  export const favicon: Asset;
  export const adminStyle: Asset;
  export const adminScript: Asset;
  /** By page. */
  export const scripts: Readonly<Record<string, Asset>>;
}
