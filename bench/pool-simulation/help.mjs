/** What `--help` prints. */
export const HELP = `npm run bench -- pool-simulation [options]

Runs the real pool policy over drawn or recorded checkouts, and tells how long they wait and what the builders cost.
TIME is like 500ms, 90s, 30m, 4h, 2d; DIST is MEDIAN[:SIGMA] of a log-normal distribution, a constant without SIGMA.

Policy
  --reserve N | A..B[:STEP]   builders that are ready before anybody asks; a range runs them all (0)
  --max N                     most builders at a time (25)
  --scale-factor X            for each leased builder so many more in reserve (0)
  --max-reserve N             what the reserve never exceeds (max)
  --max-reserve-age TIME      older ones in reserve are replaced (never)
  --create-concurrency N      machines being made at a time (2)
  --create-rate COUNT/TIME    at most so many creates in any such time (no bound)
  --launch-retries N          failed machines in a row before those who wait are failed (5)
  --config FILE               a queue.yaml: its pool: and leases: are the defaults. Where its periods name a reserve,
                              that one holds, whatever --reserve says

Checkouts
  --trace FILE                recorded ones: lines of time_seconds,build_seconds[,user[,priority]]
  --arrivals N                how many (20000), or
  --duration TIME             for how long
  --rate R                    like 30/h or 2/m (30/h)
  --profile NAME              flat, or working-hours: Monday to Friday, 8 to 18 h UTC (flat)
  --night X                   share of the rate outside working hours (0.1)
  --burst SIZE@TIME           SIZE more within a minute, every TIME on average (none)
  --build DIST                (4m:1)
  --vanish X                  share of clients that vanish in the middle (0)
  --idle TIME                 until the queue notices that (1m)

Machines
  --create DIST               until the machine exists (5s:0.3)
  --boot DIST                 from then until it is ready (25s:0.3)
  --destroy DIST              (5s:0.3)
  --launch-failures X         share of machines that never become ready (0)
  --boot-timeout TIME         until that is noticed (2m)
  --lifetime TIME             of a machine (1d)
  --deadline TIME             of a lease (4h)
  --quota N                   the provider refuses more machines than that (none)

Run
  --goal-p95 TIME             tells the smallest reserve whose 95th percentile of waits is below
  --svg FILE                  writes a chart
  --json                      prints all figures as JSON
  --seed N                    the same seed gives the same result (1)
  --start DATE                the first moment, for periods and working hours (2026-01-05T00:00:00Z, a Monday)
  --warm-up TIME              for the first reserve, before any checkout comes (10m)
  --threads N                 (as many as there are cores)
  --short                     a small sweep of a few seconds, for CI
  --help
`;
