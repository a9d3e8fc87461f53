/** What `--help` prints. */
export const HELP = `npm run bench -- queue [options]

One queue process with the fake provider, and clients in other processes, each with a WebSocket of its own. Builders
are leased, clients wait, and what it costs is measured. TIME is like 500ms, 10s, 1m.

  --waiting N[,N...]      clients that wait; a run for each (100,1000,10000)
  --store NAME[,NAME]     lmdb, memory; a run for each (lmdb,memory)
  --builders N            that are leased meanwhile (1000)
  --users N               whom the clients belong to (200)
  --hand-outs N           builders handed out at a steady rate (1000)
  --rate N                of them a second (50)
  --churn TIME            for so long each lease is given back at once (10s)
  --transport NAME        tcp or unix (tcp)
  --processes N           of clients (1)
  --json FILE             all figures
  --profile DIRECTORY     a CPU profile of each queue process
  --short                 few of all, for CI: about ten seconds
  --help
`;
