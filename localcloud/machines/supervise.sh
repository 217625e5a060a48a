#!/bin/sh
# Keeps one machine running: boots it, and boots it again whenever it reboots.
#
# usage: supervise.sh CGROUP NETNS IMAGE DIRECTORY
#   CGROUP     the machine's control group; it has the children "supervisor" and "machine"
#   NETNS      name of the network namespace
#   IMAGE      read-only root tree
#   DIRECTORY  the machine's own: upper/, work/, root/ (mount point) and nspawn.args (one argument a line)
#
# Ends when the machine is powered off. Its death is the machine's: nspawn gets SIGKILL with it.
set -eu

cgroup=$1 netns=$2 image=$3 directory=$4
here=$(dirname "$(readlink -f "$0")")
# systemd-nspawn --keep-unit reports a reboot by this exit status.
reboot=133

mkdir -p "$cgroup/supervisor"
echo $$ >"$cgroup/supervisor/cgroup.procs"

while :; do
    mkdir -p "$cgroup/machine"
    status=0
    setpriv --pdeathsig KILL sh "$here/boot.sh" "$cgroup/machine" "$netns" "$image" "$directory" || status=$?
    [ "$status" -eq "$reboot" ] || exit "$status"
    # Leftover groups of the last boot would confuse the next one's accounting; a busy one is simply kept.
    find "$cgroup/machine" -depth -type d -exec rmdir {} + 2>/dev/null || :
done
