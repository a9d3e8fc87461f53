/** What `docs/cli.md` tells beside the tables. */
export const guides = `## Your configuration

What need not be said each time goes into \`~/.config/container-builder/config.yaml\`. What is given on the command line comes
before the environment, and that before the file; \`cb-doctor\` shows what it comes to. Every key may be left out.

\`\`\`yaml
# The queue where none is named: one of those below, or a URL. Without it builds run on this machine.
queue: summit
queues:
  summit:
    url: wss://queue.example:8443
    # Of its certificate, where no authority of this machine has signed it.
    fingerprint: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    # Or the authorities of your site, PEM.
    # ca: site-ca.pem
    # Readable by you alone; beside this file where it has no directory.
    token-file: summit.token
  lab:
    url: ws+unix:///run/container-builder/queue.sock
# Options that are not given: authfile, compress, limit-output, limit-time, progress, provenance, retry-lost,
# tty.
options:
  compress: gzip
  limit-time: 4h
# The same for builds without a queue: limit-disk, limit-memory, limit-processes, network, reserve.
local:
  network: isolated
\`\`\`

\`container-builder --queue lab app.sif app.def\` takes the other one, \`--provider local\` none.

## Whom you trust

The certificate of a \`wss:\` queue must be signed by an authority that this machine knows, or be the one whose fingerprint you
name: \`--queue-fingerprint\`, \`fingerprint\` in your configuration. Authorities of your site are named by \`--queue-ca\`, by \`ca\`
in your configuration, or by Node's own \`NODE_EXTRA_CA_CERTS\`. Of a queue that has signed its certificate itself you are
asked once, at a terminal, and nothing is shown to it before you have said yes. What you said yes to is kept in
\`~/.local/state/container-builder/known-queues\`, a line each; a queue that shows another certificate then is refused. When
those who run it tell you that it has a new one, remove its line.

Who you are the queue knows by a token (\`CONTAINER_BUILDER_TOKEN\`, or \`token-file\`), or without any by your account, where it
and this machine have MUNGE.

## Where an image comes from

With \`--provenance\` the queue signs what it knows of an image (SLSA provenance, in \`IMAGE.intoto.jsonl\`), and \`cb-verify\` checks
that: [provenance.md](provenance.md) tells what it says, and what it does not.

## Proxies

Where the way out is an HTTP proxy, \`HTTPS_PROXY=http://HOST:PORT\` leads to a queue and its builders through it, and \`NO_PROXY\`
names hosts, domains and addresses that are reached without: builders on a network of your own, for one. No proxy is used
to this machine itself.

## In a job

A job of Slurm that needs an image waits for it, and ends with the exit code that tells what was wrong. When the job's time is
up the build goes on, and the next job fetches its image. Where the id need not be kept, \`--detach --wait\` does both in one
command: it waits for the image, and whatever ends it leaves the build to its queue.

\`\`\`sh
#!/bin/sh
#SBATCH --time=30
# Builds app.sif, or fetches the image of a build that an earlier job had no time to wait for.
set -u
if [ ! -e app.id ]; then
	container-builder --detach --parsable app.sif app.def > app.id.new || exit
	mv app.id.new app.id
fi
IFS=';' read -r id queue < app.id
cb-attach --queue "$queue" --parsable "$id"
status=$?
case $status in
0 | 1 | 2 | 5) rm app.id ;; # it is over: a later job begins anew
*) scontrol requeue "$SLURM_JOB_ID" ;; # the queue or the network failed: try again
esac
exit "$status"
\`\`\`

What \`--parsable\` prints are fields between semicolons, the last one may have any character: \`ID;QUEUE\` of a build that was
detached, \`ID;sha256:DIGEST;SIZE;IMAGE\` of an image that is there.
`;
