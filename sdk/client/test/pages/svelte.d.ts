declare module '*.svelte' {
  import type { Component } from 'svelte';
  import type { Portico } from '../../src/types.ts';

  const component: Component<{ portico?: Portico }>;
  export default component;
}
