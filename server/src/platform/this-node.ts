/** This process among those that serve from one database. */
export interface ThisNode {
  /** Names it in the table of nodes, in leases and in its log. Opens nothing. */
  readonly id: string;
  /** Since when it takes no new work, in epoch milliseconds. Null while it does. */
  leavingSince(): number | null;
  /** It was asked to end. */
  leave(now: number): void;
}

export function createThisNode(random: (bytes: number) => Buffer): ThisNode {
  let since: number | null = null;
  return {
    id: `${process.pid}-${random(6).toString('hex')}`,
    leavingSince: () => since,
    leave: (now) => {
      since ??= now;
    },
  };
}
