/** Whether builders are reached through the queue. `auto`: where there is no other way. */
export type RelayUse = 'auto' | 'always' | 'never';
